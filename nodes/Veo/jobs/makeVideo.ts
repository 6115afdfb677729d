import type { AcceptedJob, VideoStatus } from '../api/client';
import { ProgressWriter } from './progressWriter';
import { makeAgain, type PaidItem, submitOnce, type SubmitRules } from './submit';
import type { JobWaits, WaitResult } from './wait';

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
	waits: JobWaits,
): Promise<MadeVideo> {
	const { queue, tracker, videoLimit } = submitRules;
	let job = await submitOnce(item, submitRules);
	for (;;) {
		const progress = tracker && new ProgressWriter(tracker, item);
		const onAnswer = (video: VideoStatus) => progress?.write(video);
		// A job that was taken up was accepted at an unknown time.
		const acceptedAtMs = videoLimit.newItems.has(item.itemIndex) ? Date.now() : undefined;
		const result = await waits
			.wait(job.uuid, { acceptedAtMs, onAnswer })
			.finally(() => queue.jobEnded());
		await progress?.done();
		if (result.last) await tracker?.checked(item, result.last);
		const isFailed = result.ended === 'final' && result.last.status === 'failed';
		const next = isFailed ? await makeAgain(item, job, submitRules) : undefined;
		if (!next) return { job, result };
		job = next;
	}
}
