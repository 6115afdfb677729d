import type { AcceptedJob } from '../api/client';
import { makeAgain, type PaidItem, submitOnce, type SubmitRules } from './submit';
import { waitForJob, type WaitResult, type WaitRules } from './wait';

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
	waitRules: WaitRules,
): Promise<MadeVideo> {
	let job = await submitOnce(item, submitRules);
	for (;;) {
		const result = await waitForJob(job.uuid, waitRules).finally(() =>
			submitRules.queue.jobEnded(),
		);
		if (result.last) await submitRules.tracker?.checked(item, result.last);
		const isFailed = result.ended === 'final' && result.last.status === 'failed';
		const next = isFailed ? await makeAgain(item, job, submitRules) : undefined;
		if (!next) return { job, result };
		job = next;
	}
}
