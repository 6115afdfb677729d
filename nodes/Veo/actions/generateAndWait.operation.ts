import { jobFailed, refusedWhileWaiting, waitTimedOut } from '../errors/messages';
import { submitOnce } from '../jobs/submit';
import { type Waited, waitForJob } from '../jobs/wait';
import { attachVideo } from '../shared/attachVideo';
import { asJson, runItems } from './runItems';
import type { OperationRun } from './operation';
import { checkItem } from './generateRequest';

/** Generate and Wait: submits a video for each item, waits for all of them together, and gives the finished ones. */
export const generateAndWait: OperationRun = async (session) => {
	const { options } = session;
	return await runItems(session, options.maxConcurrentJobs, checkItem, async (itemIndex, item) => {
		const job = await submitOnce(item, session);
		const { uuid } = job;
		const rules = {
			...session,
			signal: session.end,
			intervalMs: options.pollIntervalMs,
			maxWaitMs: options.maxWaitMs,
		};
		// A finished video that the job table gives again needs no check: the API may have forgotten it by now.
		const waited: Waited =
			job.status === 'completed' && job.videoUrl !== undefined
				? { ended: 'final', last: { ...job, status: job.status } }
				: await waitForJob(uuid, rules);
		const lastStatus = waited.last?.status;
		if (waited.last) await session.tracker?.checked(item, waited.last);
		const result = { json: asJson({ ...job, ...waited.last }) };

		if (waited.ended === 'refused') {
			throw refusedWhileWaiting(uuid, lastStatus, waited.lastOutcome);
		}
		if (waited.ended === 'timeout') {
			if (options.onTimeout === 'returnStatus') return result;
			throw waitTimedOut(uuid, lastStatus, options.maxWaitMs, waited.lastOutcome);
		}
		if (lastStatus === 'failed') throw jobFailed(uuid, waited.last.errorMessage);
		return { ...result, ...(await attachVideo(session, itemIndex, waited.last)) };
	});
};
