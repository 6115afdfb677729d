import type { JsonObject } from '../../../nodes/Veo/api/json';
import { deletionFailed } from '../../../nodes/Veo/errors/messages';
import { jobTable } from '../../../nodes/Veo/jobTable/jobTable';
import { CleanUp } from '../../../nodes/Veo/trigger/cleanUp';
import { Deliveries } from '../../../nodes/Veo/trigger/deliveries';
import { TriggerTable } from '../../../nodes/Veo/trigger/triggerTable';
import { JOBS, TRIGGERS } from '../fakeN8n';
import { REPLIES } from '../fakes';
import { at, HOUR_MS, START_MS, TRIGGER_KEY } from './fakes';
import { tableScene } from './tableScene';

const DAY_MS = 24 * HOUR_MS;

/** A row that finished so long ago. */
const row = (id: number, ageMs: number, more: JsonObject = {}): JsonObject => ({
	uuid: `video-${id}`,
	status: 'completed',
	jobKey: `key-${id}`,
	finishedAt: at(-ageMs),
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
	trigger: 'another',
	deliveries: ALL,
	updatedAt: at(0),
	...more,
});

interface Setting {
	rows: JsonObject[];
	triggers?: JsonObject[];
	deleteAfterMs?: number;
}

/** A clean-up of a job table with these rows, by default after a day. */
async function scene({ rows, triggers = [], deleteAfterMs = DAY_MS }: Setting) {
	const { active, clock, n8n, warnings } = tableScene({ deleteAfterMs });
	const table = jobTable(n8n.send, { name: JOBS });
	await table.ensure();
	n8n.insert(JOBS, ...rows);
	n8n.make(TRIGGERS);
	n8n.insert(TRIGGERS, ...triggers.map((one) => ({ tableId: table.info?.id, ...one })));
	n8n.sent.splice(0);
	const cleanUp = new CleanUp(active, new TriggerTable(n8n.send, active.context));
	const run = async (own = ALL) => await cleanUp.run(table, own);
	return { clock, n8n, run, warnings, left: () => n8n.rows().map(({ id }) => id) };
}

describe('Rows that finished long ago', () => {
	it('are deleted, the oldest first, and those that finished later are not', async () => {
		const rows = [row(1, 0), row(2, DAY_MS), row(3, DAY_MS + 1), row(4, 2 * DAY_MS)];
		const { run, left } = await scene({ rows });
		await run();
		expect(left()).toEqual([1, 2]);
	});

	it('are all kept if the user wants that, without a request', async () => {
		const { n8n, run, left } = await scene({ rows: oldRows(1), deleteAfterMs: Infinity });
		await run();
		expect(left()).toEqual([1]);
		expect(n8n.sent).toEqual([]);
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
		const rows = [{ finishedAt: at(-2 * DAY_MS) }, row(2, 2 * DAY_MS - 1)];
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
		const { n8n, run, left } = await scene({ rows: oldRows(1) });
		n8n.before = (line) => {
			if (line.startsWith('DELETE')) Object.assign(n8n.row('video-1'), other);
		};
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
		['was last seen seven days ago', { deliveries: NOTHING, updatedAt: at(-7 * DAY_MS) }],
		['was seen at a time that cannot be read', { deliveries: NOTHING, updatedAt: null }],
		['has a record that cannot be read', { deliveries: 'spoilt' }],
	])('are kept if another trigger of the table %s', async (_, more) => {
		const { run, left } = await scene({ rows: oldRows(1), triggers: [trigger({}), trigger(more)] });
		await run();
		expect(left()).toEqual([1]);
	});

	it.each<[string, JsonObject]>([
		['has delivered them', {}],
		['was not seen for more than seven days', { updatedAt: at(-7 * DAY_MS - 1) }],
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
		const { clock, n8n, run, left } = await scene({ rows: oldRows(20) });
		await run();
		expect(left()).toEqual([]);
		n8n.sent.splice(0);
		await run();
		expect(n8n.sent.length).toBeGreaterThan(0);
		n8n.sent.splice(0);
		n8n.insert(JOBS, ...oldRows(1));
		await clock.advance(HOUR_MS - 1);
		await run();
		expect(n8n.sent).toEqual([]);
		await clock.advance(1);
		await run();
		expect(left()).toEqual([]);
	});

	it('says why rows cannot be deleted, and tries again after an hour', async () => {
		const { clock, n8n, run, left, warnings } = await scene({ rows: oldRows(2) });
		n8n.refuse = (line) => (line.startsWith('DELETE') ? REPLIES.http403 : undefined);
		await run();
		n8n.refuse = () => undefined;
		const reason = deletionFailed(JOBS, { name: 'http403', httpStatus: 403 });
		expect(warnings).toEqual([`Veo Trigger "Veo": ${reason}`]);
		await clock.advance(HOUR_MS - 1);
		await run();
		expect(left()).toEqual([1, 2]);
		await clock.advance(1);
		await run();
		expect(left()).toEqual([]);
		expect(warnings).toHaveLength(1);
	});
});
