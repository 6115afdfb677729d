/** On Unclear Submission: the user may choose to send a request again that may have been accepted. */
import {
	keySubmissionUnclear,
	sentAgain,
	submissionInterrupted,
} from '../../../nodes/Veo/errors/messages';
import { VideoLimit } from '../../../nodes/Veo/jobs/videoLimit';
import { submitOnce } from '../../../nodes/Veo/jobs/submit';
import { StoppedError } from '../../../nodes/Veo/errors/VeoError';
import { accepted, REPLIES, rejectionOf } from '../fakes';
import { execution, fakeJobTable, ITEM, NOW, OWN, queueUntil } from './fakes';

const again = { sendUnclearAgain: true };

describe('A request whose outcome is unclear', () => {
	it('is sent once more where the user chose so', async () => {
		const { clock, sent, next } = execution(REPLIES.reset, accepted('v-2'));
		const rules = next(again);
		expect(await clock.run(submitOnce(ITEM, rules))).toMatchObject({ uuid: 'v-2' });
		expect(sent).toHaveLength(2);
		expect(rules.submissions.find(0, 'hash')).toMatchObject({ state: 'accepted', sentAgain: true });
	});

	it('is not sent a third time, neither in this try nor in the next', async () => {
		const { sent, next, errorOf } = execution(REPLIES.reset, REPLIES.timeout);
		const first = await errorOf(submitOnce(ITEM, next(again)));
		const second = await errorOf(submitOnce(ITEM, next(again)));
		expect([first.details.isUnclear, second.details.isUnclear]).toEqual([true, true]);
		expect(second.message).toBe(first.message);
		for (const { description } of [first, second]) {
			expect(description).toMatch(/^It was sent twice.*A new execution sends it again/);
			expect(description).not.toContain('Send Again');
		}
		expect(sent).toHaveLength(2);
	});

	it('is sent again by the next try as well, if the first one was not to send it again', async () => {
		const { clock, sent, next, errorOf } = execution(REPLIES.reset, accepted('v-2'));
		await errorOf(submitOnce(ITEM, next()));
		expect(await clock.run(submitOnce(ITEM, next(again)))).toMatchObject({ uuid: 'v-2' });
		expect(sent).toHaveLength(2);
	});

	it('stays unclear if the second request is refused, and says both', async () => {
		const { sent, next, errorOf } = execution(REPLIES.reset, REPLIES.code1001);
		const rules = next({ ...again, max: 5 });
		const { message, description, details } = await errorOf(submitOnce(ITEM, rules));
		expect(message).toMatch(/^It is unclear whether the API accepted the video/);
		expect(description).toContain('It was not accepted when it was sent again:');
		expect(details).toMatchObject({ isUnclear: true, code: 1001 });
		expect(rules.submissions.find(0, 'hash')).toMatchObject({ state: 'unclear' });
		const third = await errorOf(submitOnce(ITEM, next()));
		expect(third.message).toBe(message);
		expect(sent).toHaveLength(2);
	});

	it('may be sent again later if Stop comes while the second request, which was refused, waits', async () => {
		const table = fakeJobTable();
		const stop = new AbortController();
		const { clock, next, errorOf } = execution(REPLIES.reset, REPLIES.code1003, accepted('v-3'));
		const unclear = await errorOf(submitOnce(ITEM, next({ tracker: await table.open() })));
		const tracker = await table.open();
		const queue = queueUntil(stop.signal);
		const stopped = rejectionOf(submitOnce(ITEM, next({ ...again, queue, tracker })));
		await clock.advance(100);
		stop.abort();
		expect(await clock.run(stopped)).toBeInstanceOf(StoppedError);
		expect(table.rows).toMatchObject([{ status: 'submitting', errorMessage: unclear.message }]);
	});

	it('counts once for Max Videos per Execution if the second request is refused', async () => {
		const { clock, next, errorOf } = execution(REPLIES.reset, REPLIES.code1001, accepted('v-3'));
		await errorOf(submitOnce(ITEM, next({ ...again, max: 2 })));
		const other = { ...ITEM, itemIndex: 1 };
		expect(await clock.run(submitOnce(other, next({ max: 2 })))).toMatchObject({ uuid: 'v-3' });
	});

	it('is not sent again at Max Videos per Execution, and says so', async () => {
		const { sent, next, errorOf } = execution(REPLIES.reset);
		for (let tries = 0; tries < 2; tries++) {
			const { description, details } = await errorOf(submitOnce(ITEM, next({ ...again, max: 1 })));
			expect(description).toContain("reached its 'Max Videos per Execution' (1)");
			expect(details.isUnclear).toBe(true);
		}
		expect(sent).toHaveLength(1);
	});

	it('does not mention Max Videos per Execution where the user did not choose to send it again', async () => {
		const { next, errorOf } = execution(REPLIES.reset);
		const { description } = await errorOf(submitOnce(ITEM, next({ max: 1 })));
		expect(description).not.toContain('Max Videos per Execution');
	});

	it('is marked in its row while it is sent again, and when that is unclear too', async () => {
		const table = fakeJobTable();
		const messages: unknown[] = [];
		const { next, errorOf } = execution(REPLIES.reset, () => {
			messages.push(table.rows[0]?.errorMessage);
			return REPLIES.timeout;
		});
		const error = await errorOf(submitOnce(ITEM, next({ ...again, tracker: await table.open() })));
		expect(messages).toEqual([sentAgain()]);
		expect(table.rows).toMatchObject([
			{ status: 'submitting', errorMessage: `${sentAgain()}. ${error.message}` },
		]);
	});

	it('keeps the message of the first request in its row if it is not sent again', async () => {
		const table = fakeJobTable();
		const { next, errorOf } = execution(REPLIES.reset);
		const error = await errorOf(submitOnce(ITEM, next({ tracker: await table.open() })));
		expect(table.rows).toMatchObject([{ status: 'submitting', errorMessage: error.message }]);
	});

	it('keeps an unclear row if the second request is refused', async () => {
		const table = fakeJobTable();
		const { next, errorOf } = execution(REPLIES.reset, REPLIES.code1001);
		await errorOf(submitOnce(ITEM, next({ ...again, tracker: await table.open() })));
		expect(table.rows).toMatchObject([{ status: 'submitting', finishedAt: null }]);
	});
});

describe('A request that an earlier try was sending when it was interrupted', () => {
	const interrupted = { executionId: '7', jobKey: OWN, status: 'submitting' };

	it('is sent again where the user chose so', async () => {
		const table = fakeJobTable(interrupted);
		const { clock, next } = execution(accepted('v-2'));
		const rules = next({ ...again, tracker: await table.open() });
		expect(await clock.run(submitOnce(ITEM, rules))).toMatchObject({ uuid: 'v-2' });
		expect(table.rows).toMatchObject([{ id: 1, uuid: 'v-2', status: 'pending' }]);
	});

	it('is not sent a third time, although node memory is lost', async () => {
		const table = fakeJobTable({ ...interrupted, errorMessage: sentAgain() });
		const { sent, next, errorOf } = execution();
		const error = await errorOf(submitOnce(ITEM, next({ ...again, tracker: await table.open() })));
		expect(error).toMatchObject(submissionInterrupted('stops'));
		expect(error.details).toEqual({ isUnclear: true });
		expect(sent).toEqual([]);
	});

	it('is unclear with the words of the situation', async () => {
		const table = fakeJobTable(interrupted);
		const { next, errorOf } = execution();
		const tracker = await table.open();
		const error = await errorOf(submitOnce(ITEM, next({ situation: 'continues', tracker })));
		expect(error.fullText).toBe(submissionInterrupted('continues').fullText);
	});
});

describe('An idempotency key whose request was interrupted', () => {
	const keyed = { ...ITEM, idempotencyKey: 'order 7' };
	const row = {
		idempotencyKey: 'order 7',
		jobKey: 'other',
		requestHash: 'hash',
		status: 'submitting',
		submittedAt: new Date(NOW - 3_600_000).toISOString(),
	};

	it('is unclear', async () => {
		const table = fakeJobTable(row);
		const before = structuredClone(table.rows);
		const { sent, next, errorOf } = execution();
		const error = await errorOf(submitOnce(keyed, next({ tracker: await table.open() })));
		expect(error.fullText).toBe(keySubmissionUnclear('stops').fullText);
		expect(sent).toEqual([]);
		expect(table.rows).toEqual(before);
	});

	it('is submitted again where the user chose so, which is remembered', async () => {
		const table = fakeJobTable(row);
		const { clock, next } = execution(accepted('v-2'));
		const rules = next({ ...again, tracker: await table.open() });
		expect(await clock.run(submitOnce(keyed, rules))).toMatchObject({ uuid: 'v-2' });
		expect(table.rows).toMatchObject([{ id: 1, uuid: 'v-2', jobKey: OWN }]);
		expect(rules.submissions.find(0, 'hash')).toMatchObject({ sentAgain: true });
	});

	it('is not submitted again at Max Videos per Execution, and says so', async () => {
		const table = fakeJobTable(row);
		const { sent, next, errorOf, stored } = execution();
		const tracker = await table.open();
		const rules = next({ ...again, max: 1, tracker });
		await new VideoLimit(stored(), '7', 1, 'stops').counted(1, async (count) => {
			count.add();
			return await Promise.resolve();
		});
		const { description } = await errorOf(submitOnce(keyed, rules));
		expect(description).toContain("reached its 'Max Videos per Execution' (1)");
		expect(sent).toEqual([]);
	});

	it('stays unclear if the second request is refused', async () => {
		const table = fakeJobTable(row);
		const { next, errorOf } = execution(REPLIES.code1001);
		const error = await errorOf(submitOnce(keyed, next({ ...again, tracker: await table.open() })));
		expect(error.message).toBe(keySubmissionUnclear('stops').message);
		expect(error.description).toContain('when it was sent again');
		expect(table.rows).toMatchObject([{ status: 'submitting', jobKey: OWN }]);
	});
});
