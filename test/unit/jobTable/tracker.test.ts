import { Backoff } from '../../../nodes/Veo/api/backoff';
import { VeoError } from '../../../nodes/Veo/errors/VeoError';
import { jobTable } from '../../../nodes/Veo/jobTable/jobTable';
import { JobTracker } from '../../../nodes/Veo/jobTable/tracker';
import { isJsonObject } from '../../../nodes/Veo/api/json';
import { FakeClock, json, type Reply, REPLIES, rejectionOf, scripted, transportOf } from '../fakes';

const NOW = '2026-01-01T00:00:00.000Z';
const RUN = { executionId: 'e-1', workflowId: 'w-1', nodeId: 'n-1', runIndex: 2 };
const ITEM = { itemIndex: 3, requestHash: '0123456789abcdef and more' };
const KEY = 'e-1/n-1/2/3/0123456789abcdef';
const REQUEST = {
	generationType: 'text_to_video',
	prompt: 'A fox',
	aspectRatio: 'auto',
} as const;

const table = json(200, { data: [{ id: 't-1', name: 'veo_jobs' }] });
const rows = (...list: object[]) => json(200, { data: list });
const done = json(200, true);
const byKey = { columnName: 'jobKey', condition: 'eq', value: KEY };

/** A tracker that was opened on a table with these rows, and what it sends from then on. */
async function opened({ before = rows() } = {}, ...replies: Reply[]) {
	const clock = new FakeClock(Date.parse(NOW));
	const { send, sent } = scripted(table, before, ...replies);
	const retry = { backoff: new Backoff(), maxRetries: 1 };
	const tracker = new JobTracker(jobTable(send, { name: 'veo_jobs' }), RUN, retry, 60_000);
	await clock.run(tracker.open());
	const written = () => sent.slice(2).map(({ request }) => request.json);
	return { clock, tracker, sent, written };
}

function queryOf(path = ''): Record<string, unknown> {
	const query = new URLSearchParams(path.split('?')[1]);
	const filter: unknown = JSON.parse(query.get('filter') ?? '{}');
	return { ...Object.fromEntries(query), ...(isJsonObject(filter) && filter) };
}

// n8n refuses to make the table of the tests once more, so it is known to be the key's own.
beforeAll(async () => {
	const { send } = scripted(table, json(409, {}));
	await jobTable(send, { name: 'veo_jobs' }).ensure();
});

describe('Opening', () => {
	it('reads the rows of the execution', async () => {
		const before = rows({ id: 1, jobKey: KEY, uuid: 'v-1' }, { id: 2, jobKey: 'other' });
		const { tracker, sent } = await opened({ before });
		expect(queryOf(sent[1]?.request.path)).toMatchObject({
			filters: [{ columnName: 'executionId', condition: 'eq', value: 'e-1' }],
			sortBy: 'id:asc',
		});
		expect(tracker.earlier(ITEM)).toMatchObject({ id: 1, uuid: 'v-1' });
		expect(tracker.earlier({ ...ITEM, itemIndex: 4 })).toBeUndefined();
		expect(tracker.earlier({ ...ITEM, requestHash: 'another request' })).toBeUndefined();
	});

	it('is an error for the user if n8n refuses the table or its rows', async () => {
		for (const replies of [[REPLIES.http403], [table, REPLIES.http403]]) {
			const { send } = scripted(...replies);
			const retry = { backoff: new Backoff(), maxRetries: 0 };
			const tracker = new JobTracker(jobTable(send, { name: 'veo_jobs' }), RUN, retry, 60_000);
			const thrown = await rejectionOf(tracker.open());
			expect(thrown).toBeInstanceOf(VeoError);
			expect((thrown as VeoError).message).toContain("'veo_jobs'");
		}
	});

	it('is refused where the rows do not end, because the job may be among those that were not read', async () => {
		const { send, sent } = transportOf(({ path }) =>
			path.includes('/rows') ? json(200, { data: [], nextCursor: 'same' }) : table,
		);
		const retry = { backoff: new Backoff(), maxRetries: 0 };
		const tracker = new JobTracker(jobTable(send, { name: 'veo_jobs' }), RUN, retry, 60_000);
		expect(await rejectionOf(tracker.open())).toBeInstanceOf(VeoError);
		expect(sent).toHaveLength(1_001);
	});

	it.each(['..', 'a b', 'a/../b', '\ud800', 'x'.repeat(201)])(
		'leaves a row whose uuid cannot be one to the user: %j',
		async (uuid) => {
			const { tracker } = await opened({ before: rows({ id: 7, jobKey: KEY, uuid }) });
			expect(() => tracker.earlier(ITEM)).toThrow("Row 7 of the job table 'veo_jobs'");
		},
	);

	it.each(['..', 'a b', '\ud800', 'x'.repeat(201)])(
		'finds no job for an idempotency key or an identical request whose uuid cannot be one: %j',
		async (uuid) => {
			const row = rows({ id: 7, idempotencyKey: 'order 17', requestHash: 'hash', uuid });
			const { tracker } = await opened({}, row, row);
			const item = { ...ITEM, idempotencyKey: 'order 17' };
			expect(await rejectionOf(tracker.findByKey(item))).toBeInstanceOf(VeoError);
			expect(await tracker.identical('hash', 5)).toEqual([]);
		},
	);

	it('is tried again when n8n is away for a moment', async () => {
		const clock = new FakeClock();
		const { send, sent } = scripted(REPLIES.http5xx, table, rows());
		const retry = { backoff: new Backoff(), maxRetries: 1 };
		await clock.run(
			new JobTracker(jobTable(send, { name: 'veo_jobs' }), RUN, retry, 60_000).open(),
		);
		expect(sent).toHaveLength(3);
	});
});

describe('Jobs of the same request', () => {
	it('are the newest ones that have not failed', async () => {
		const { tracker, sent } = await opened({}, rows({ id: 9, uuid: 'v-9' }));
		expect(await tracker.identical(ITEM.requestHash, 5)).toMatchObject([{ id: 9, uuid: 'v-9' }]);
		expect(queryOf(sent[2]?.request.path)).toMatchObject({
			filters: [
				{ columnName: 'requestHash', condition: 'eq', value: ITEM.requestHash },
				{ columnName: 'status', condition: 'neq', value: 'failed' },
				{ columnName: 'uuid', condition: 'neq', value: null },
				{ columnName: 'uuid', condition: 'neq', value: '' },
			],
			type: 'and',
			sortBy: 'id:desc',
			limit: '5',
		});
	});
});

describe('The row of an idempotency key', () => {
	const KEYED = { ...ITEM, idempotencyKey: 'k-1' };

	it('is the one with the lowest ID', async () => {
		const row = { id: 2, uuid: 'v-2', requestHash: ITEM.requestHash };
		const { tracker, sent } = await opened({}, rows(row));
		expect(await tracker.findByKey(KEYED)).toMatchObject({ id: 2, uuid: 'v-2' });
		expect(queryOf(sent[2]?.request.path)).toMatchObject({
			filters: [{ columnName: 'idempotencyKey', condition: 'eq', value: 'k-1' }],
			sortBy: 'id:asc',
			limit: '1',
		});
	});

	it('is not searched without a key', async () => {
		const { tracker, sent } = await opened();
		expect(await tracker.findByKey(ITEM)).toBeUndefined();
		expect(sent).toHaveLength(2);
	});

	it('must not have the video of another request', async () => {
		const { tracker } = await opened({}, rows({ id: 2, uuid: 'v-2', requestHash: 'other' }));
		expect(await rejectionOf(tracker.findByKey(KEYED))).toMatchObject({
			details: { isInput: true },
		});
	});
});

describe('The row of a job', () => {
	it('is written before the paid request', async () => {
		const { tracker, written } = await opened({}, done, done);
		await tracker.submitting(ITEM, REQUEST, false);
		await tracker.submitting(ITEM, { ...REQUEST, imageUrl: 'https://example.com/a.png' }, false);
		const data = {
			...REQUEST,
			imageUrl: null,
			uuid: null,
			progress: null,
			videoUrl: null,
			checkedAt: null,
			status: 'submitting',
			executionId: 'e-1',
			workflowId: 'w-1',
			jobKey: KEY,
			requestHash: ITEM.requestHash,
			submittedAt: NOW,
			errorMessage: null,
			finishedAt: null,
		};
		const filter = { type: 'and', filters: [byKey] };
		expect(written()).toEqual([
			{ filter, data },
			{ filter, data: { ...data, imageUrl: 'https://example.com/a.png' } },
		]);
	});

	it('is an error for the user if it cannot be written before the paid request', async () => {
		const { tracker } = await opened({}, REPLIES.http4xx);
		expect(await rejectionOf(tracker.submitting(ITEM, REQUEST, false))).toBeInstanceOf(VeoError);
	});

	it.each([
		[{ uuid: 'v-1', status: 'processing' }, 'processing'],
		[{ uuid: 'v-1' }, 'pending'],
	])('gets the uuid of the accepted job %j', async (job, status) => {
		const { tracker, written } = await opened({}, done);
		expect(await tracker.accepted(ITEM, job)).toBe(true);
		const data = { uuid: 'v-1', status, errorMessage: null, checkedAt: NOW };
		expect(written()).toEqual([{ filter: { type: 'and', filters: [byKey] }, data }]);
	});

	it('tells whether the uuid could be written', async () => {
		const { tracker, clock } = await opened({}, REPLIES.http5xx, REPLIES.http5xx);
		expect(await clock.run(tracker.accepted(ITEM, { uuid: 'v-1' }))).toBe(false);
	});

	it('gets the reason where no job was accepted, and is final unless that is unclear', async () => {
		const { tracker, written } = await opened({}, done, done);
		await tracker.notAccepted(ITEM, 'No credits', false);
		await tracker.notAccepted(ITEM, 'Perhaps', true);
		const filter = { type: 'and', filters: [byKey] };
		expect(written()).toEqual([
			{ filter, data: { status: 'failed', errorMessage: 'No credits', finishedAt: NOW } },
			{ filter, data: { errorMessage: 'Perhaps' } },
		]);
	});

	it('gets a status answer as long as it is not final', async () => {
		const { tracker, written } = await opened({}, done);
		await tracker.checked(ITEM, { uuid: 'v-1', status: 'processing', progress: 5 });
		const unfinished = { columnName: 'finishedAt', condition: 'eq', value: null };
		expect(written()).toEqual([
			{
				filter: { type: 'and', filters: [byKey, unfinished] },
				data: { uuid: 'v-1', status: 'processing', progress: 5, checkedAt: NOW },
			},
		]);
	});
});
