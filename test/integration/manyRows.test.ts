import { setTimeout as sleep } from 'node:timers/promises';

import { type Emulator, type EmulatorOptions, startEmulator } from '../../emulator';
import { credentialsFor, KEY, useN8n } from './support';
import { startTrigger, type Trigger } from './triggerContext';
import { N8N_KEY, Tables } from './triggerTables';

useN8n();

const TABLE = 'veo_jobs';
const MANY = 10_000;
const NEVER_CHECKED = 250;
/** How many jobs a poll checks that does not go on checking. */
const A_POLL = 100;
/** How many deliveries a trigger remembers one by one, and how many rows n8n gives at once. */
const REMEMBERED = 2_000;
const LARGEST_PAGE = 250;
/** What a poll that delivers nothing asks of n8n, whatever the table holds. */
const A_POLLS_REQUESTS = 7;

interface Scene {
	emulator: Emulator;
	tables: Tables;
	trigger: Trigger;
}

/** A trigger that looks once at each poll, and has been switched on. */
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
 * A table of jobs that are being made, in which the rows' order says nothing of when they were checked. Gives the jobs'
 * IDs, first those that were not checked for longest; `uuidAt` makes each.
 */
function fill(tables: Tables, uuidAt: (place: number) => string): string[] {
	const longAgo = Date.now() - MANY * 1000;
	const row = (place: number, checkedAt: string | null) => ({
		uuid: uuidAt(place),
		status: 'processing',
		progress: 0,
		submittedAt: new Date(longAgo).toISOString(),
		checkedAt,
	});
	// As users insert them: by their order alone.
	const never = Array.from({ length: NEVER_CHECKED }, (_, place) => row(place, null));
	const checked = Array.from({ length: MANY - NEVER_CHECKED }, (_, index) => {
		const place = NEVER_CHECKED + index;
		return row(place, new Date(longAgo + place * 1000).toISOString());
	});
	// With a step that is a prime each of them comes once.
	const mixed = checked.map((_, index) => checked[(index * 7919) % checked.length] ?? {});
	tables.insert(TABLE, ...mixed, ...never);
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

it('finds the last of 10,000 jobs in its hundredth poll, and has checked every other one once', async () => {
	await withTrigger({}, undefined, async (scene) => {
		const { tables, trigger } = scene;
		// The API does not know every tenth.
		const queue = fill(tables, (place) => {
			if (place === MANY - 1) return accept(scene, 'finished');
			return place % 10 === 5 ? `unknown-${place}` : accept(scene, 'being made');
		});
		const requests: number[] = [];
		while (trigger.executions.length === 0 && requests.length < MANY / A_POLL) {
			const before = tables.requests.length;
			await trigger.poll();
			requests.push(tables.requests.length - before);
		}
		expect(trigger.executions.map((items) => items.map(({ json }) => json.uuid))).toEqual([
			[queue.at(-1)],
		]);
		expect(requests).toHaveLength(MANY / A_POLL);
		expect(Math.max(...requests.slice(0, -1))).toBeLessThanOrEqual(A_POLLS_REQUESTS);
		const checked = checkedIn(scene).slice(1);
		expectOnce(checked, queue);
	});
}, 300_000);

it('goes on where a poll ended whose time was up', async () => {
	await withTrigger({ latencyMs: 150 }, 1_000, async (scene) => {
		const queue = fill(scene.tables, () => accept(scene, 'being made'));
		const before = checkedIn(scene).length;
		const polls: number[] = [];
		for (let poll = 0; poll < 4; poll++) {
			await scene.trigger.poll();
			polls.push(checkedIn(scene).length - before);
		}
		// Five at once for a second, not a hundred.
		expect(polls[0]).toBeLessThan(A_POLL / 2);
		const checked = checkedIn(scene).slice(before);
		expect(checked.length).toBeGreaterThan(polls[2] ?? Infinity);
		expectOnce(checked, queue.slice(0, checked.length));
	});
});

it('reads no more of a table for what it delivered long ago, and a bounded part of it for the rest', async () => {
	await withTrigger({}, undefined, async ({ tables, trigger }) => {
		const requestsOfAPoll = async () => {
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
		const ofAnEmptyTable = await requestsOfAPoll();
		insertFinished(MANY, Date.now() - 60 * 60_000);
		expect(await requestsOfAPoll()).toBe(ofAnEmptyTable);

		insertFinished(REMEMBERED + 1_000, Date.now());
		// A row with a time that is yet to come would be remembered beyond its turn.
		await sleep(REMEMBERED + 1_000);
		await trigger.poll();
		expect(trigger.executions.flat()).toHaveLength(REMEMBERED + 1_000);
		// One page more shows that what comes next was delivered long ago.
		const pages = REMEMBERED / LARGEST_PAGE + 1;
		expect(await requestsOfAPoll()).toBeLessThanOrEqual(ofAnEmptyTable + pages);
		expect(trigger.executions.flat()).toHaveLength(REMEMBERED + 1_000);
	});
});
