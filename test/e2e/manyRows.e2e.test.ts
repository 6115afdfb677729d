import { Tables } from '../../harness/jobTables';
import { WatchedTable } from '../../harness/watchedTable';

const MANY = 10_000;
const A_ROUND = 100;
/** How many of them were never checked, as rows that a user has inserted. */
const NEVER_CHECKED = 60;
/** In which round the finished job has its turn. A poll has six, where one takes no longer than the interval. */
const ITS_ROUND = 8;
/** No check is begun after a minute, but what is under way then may take as long as a request may. */
const LONGEST_POLL_MS = 60_000 + 20_000;
/** On a machine that is busy with other things. */
const TIMEOUT_MS = 540_000;

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
	'checks those of 10,000 jobs that have waited longest, a hundred in a round, none twice',
	async () => {
		const longAgo = Date.now() - MANY * 1000;
		const queue = Array.from({ length: MANY }, (_, place) => {
			const { uuid } = watched.accept(place === ITS_ROUND * A_ROUND - 1 ? 0 : undefined);
			const checkedAt = new Date(longAgo + place * 1000).toISOString();
			const known = { status: 'processing', progress: 0, submittedAt: checkedAt, checkedAt };
			return { uuid, ...(place >= NEVER_CHECKED && known) };
		});
		const waiting = queue.slice(NEVER_CHECKED);
		// The rows' order says nothing of when they were checked: with a step that is a prime each of them comes once.
		await watched.insert(waiting.map((_, index) => waiting[(index * 7919) % waiting.length] ?? {}));
		await watched.insert(queue.slice(0, NEVER_CHECKED));

		const saved = await tables.watch({ jobTableName: 'many' }, watched.credentials);
		const [item] = await tables.deliveries(saved, 1, TIMEOUT_MS);
		await tables.harness.client.deactivateWorkflow(saved.id);
		expect(item?.json.uuid).toBe(queue[ITS_ROUND * A_ROUND - 1]?.uuid);

		const [execution] = await tables.executions(saved.id, 'success');
		const startedAt = Date.parse(String(execution?.startedAt));
		const rounds = watched.rounds().filter((round) => round.startedAt < startedAt);
		const polls = rounds.at(-1)?.poll ?? 0;
		console.table(
			rounds.map(({ poll, checked, requests, startedAt, endedAt }) => ({
				poll,
				'requests to the Veo API': checked.length,
				'requests to n8n': requests.length,
				seconds: (endedAt - startedAt) / 1000,
			})),
		);

		const checked = rounds.flatMap((round) => round.checked);
		const inTurn = queue.slice(0, checked.length).map(({ uuid }) => uuid);
		expect(inTurn.filter((uuid) => !checked.includes(uuid))).toEqual([]);
		expect(new Set(checked).size).toBe(checked.length);
		// On a slow machine the time of a poll may be up in the middle of a round.
		expect(rounds.length).toBeLessThanOrEqual(ITS_ROUND + polls - 1);

		for (const { poll, ...round } of rounds) {
			expect(round.checked.length).toBeLessThanOrEqual(A_ROUND);
			const writes = round.requests.filter(({ method }) => method !== 'GET').length;
			// The time of the check; the finished job's row, its hand-over begun, and its hand-over done.
			expect(writes).toBeLessThanOrEqual(poll === 1 ? NEVER_CHECKED + 1 : 4);
		}
		for (let poll = 1; poll <= polls; poll++) {
			const ofPoll = rounds.filter((round) => round.poll === poll);
			const ms = Math.max(...ofPoll.map(({ endedAt }) => endedAt)) - (ofPoll[0]?.startedAt ?? 0);
			expect(ms).toBeLessThan(LONGEST_POLL_MS);
		}
	},
	TIMEOUT_MS + 60_000,
);
