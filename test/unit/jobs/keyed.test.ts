/** Items with an idempotency key, and items that reuse the video of an identical request. */
import {
	identicalNotChecked,
	maxVideosReached,
	requestFailed,
} from '../../../nodes/Veo/errors/messages';
import { submitOnce } from '../../../nodes/Veo/jobs/submit';
import { JOBS } from '../fakeN8n';
import { accepted, json, REPLIES, status, tooMany } from '../fakes';
import { execution, fakeJobTable, ITEM, NOW, OWN } from './fakes';

const KEYED = { ...ITEM, idempotencyKey: 'order 7' };
const neverPrepared = async () => await Promise.reject(new Error('There is nothing to submit'));

const OTHER = {
	executionId: '6',
	idempotencyKey: 'order 7',
	jobKey: 'other',
	requestHash: 'hash',
	status: 'completed',
	uuid: 'v-1',
	submittedAt: new Date(NOW).toISOString(),
};

describe('An item with an idempotency key', () => {
	it('submits its video and records it under the key', async () => {
		const table = fakeJobTable();
		const { clock, next } = execution(accepted('v-1'));
		const rules = next({ max: 2, tracker: await table.open() });
		expect(await clock.run(submitOnce(KEYED, rules))).toMatchObject({ uuid: 'v-1' });
		expect(table.rows).toMatchObject([
			{ idempotencyKey: 'order 7', jobKey: OWN, uuid: 'v-1', status: 'pending' },
		]);
		expect([...rules.videoLimit.newItems]).toEqual([0]);
	});

	it('gets the video that the key has, without preparing or counting a request', async () => {
		const table = fakeJobTable(OTHER);
		const { clock, sent, next } = execution();
		const rules = next({ max: 1, tracker: await table.open() });
		const job = await clock.run(submitOnce({ ...KEYED, prepare: neverPrepared }, rules));
		expect(job).toMatchObject({ uuid: 'v-1', createdAt: OTHER.submittedAt, status: 'completed' });
		expect(sent).toEqual([]);
		expect(rules.videoLimit.newItems.size).toBe(0);
		expect(rules.submissions.accepted()).toEqual([{ itemIndex: 0, uuid: 'v-1' }]);
	});

	it('gets the video of another item that takes the key while this one is prepared', async () => {
		const table = fakeJobTable();
		const { clock, sent, next } = execution();
		const rules = next({ max: 1, tracker: await table.open() });
		const prepare = async () => {
			table.n8n.insert(JOBS, OTHER);
			return await ITEM.prepare();
		};
		const job = await clock.run(submitOnce({ ...KEYED, prepare }, rules));
		expect(job).toMatchObject({ uuid: 'v-1' });
		expect(sent).toEqual([]);
		expect(rules.submissions.find(0, 'hash')).toMatchObject({ state: 'accepted' });
		expect(rules.videoLimit.isReached).toBe(false);
	});

	it('leaves the key to others while the API refuses its request for now', async () => {
		const table = fakeJobTable();
		const { clock, sent, next } = execution(() => {
			setTimeout(() => Object.assign(table.rows[0] ?? {}, OTHER), 1_000);
			return tooMany('5');
		});
		const rules = next({ max: 1, tracker: await table.open() });
		const submitted = submitOnce(KEYED, rules);
		await clock.advance(500);
		const { message } = requestFailed({ name: 'http429', httpStatus: 429 });
		expect(table.rows).toMatchObject([{ status: 'failed', errorMessage: message, jobKey: OWN }]);
		expect(rules.videoLimit.isReached).toBe(false);
		expect(rules.submissions.find(0, 'hash')).toBeUndefined();
		expect(await clock.run(submitted)).toMatchObject({ uuid: 'v-1' });
		expect(sent).toHaveLength(1);
	});

	it('leaves the key to others at Max Videos per Execution', async () => {
		const table = fakeJobTable();
		const { clock, sent, next, errorOf } = execution(accepted('v-1'));
		await clock.run(submitOnce({ ...ITEM, itemIndex: 1 }, next({ max: 1 })));
		const rules = next({ max: 1, tracker: await table.open() });
		const { message } = await errorOf(submitOnce(KEYED, rules));
		expect(message).toBe(maxVideosReached(1, 'stops').message);
		expect(table.rows).toMatchObject([{ status: 'failed', errorMessage: message }]);
		expect(sent).toHaveLength(1);
		expect(rules.submissions.find(0, 'hash')).toBeUndefined();
	});

	it('whose request is refused for good leaves the key to others', async () => {
		const table = fakeJobTable();
		const { clock, next, errorOf } = execution(REPLIES.code1000, accepted('v-2'));
		const { message, description } = await errorOf(
			submitOnce(KEYED, next({ max: 1, tracker: await table.open() })),
		);
		expect(description).toContain('The prompt had 5 characters.');
		expect(table.rows).toMatchObject([{ status: 'failed', errorMessage: message, uuid: null }]);
		const other = next({ executionId: '8', max: 1, tracker: await table.open('8') });
		expect(await clock.run(submitOnce(KEYED, other))).toMatchObject({ uuid: 'v-2' });
		expect(table.rows).toMatchObject([{ id: 1, jobKey: '8/n/0/0/hash', uuid: 'v-2' }]);
	});

	it('whose request is unclear keeps the key and its place in the count', async () => {
		const table = fakeJobTable();
		const { next, errorOf } = execution(REPLIES.reset);
		const rules = next({ max: 1, tracker: await table.open() });
		const { message, details } = await errorOf(submitOnce(KEYED, rules));
		expect(details.isUnclear).toBe(true);
		expect(table.rows).toMatchObject([
			{ status: 'submitting', errorMessage: message, jobKey: OWN, finishedAt: null },
		]);
		expect(rules.videoLimit.isReached).toBe(true);
	});

	it('does not reuse the video of an identical request with another key', async () => {
		const table = fakeJobTable({ ...OTHER, idempotencyKey: 'order 6' });
		const { clock, next } = execution(accepted('v-2'));
		const rules = next({ reuseIdentical: true, tracker: await table.open() });
		expect(await clock.run(submitOnce(KEYED, rules))).toMatchObject({ uuid: 'v-2' });
	});
});

describe('An item without a key', () => {
	it('at Max Videos per Execution is neither prepared nor written to the table', async () => {
		const table = fakeJobTable();
		const { clock, next, errorOf } = execution(accepted('v-1'));
		await clock.run(submitOnce({ ...ITEM, itemIndex: 1 }, next({ max: 1 })));
		const rules = next({ max: 1, tracker: await table.open() });
		const error = await errorOf(submitOnce({ ...ITEM, prepare: neverPrepared }, rules));
		expect(error.message).toBe(maxVideosReached(1, 'stops').message);
		expect(table.rows).toEqual([]);
	});

	it('that is refused for now is not marked as failed while it waits', async () => {
		const table = fakeJobTable();
		const states: unknown[] = [];
		const { clock, next } = execution(tooMany('5'), () => {
			states.push(table.rows[0]?.status);
			return accepted('v-1');
		});
		await clock.run(submitOnce(ITEM, next({ max: 1, tracker: await table.open() })));
		expect(states).toEqual(['submitting']);
	});
});

describe('Reuse Identical', () => {
	const rowsOf = (...uuids: string[]) => uuids.map((uuid) => ({ ...OTHER, jobKey: uuid, uuid }));
	const reuse = async (table: ReturnType<typeof fakeJobTable>) => ({
		reuseIdentical: true,
		tracker: await table.open(),
	});
	const fresh = { prompt: 'A fox', videoUrl: 'https://old.test/v' };

	it('takes the newest video of the same request with what the API says of it now', async () => {
		const [old, newest] = rowsOf('v-1', 'v-2');
		const table = fakeJobTable({ ...old }, { ...newest, ...fresh });
		const { clock, paths, next } = execution(status('processing', { progress: 5 }));
		const job = await clock.run(
			submitOnce({ ...ITEM, prepare: neverPrepared }, next(await reuse(table))),
		);
		expect(job).toEqual({
			createdAt: OTHER.submittedAt,
			submittedAt: OTHER.submittedAt,
			executionId: '6',
			idempotencyKey: 'order 7',
			prompt: 'A fox',
			uuid: 'v-2',
			status: 'processing',
			progress: 5,
			videoUrl: undefined,
		});
		expect(paths()).toEqual(['/video-status/v-2']);
	});

	it('passes over videos that the API does not know and those that failed', async () => {
		const table = fakeJobTable(...rowsOf('v-1', 'v-2', 'v-3'));
		const { clock, paths, next } = execution(
			REPLIES.code1000,
			status('failed'),
			status('completed'),
		);
		const job = await clock.run(submitOnce(ITEM, next(await reuse(table))));
		expect(job).toMatchObject({ uuid: 'v-1', status: 'completed' });
		expect(paths()).toEqual(['/video-status/v-3', '/video-status/v-2', '/video-status/v-1']);
	});

	it('submits a new video after five that cannot be taken', async () => {
		const table = fakeJobTable(...rowsOf('v-1', 'v-2', 'v-3', 'v-4', 'v-5', 'v-6'));
		const gone = Array.from({ length: 5 }, () => REPLIES.code1000);
		const { clock, next } = execution(...gone, accepted('v-7'));
		expect(await clock.run(submitOnce(ITEM, next(await reuse(table))))).toMatchObject({
			uuid: 'v-7',
		});
	});

	it('checks again where the API cannot say, and pays nothing if it still cannot', async () => {
		const table = fakeJobTable(...rowsOf('v-1'));
		const { sent, next, errorOf } = execution(...Array.from({ length: 3 }, () => json(502, {})));
		const { message, details } = await errorOf(submitOnce(ITEM, next(await reuse(table))));
		expect(message).toBe(identicalNotChecked('v-1', { name: 'http5xx', httpStatus: 502 }).message);
		expect(details.uuid).toBe('v-1');
		expect(sent).toHaveLength(3);
	});

	it('is not done where it is switched off', async () => {
		const table = fakeJobTable(...rowsOf('v-1'));
		const { clock, next } = execution(accepted('v-2'));
		const rules = next({ tracker: await table.open() });
		expect(await clock.run(submitOnce(ITEM, rules))).toMatchObject({ uuid: 'v-2' });
	});
});
