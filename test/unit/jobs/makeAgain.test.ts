/** A video that the API reports as failed may be made again. */
import { StoppedError } from '../../../nodes/Veo/errors/VeoError';
import type { SubmitRules } from '../../../nodes/Veo/jobs/paidAttempt';
import { makeAgain, submitOnce } from '../../../nodes/Veo/jobs/submit';
import { accepted, hanging, rejectionOf, REPLIES } from '../fakes';
import { execution, fakeJobTable, ITEM, OWN, queueUntil } from './fakes';

const FAILED = { uuid: 'v-1', status: 'failed' };

/** Node memory in which the failed video was submitted, by the execution 7 if no other is named. */
function failedIn(rules: SubmitRules, executionId?: string, more: object = {}) {
	const job = { uuid: 'v-1' };
	rules.submissions.set(0, 'hash', { state: 'accepted', job, executionId, ...more });
	return rules;
}

describe('A failed video', () => {
	it('is made again as often as the user allows in one execution', async () => {
		const { clock, sent, next } = execution(accepted('v-2'), accepted('v-3'));
		const allowed = { maxMadeAgain: 2 };
		const rules = failedIn(next(allowed), '7');
		const second = await clock.run(makeAgain(ITEM, FAILED, rules));
		expect(second).toMatchObject({ uuid: 'v-2' });
		expect(rules.submissions.find(0, 'hash')).toMatchObject({
			job: { uuid: 'v-2' },
			executionId: '7',
			madeAgain: 1,
		});
		const later = next(allowed);
		expect(await clock.run(makeAgain(ITEM, { uuid: 'v-2' }, later))).toMatchObject({ uuid: 'v-3' });
		expect(await clock.run(makeAgain(ITEM, { uuid: 'v-3' }, later))).toBeUndefined();
		expect(sent).toHaveLength(2);
	});

	it('is not made again where that is not allowed', async () => {
		const { clock, sent, next } = execution();
		expect(await clock.run(makeAgain(ITEM, FAILED, failedIn(next(), '7')))).toBeUndefined();
		expect(await clock.run(makeAgain(ITEM, FAILED, next()))).toBeUndefined();
		expect(sent).toEqual([]);
	});

	it("is made again by the user's retry, which does not count as one of those that are allowed", async () => {
		const { clock, next } = execution(accepted('v-2'), accepted('v-3'));
		const rules = failedIn(next({ isRetryByUser: true, maxMadeAgain: 1 }), '6');
		expect(await clock.run(makeAgain(ITEM, FAILED, rules))).toMatchObject({ uuid: 'v-2' });
		expect(rules.submissions.find(0, 'hash')).toMatchObject({ executionId: '7', madeAgain: 0 });
		expect(await clock.run(makeAgain(ITEM, { uuid: 'v-2' }, rules))).toMatchObject({ uuid: 'v-3' });
		expect(await clock.run(makeAgain(ITEM, { uuid: 'v-3' }, rules))).toBeUndefined();
	});

	it("is made again once by the user's retry, not each time that the retry finds it failed", async () => {
		const { clock, sent, next } = execution(accepted('v-2'));
		const rules = failedIn(next({ isRetryByUser: true }), '6');
		await clock.run(makeAgain(ITEM, FAILED, rules));
		expect(await clock.run(makeAgain(ITEM, { uuid: 'v-2' }, rules))).toBeUndefined();
		expect(sent).toHaveLength(1);
	});

	it("is made again by the user's retry also if only the job table knows it", async () => {
		const { clock, next } = execution(accepted('v-2'));
		const rules = next({ isRetryByUser: true });
		expect(await clock.run(makeAgain(ITEM, FAILED, rules))).toMatchObject({ uuid: 'v-2' });
	});

	it('keeps its ID in the error, in node memory and in its row if the new one is refused', async () => {
		const table = fakeJobTable({ executionId: '7', jobKey: OWN, ...FAILED });
		const { next, errorOf } = execution(REPLIES.code1001);
		const rules = failedIn(next({ maxMadeAgain: 1, tracker: await table.open() }), '7');
		const error = await errorOf(makeAgain(ITEM, FAILED, rules));
		expect(error.details).toMatchObject({ uuid: 'v-1', code: 1001 });
		expect(error.description).not.toBe('');
		expect(rules.submissions.find(0, 'hash')).toMatchObject({
			state: 'accepted',
			job: { uuid: 'v-1' },
		});
		expect(rules.submissions.find(0, 'hash')).not.toHaveProperty('madeAgain');
		expect(table.rows).toMatchObject([
			{ uuid: 'v-1', status: 'failed', errorMessage: error.message },
		]);
	});

	it('leaves nothing in node memory that only the job table knows, if the new one is refused', async () => {
		const { next, errorOf } = execution(REPLIES.code1001);
		const rules = next({ isRetryByUser: true });
		expect((await errorOf(makeAgain(ITEM, FAILED, rules))).details.uuid).toBe('v-1');
		expect([rules.submissions.accepted(), rules.submissions.unclear()]).toEqual([[], []]);
	});

	it('whose new one is unclear is not submitted by the next try', async () => {
		const { sent, next, errorOf } = execution(REPLIES.reset);
		const rules = failedIn(next({ maxMadeAgain: 5 }), '7');
		const { details } = await errorOf(makeAgain(ITEM, FAILED, rules));
		expect(details).toMatchObject({ uuid: 'v-1', isUnclear: true });
		expect((await errorOf(submitOnce(ITEM, next()))).details.isUnclear).toBe(true);
		expect(sent).toHaveLength(1);
	});

	it('is replaced in its row by the new one', async () => {
		const table = fakeJobTable({ executionId: '7', jobKey: OWN, ...FAILED });
		const { clock, next } = execution(accepted('v-2'));
		const rules = failedIn(next({ maxMadeAgain: 1, tracker: await table.open() }), '7');
		await clock.run(makeAgain(ITEM, FAILED, rules));
		expect(table.rows).toMatchObject([{ id: 1, uuid: 'v-2', status: 'pending' }]);
	});

	it('of an idempotency key is replaced under its key', async () => {
		const keyed = { ...ITEM, idempotencyKey: 'order 7' };
		const row = { jobKey: 'other', requestHash: 'hash', ...FAILED };
		const table = fakeJobTable({ ...row, idempotencyKey: 'order 7' });
		const { clock, next } = execution(accepted('v-2'));
		const rules = next({ maxMadeAgain: 1, tracker: await table.open() });
		expect(await clock.run(makeAgain(keyed, FAILED, rules))).toMatchObject({ uuid: 'v-2' });
		expect(table.rows).toMatchObject([{ id: 1, uuid: 'v-2', jobKey: OWN }]);
	});

	it('is counted again for Max Videos per Execution', async () => {
		const { clock, next, errorOf } = execution(accepted('v-2'));
		const allowed = { maxMadeAgain: 5, max: 1 };
		const rules = failedIn(next(allowed), '7');
		await clock.run(makeAgain(ITEM, FAILED, rules));
		const { message } = await errorOf(makeAgain(ITEM, { uuid: 'v-2' }, rules));
		expect(message).toContain("This execution has reached its 'Max Videos per Execution' (1)");
	});

	it('keeps its ID in its row if Stop comes while the refused new one waits', async () => {
		const table = fakeJobTable({ executionId: '7', jobKey: OWN, ...FAILED });
		const stop = new AbortController();
		const { clock, next, sent } = execution(REPLIES.code1003);
		const tracker = await table.open();
		const queue = queueUntil(stop.signal);
		const rules = failedIn(next({ maxMadeAgain: 1, queue, tracker }), '7');
		const stopped = rejectionOf(makeAgain(ITEM, FAILED, rules));
		await clock.advance(100);
		expect([sent.length, table.rows[0]?.status]).toEqual([1, 'submitting']);
		stop.abort();
		expect(await clock.run(stopped)).toBeInstanceOf(StoppedError);
		expect(table.rows).toMatchObject([{ uuid: 'v-1', status: 'failed' }]);
	});

	it('lets Stop through as it is', async () => {
		const stop = new AbortController();
		const { clock, next } = execution(hanging);
		const rules = failedIn(next({ maxMadeAgain: 1, stop: stop.signal }), '7');
		const stopped = rejectionOf(makeAgain(ITEM, FAILED, rules));
		await clock.advance(100);
		stop.abort();
		expect(await stopped).toBeInstanceOf(StoppedError);
	});
});

describe('A retry that finds another job in the row than in node memory', () => {
	it('takes the one of the row, which was made again', async () => {
		const row = { executionId: '7', jobKey: OWN, uuid: 'v-2', status: 'pending' };
		const table = fakeJobTable(row);
		const { clock, sent, next } = execution();
		const rules = failedIn(next({ tracker: await table.open() }), '6', { madeAgain: 3 });
		expect(await clock.run(submitOnce(ITEM, rules))).toMatchObject({ uuid: 'v-2' });
		expect(sent).toEqual([]);
		expect(rules.submissions.find(0, 'hash')).toMatchObject({
			state: 'accepted',
			job: { uuid: 'v-2' },
			madeAgain: 3,
		});
	});
});
