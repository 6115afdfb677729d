/** Generate and Wait: one item from its request to its finished video. */
import { Backoff } from '../../../nodes/Veo/api/backoff';
import { makeVideo } from '../../../nodes/Veo/jobs/makeVideo';
import type { SubmitRules } from '../../../nodes/Veo/jobs/paidAttempt';
import { JobWaiter } from '../../../nodes/Veo/jobs/wait';
import { accepted, hanging, rejectionOf, REPLIES, status } from '../fakes';
import { execution, fakeJobTable, ITEM, NOW } from './fakes';

const stops: AbortController[] = [];
afterEach(() => stops.splice(0).forEach((stop) => stop.abort()));

function waiterOf({ client }: SubmitRules, intervalMs = 5_000) {
	const stop = new AbortController();
	stops.push(stop);
	const { signal } = stop;
	const backoff = new Backoff();
	return new JobWaiter({ client, backoff, signal, intervalMs, maxWaitMs: 600_000 });
}

const URL = 'https://x.test/v.mp4';
const completed = status('completed', { videoUrl: URL });
const processing = (progress: number) => status('processing', { progress });
const isoAt = (ms: number) => new Date(NOW + ms).toISOString();

describe('Generate and Wait', () => {
	it('submits an item and waits for its video', async () => {
		const { clock, paths, next } = execution(accepted('v-1'), processing(0), completed);
		const rules = next();
		expect(await clock.run(makeVideo(ITEM, rules, waiterOf(rules)))).toEqual({
			job: { uuid: 'v-1', status: 'pending' },
			result: { ended: 'final', last: { uuid: 'v-1', status: 'completed', videoUrl: URL } },
		});
		expect(paths()).toEqual(['/generate-video', '/video-status/v-1', '/video-status/v-1']);
	});

	it('makes a failed video again as far as that is allowed', async () => {
		const { clock, next } = execution(
			accepted('v-1'),
			status('failed'),
			accepted('v-2'),
			status('failed'),
		);
		const rules = next({ maxMadeAgain: 1 });
		expect(await clock.run(makeVideo(ITEM, rules, waiterOf(rules)))).toMatchObject({
			job: { uuid: 'v-2' },
			result: { ended: 'final', last: { uuid: 'v-2', status: 'failed' } },
		});
	});

	it('does not make a completed video again, nor one that is still being made', async () => {
		const { clock, sent, next } = execution(accepted('v-1'), completed, REPLIES.http401);
		const rules = next({ maxMadeAgain: 5 });
		await clock.run(makeVideo(ITEM, rules, waiterOf(rules)));
		const result = await clock.run(makeVideo(ITEM, rules, waiterOf(rules)));
		expect(result).toMatchObject({ job: { uuid: 'v-1' }, result: { ended: 'keyRefused' } });
		expect(sent).toHaveLength(3);
	});

	it.each([
		['ends', completed],
		['is not waited for any more', hanging],
	])('tells items that wait for a slot when a video %s', async (_, reply) => {
		const { clock, next } = execution(accepted('v-1'), reply);
		const rules = next();
		const ended = jest.spyOn(rules.queue, 'jobEnded');
		const made = makeVideo(ITEM, rules, waiterOf(rules));
		if (reply === hanging) {
			await clock.advance(1_000);
			expect(ended).not.toHaveBeenCalled();
			const stopped = rejectionOf(made);
			stops.forEach((stop) => stop.abort());
			await stopped;
		} else await clock.run(made);
		expect(ended).toHaveBeenCalledTimes(1);
	});
});

describe('The row of a video that is waited for', () => {
	it('has the last answer at the end', async () => {
		const table = fakeJobTable();
		const { clock, next } = execution(accepted('v-1'), completed);
		const rules = next({ tracker: await table.open() });
		await clock.run(makeVideo(ITEM, rules, waiterOf(rules)));
		expect(table.rows).toMatchObject([
			{ uuid: 'v-1', status: 'completed', videoUrl: URL, finishedAt: isoAt(0) },
		]);
	});

	it('stays as it was where no check was answered', async () => {
		const table = fakeJobTable();
		const { clock, next } = execution(accepted('v-1'), REPLIES.http401);
		const rules = next({ tracker: await table.open() });
		await clock.run(makeVideo(ITEM, rules, waiterOf(rules)));
		expect(table.rows).toMatchObject([{ status: 'pending', finishedAt: null }]);
	});

	it('has the progress of an answer while the video is made', async () => {
		const table = fakeJobTable();
		const { clock, next } = execution(accepted('v-1'), processing(5), hanging);
		const rules = next({ tracker: await table.open() });
		const stopped = rejectionOf(makeVideo(ITEM, rules, waiterOf(rules)));
		await clock.advance(1_000);
		expect(table.rows).toMatchObject([{ progress: 5, status: 'processing' }]);
		stops.forEach((stop) => stop.abort());
		await stopped;
	});

	it('gets the ID with a status answer if it could not be written at the acceptance', async () => {
		const table = fakeJobTable();
		const { clock, next } = execution(
			() => {
				table.n8n.refuse = () => REPLIES.http5xx;
				return accepted('v-1');
			},
			() => {
				table.n8n.refuse = () => undefined;
				return completed;
			},
		);
		const rules = next({ tracker: await table.open() });
		await clock.run(makeVideo(ITEM, rules, waiterOf(rules)));
		expect(table.rows).toMatchObject([{ uuid: 'v-1', status: 'completed', videoUrl: URL }]);
	});
});
