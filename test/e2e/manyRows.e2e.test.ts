import { Tables } from '../../harness/jobTables';
import { WatchedTable } from '../../harness/watchedTable';

const MANY = 2_000;
/** The finished job among them is the last one. */
const TIMEOUT_MS = 240_000;
const MAX_ROUND_REQUESTS = 30;

let tables: Tables;
let watched: WatchedTable;

beforeAll(async () => {
	tables = await Tables.start();
	watched = await WatchedTable.create(tables, 'many');
});

afterAll(async () => {
	await watched.close();
	await tables.harness.close();
});

it(
	'checks each of 2,000 jobs, none twice within 5 seconds, and delivers the finished one',
	async () => {
		const jobs = Array.from({ length: MANY }, (_, index) =>
			watched.accept(index === MANY - 1 ? 0 : undefined),
		);
		const longAgo = new Date(Date.now() - 24 * 60 * 60_000).toISOString();
		await watched.insert(
			jobs.map(({ uuid }) => ({ uuid, status: 'processing', progress: 0, checkedAt: longAgo })),
		);
		const saved = await tables.watch({ jobTableName: 'many' }, watched.credentials);
		const startedMs = Date.now();
		const [item] = await tables.deliveries(saved, 1, TIMEOUT_MS);
		expect(item?.json.uuid).toBe(jobs[MANY - 1]?.uuid);
		const isChecked = () => new Set(watched.checks().map(({ uuid }) => uuid)).size > MANY;
		while (!isChecked() && Date.now() - startedMs < TIMEOUT_MS) {
			await new Promise((resolve) => setTimeout(resolve, 500));
		}
		await tables.harness.client.deactivateWorkflow(saved.id);
		// Beside the jobs there is the check of the key at the activation.
		expect(isChecked()).toBe(true);

		const lastMs = new Map<string | undefined, number>();
		for (const { uuid, receivedAt } of watched.checks()) {
			expect(receivedAt - (lastMs.get(uuid) ?? -Infinity)).toBeGreaterThanOrEqual(4_900);
			lastMs.set(uuid, receivedAt);
		}
		const rounds = watched.rounds();
		console.table(
			rounds.map(({ checked, requests, startedAt, endedAt }) => ({
				'requests to the Veo API': checked.length,
				'requests to n8n': requests.length,
				seconds: (endedAt - startedAt) / 1000,
			})),
		);
		const usual = rounds.map(({ requests }) => requests.length).sort((a, b) => a - b);
		expect(usual[Math.floor(usual.length / 2)]).toBeLessThanOrEqual(MAX_ROUND_REQUESTS);
	},
	TIMEOUT_MS + 60_000,
);
