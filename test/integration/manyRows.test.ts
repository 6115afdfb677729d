import { setTimeout as sleep } from 'node:timers/promises';

import { type Emulator, type EmulatorOptions, startEmulator } from '../../emulator';
import { credentialsFor, KEY, useN8n } from './support';
import { startTrigger, type Trigger } from './triggerContext';
import { N8N_KEY, Tables } from './triggerTables';

useN8n();

const TABLE = 'veo_jobs';
const JOBS = 10_000;
const NEVER_CHECKED = 250;
/** The number of jobs that one poll checks without Keep Checking. */
const CHECKS_PER_POLL = 100;
/** The number of deliveries that a trigger stores, and the number of rows in a page of n8n's API. */
const MAX_DELIVERIES = 2_000;
const PAGE_SIZE = 250;
/** The maximum number of n8n requests in a poll without deliveries, for any table. */
const MAX_REQUESTS_PER_POLL = 7;

interface Scene {
	emulator: Emulator;
	tables: Tables;
	trigger: Trigger;
}

/** Calls `act` with an activated trigger that checks once per poll. */
async function withTrigger(
	options: EmulatorOptions,
	budgetMs: number | undefined,
	act: (scene: Scene) => Promise<void>,
) {
	const durationMs: EmulatorOptions['durationMs'] = ({ prompt }) =>
		prompt === 'finished' ? 0 : 1e9;
	const emulator = await startEmulator({ apiKeys: [KEY], durationMs, ...options });
	const tables = await Tables.start();
	tables.insert(TABLE);
	try {
		const trigger = await startTrigger({
			parameters: {
				watch: 'jobTable',
				jobTableName: TABLE,
				events: ['completed', 'failed'],
				options: { keepChecking: false },
			},
			credentials: {
				...credentialsFor(emulator.url),
				veoJobTableApi: { apiKey: N8N_KEY, baseUrl: tables.url },
			},
			budgetMs,
		});
		await trigger.poll();
		await act({ emulator, tables, trigger });
	} finally {
		await tables.close();
		await emulator.close();
	}
}

/**
 * Fills the table with unfinished jobs whose row order is independent of `checkedAt`. Returns their IDs, the least recently
 * checked first.
 */
function fill(tables: Tables, uuidAt: (place: number) => string): string[] {
	const longAgo = Date.now() - JOBS * 1000;
	const row = (place: number, checkedAt: string | null) => ({
		uuid: uuidAt(place),
		status: 'processing',
		progress: 0,
		submittedAt: new Date(longAgo).toISOString(),
		checkedAt,
	});
	// Rows inserted by users have no checkedAt.
	const never = Array.from({ length: NEVER_CHECKED }, (_, place) => row(place, null));
	const checked = Array.from({ length: JOBS - NEVER_CHECKED }, (_, index) => {
		const place = NEVER_CHECKED + index;
		return row(place, new Date(longAgo + place * 1000).toISOString());
	});
	// The step is coprime to the length, so each row occurs once.
	const shuffled = checked.map((_, index) => checked[(index * 7919) % checked.length] ?? {});
	tables.insert(TABLE, ...shuffled, ...never);
	return [...never, ...checked].map(({ uuid }) => uuid);
}

const accept = ({ emulator }: Scene, prompt: string) =>
	emulator.accept({ generationType: 'text_to_video', prompt }).uuid;

const checkedIn = ({ emulator }: Scene) =>
	emulator.requests.flatMap(({ kind, uuid }) => (kind === 'status' && uuid ? [uuid] : []));

function expectOnce(checked: string[], jobs: string[]): void {
	const known = new Set(checked);
	expect(jobs.filter((uuid) => !known.has(uuid))).toEqual([]);
	expect(checked).toHaveLength(jobs.length);
}

it('finds the last of 10,000 jobs in the hundredth poll and checks each job once', async () => {
	await withTrigger({}, undefined, async (scene) => {
		const { tables, trigger } = scene;
		// Every tenth job is unknown to the API.
		const queue = fill(tables, (place) => {
			if (place === JOBS - 1) return accept(scene, 'finished');
			return place % 10 === 5 ? `unknown-${place}` : accept(scene, 'unfinished');
		});
		const requests: number[] = [];
		while (trigger.executions.length === 0 && requests.length < JOBS / CHECKS_PER_POLL) {
			const before = tables.requests.length;
			await trigger.poll();
			requests.push(tables.requests.length - before);
		}
		expect(trigger.executions.map((items) => items.map(({ json }) => json.uuid))).toEqual([
			[queue.at(-1)],
		]);
		expect(requests).toHaveLength(JOBS / CHECKS_PER_POLL);
		expect(Math.max(...requests.slice(0, -1))).toBeLessThanOrEqual(MAX_REQUESTS_PER_POLL);
		const checked = checkedIn(scene).slice(1);
		expectOnce(checked, queue);
	});
}, 300_000);

it('continues where a poll ended that ran out of time', async () => {
	await withTrigger({ latencyMs: 150 }, 1_000, async (scene) => {
		const queue = fill(scene.tables, () => accept(scene, 'unfinished'));
		const before = checkedIn(scene).length;
		const polls: number[] = [];
		for (let poll = 0; poll < 4; poll++) {
			await scene.trigger.poll();
			polls.push(checkedIn(scene).length - before);
		}
		// Five checks at a time for one second.
		expect(polls[0]).toBeLessThan(CHECKS_PER_POLL / 2);
		const checked = checkedIn(scene).slice(before);
		expect(checked.length).toBeGreaterThan(polls[2] ?? Infinity);
		expectOnce(checked, queue.slice(0, checked.length));
	});
});

it('reads no rows for old deliveries and a limited number of rows for recent ones', async () => {
	await withTrigger({}, undefined, async ({ tables, trigger }) => {
		const countRequests = async () => {
			const before = tables.requests.length;
			await trigger.poll();
			return tables.requests.length - before;
		};
		const insertFinished = (count: number, sinceMs: number) => {
			const rows = Array.from({ length: count }, (_, index) => ({
				uuid: `finished-${sinceMs}-${index}`,
				status: 'completed',
				finishedAt: new Date(sinceMs + index).toISOString(),
			}));
			tables.insert(TABLE, ...rows);
		};
		const forEmptyTable = await countRequests();
		insertFinished(JOBS, Date.now() - 60 * 60_000);
		expect(await countRequests()).toBe(forEmptyTable);

		insertFinished(MAX_DELIVERIES + 1_000, Date.now());
		// Waits until the finish times of all rows are in the past.
		await sleep(MAX_DELIVERIES + 1_000);
		await trigger.poll();
		expect(trigger.executions.flat()).toHaveLength(MAX_DELIVERIES + 1_000);
		// One more page is needed to see the first old delivery.
		const pages = MAX_DELIVERIES / PAGE_SIZE + 1;
		expect(await countRequests()).toBeLessThanOrEqual(forEmptyTable + pages);
		expect(trigger.executions.flat()).toHaveLength(MAX_DELIVERIES + 1_000);
	});
});
