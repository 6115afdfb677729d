import { Backoff } from '../../../nodes/Veo/api/backoff';
import { VeoClient } from '../../../nodes/Veo/api/client';
import { isJsonObject, type JsonObject } from '../../../nodes/Veo/api/json';
import { deletionFailed } from '../../../nodes/Veo/errors/messages';
import { jobTable } from '../../../nodes/Veo/jobTable/jobTable';
import { CheckQueue } from '../../../nodes/Veo/jobs/checkQueue';
import { Experience } from '../../../nodes/Veo/jobs/experience';
import { CleanUp } from '../../../nodes/Veo/trigger/cleanUp';
import { Deliveries } from '../../../nodes/Veo/trigger/deliveries';
import { Reporter } from '../../../nodes/Veo/trigger/reporter';
import { TriggerTable } from '../../../nodes/Veo/trigger/triggerTable';
import type { Active } from '../../../nodes/Veo/trigger/watch';
import { FakeClock, json, type Reply, REPLIES, transportOf } from '../fakes';
import { fakeN8n, START_MS, TRIGGER_KEY } from './deliveryFakes';

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;

const at = (ms: number) => new Date(ms).toISOString();

/** A row that finished so long ago. */
const row = (id: number, ageMs: number, more: JsonObject = {}): JsonObject => ({
	id,
	uuid: `video-${id}`,
	status: 'completed',
	jobKey: `key-${id}`,
	finishedAt: at(START_MS - ageMs),
	...more,
});

const oldRows = (count: number) =>
	Array.from({ length: count }, (_, index) => row(index + 1, 2 * DAY_MS - index));

/** A record by which all that finished before `ms` counts as delivered. */
const until = (ms: number) => Deliveries.none(ms).toString();
const ALL = until(START_MS);
const NOTHING = until(START_MS - 100 * DAY_MS);

/** The row of another trigger. */
const trigger = (more: JsonObject): JsonObject => ({
	trigger: 'w-2/1',
	tableId: 't-jobs',
	deliveries: ALL,
	updatedAt: at(START_MS),
	...more,
});

interface Setting {
	rows: JsonObject[];
	triggers?: JsonObject[];
	deleteAfterMs?: number;
	/** What n8n answers instead of deleting. */
	onDelete?: () => Reply | undefined;
}

const columnOf = (one: JsonObject, name: unknown) => one[String(name)] ?? null;

const matches = (one: JsonObject, filter: unknown) =>
	isJsonObject(filter) &&
	(columnOf(one, filter.columnName) === filter.value) === (filter.condition === 'eq');

/** n8n with a job table and the table of the triggers, and a clean-up that deletes after a day. */
async function scene({ triggers = [], deleteAfterMs = DAY_MS, onDelete, ...more }: Setting) {
	const clock = new FakeClock(START_MS);
	const n8n = fakeN8n();
	let { rows } = more;
	const { send, sent } = transportOf(({ method, path }) => {
		const query = new URLSearchParams(path.split('?')[1]);
		const filter: unknown = JSON.parse(query.get('filter') ?? '{}');
		const filters: unknown[] =
			isJsonObject(filter) && Array.isArray(filter.filters) ? filter.filters : [];
		if (method === 'POST') return json(409, {});
		if (!path.includes('/rows')) {
			const name = isJsonObject(filter) ? filter.name : undefined;
			return json(200, { data: [{ id: name === 'jobs' ? 't-jobs' : 't-triggers', name }] });
		}
		if (path.includes('t-triggers')) return json(200, { data: triggers });
		const isMatch = (one: JsonObject) => filters.every((condition) => matches(one, condition));
		if (method === 'GET') {
			const column = query.get('sortBy') === 'finishedAt:asc' ? 'finishedAt' : 'id';
			const found = rows.filter(isMatch);
			// Empty values come first, as on SQLite.
			const place = (one: JsonObject) =>
				columnOf(one, column) === null ? '' : String(one[column]);
			found.sort((one, other) => (place(one) < place(other) ? -1 : 1));
			return json(200, { data: found });
		}
		const refused = onDelete?.();
		if (refused) return refused;
		rows = rows.filter((one) => !isMatch(one));
		return json(200, true);
	});
	const table = jobTable(send, { name: 'jobs' });
	await table.ensure();
	const client = new VeoClient(send);
	const { signal } = new AbortController();
	const experience = new Experience();
	const active: Active = {
		context: n8n.context,
		settings: {
			watch: { tableRef: { name: 'jobs' } },
			events: ['completed'],
			intervalMs: 5_000,
			giveUpAfterMs: DAY_MS,
			deleteAfterMs,
		},
		queue: new CheckQueue({
			client,
			backoff: new Backoff(),
			experience,
			intervalMs: 5_000,
			signal,
		}),
		experience,
		reporter: new Reporter(n8n.context),
		n8nApi: send,
		signal,
		sinceMs: START_MS,
		onKeyRefused: () => undefined,
	};
	const cleanUp = new CleanUp(active, new TriggerTable(send, n8n.context));
	sent.splice(0);
	return {
		clock,
		n8n,
		sent,
		run: async (own = ALL) => await cleanUp.run(table, own),
		left: () => rows.map(({ id }) => id),
		/** Another process changes the table. */
		change: (next: (before: JsonObject[]) => JsonObject[]) => {
			rows = next(rows);
		},
	};
}

describe('Rows that finished long ago', () => {
	it('are deleted, the oldest first, and those that finished later are not', async () => {
		const rows = [row(1, 0), row(2, DAY_MS), row(3, DAY_MS + 1), row(4, 2 * DAY_MS)];
		const { run, left } = await scene({ rows });
		await run();
		expect(left()).toEqual([1, 2]);
	});

	it('are all kept if the user wants that, without a request', async () => {
		const { run, left, sent } = await scene({ rows: oldRows(1), deleteAfterMs: Infinity });
		await run();
		expect(left()).toEqual([1]);
		expect(sent).toEqual([]);
	});

	it('are deleted whatever their job came to, and kept as long as it is unfinished', async () => {
		const rows = [
			row(1, 2 * DAY_MS, { status: 'failed' }),
			row(2, 0, { finishedAt: null, status: 'processing' }),
		];
		const { run, left } = await scene({ rows });
		await run();
		expect(left()).toEqual([2]);
	});

	it('are kept if they hold an idempotency key, which would be paid for again', async () => {
		const rows = [row(1, 3 * DAY_MS, { idempotencyKey: 'order 7' }), row(2, 2 * DAY_MS)];
		const { run, left } = await scene({ rows });
		await run();
		expect(left()).toEqual([1]);
	});

	it('are deleted even if the user inserted them with nothing but a time', async () => {
		const rows = [{ id: 1, finishedAt: at(START_MS - 2 * DAY_MS) }, row(2, 2 * DAY_MS - 1)];
		const { run, left } = await scene({ rows });
		await run();
		expect(left()).toEqual([]);
	});

	it('are deleted where cells are blank or have another type', async () => {
		const cells = [{ uuid: '' }, { jobKey: '' }, { jobKey: 7 }];
		const rows = cells.map((more, index) => row(index + 1, 2 * DAY_MS, more));
		const { run, left } = await scene({ rows });
		await run();
		expect(left()).toEqual([]);
	});

	it.each<[string, JsonObject]>([
		['uuid', { uuid: 'another' }],
		['job', { jobKey: 'another' }],
		['state', { finishedAt: null }],
	])('are kept if another row with another %s took their place', async (_, other) => {
		const { run, left, change } = await scene({
			rows: oldRows(1),
			onDelete: () => {
				change(([first]) => [{ ...first, ...other }]);
				return undefined;
			},
		});
		await run();
		expect(left()).toEqual([1]);
	});
});

describe('Rows of jobs that were not delivered yet', () => {
	const MS = START_MS - 2 * DAY_MS;

	it('are kept', async () => {
		const rows = [
			row(1, 2 * DAY_MS),
			row(2, 2 * DAY_MS, { uuid: ' video-2 ' }),
			row(3, 2 * DAY_MS, { status: 'failed' }),
			row(4, 2 * DAY_MS, { status: 'expired' }),
		];
		const own = Deliveries.none(MS);
		own.add([
			{ uuid: 'video-2', event: 'completed', finishedMs: MS },
			{ uuid: 'video-3', event: 'completed', finishedMs: MS },
			{ uuid: 'video-4', event: 'failed', finishedMs: MS },
		]);
		const { run, left } = await scene({ rows });
		await run(own.toString());
		expect(left()).toEqual([1, 3]);
	});

	it('are kept if the own record cannot be read', async () => {
		const { run, left } = await scene({ rows: oldRows(1) });
		await run('');
		expect(left()).toEqual([1]);
	});

	it.each<[string, JsonObject]>([
		['has not delivered them', { deliveries: NOTHING }],
		['was last seen seven days ago', { deliveries: NOTHING, updatedAt: at(START_MS - 7 * DAY_MS) }],
		['was seen at a time that cannot be read', { deliveries: NOTHING, updatedAt: null }],
		['has a record that cannot be read', { deliveries: 'spoilt' }],
	])('are kept if another trigger of the table %s', async (_, more) => {
		const { run, left } = await scene({ rows: oldRows(1), triggers: [trigger({}), trigger(more)] });
		await run();
		expect(left()).toEqual([1]);
	});

	it.each<[string, JsonObject]>([
		['has delivered them', {}],
		['was not seen for more than seven days', { updatedAt: at(START_MS - 7 * DAY_MS - 1) }],
		['watches another table', { tableId: 't-other' }],
		['is this one, which knows more than its row', { trigger: TRIGGER_KEY }],
	])('are deleted if the other trigger %s', async (what, more) => {
		const deliveries = what === 'has delivered them' ? ALL : NOTHING;
		const triggers = [trigger({ deliveries, ...more })];
		const { run, left } = await scene({ rows: oldRows(1), triggers });
		await run();
		expect(left()).toEqual([]);
	});
});

describe('The clean-up', () => {
	it('deletes 20 rows in a round, and the next 20 in the next', async () => {
		const { run, left } = await scene({ rows: oldRows(45) });
		for (const count of [25, 5, 0]) {
			await run();
			expect(left()).toHaveLength(count);
		}
		expect(left()).toEqual([]);
	});

	it('looks for more at once after 20 rows, and an hour later when there were no more', async () => {
		const { run, left, sent, change, clock } = await scene({ rows: oldRows(20) });
		await run();
		expect(left()).toEqual([]);
		sent.splice(0);
		await run();
		expect(sent.length).toBeGreaterThan(0);
		sent.splice(0);
		change(() => oldRows(1));
		await clock.advance(HOUR_MS - 1);
		await run();
		expect(sent).toEqual([]);
		await clock.advance(1);
		await run();
		expect(left()).toEqual([]);
	});

	it('says why rows cannot be deleted, and tries again after an hour', async () => {
		const onDelete = jest.fn((): Reply | undefined => undefined);
		onDelete.mockReturnValueOnce(REPLIES.http403);
		const { run, left, n8n, clock } = await scene({ rows: oldRows(2), onDelete });
		await run();
		const reason = deletionFailed('jobs', { name: 'http403', httpStatus: 403 });
		expect(n8n.warnings).toEqual([`Veo Trigger "Veo": ${reason}`]);
		await clock.advance(HOUR_MS - 1);
		await run();
		expect(left()).toEqual([1, 2]);
		await clock.advance(1);
		await run();
		expect(left()).toEqual([]);
		expect(n8n.warnings).toHaveLength(1);
	});
});
