import type { AcceptedJob, VideoStatus } from '../api/client';
import type { PaidItem, SubmitRules } from './paidAttempt';
import { ProgressWriter } from './progressWriter';
import { makeAgain, submitOnce } from './submit';
import type { JobWaiter, WaitResult } from './wait';

export interface MadeVideo {
	job: AcceptedJob;
	result: WaitResult;
}

/**
 * Submits an item and waits for its video. A video that the API reports as failed is made again as far as the rules allow
 * it. Throws like `submitOnce`.
 */
export async function makeVideo(
	item: PaidItem,
	submitRules: SubmitRules,
	waiter: JobWaiter,
): Promise<MadeVideo> {
	const { queue, tracker } = submitRules;
	let job = await submitOnce(item, submitRules);
	for (;;) {
		const progress = tracker && new ProgressWriter(tracker, item);
		const onAnswer = (video: VideoStatus) => progress?.write(video);
		const result = await waiter.wait(job, onAnswer).finally(() => queue.jobEnded());
		await progress?.done();
		if (result.last) await tracker?.checked(item, result.last);
		const isFailed = result.ended === 'final' && result.last.status === 'failed';
		const next = isFailed ? await makeAgain(item, job, submitRules) : undefined;
		if (!next) return { job, result };
		job = next;
	}
}
