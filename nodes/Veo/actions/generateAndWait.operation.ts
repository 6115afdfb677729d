import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { keyRefusedWhileWaiting, videoFailed, waitTimedOut } from '../errors/messages';
import { submitOnce } from '../jobs/submit';
import { waitForJob, type WaitResult } from '../jobs/wait';
import { toItemJson } from '../shared/items';
import { checkVideoLimit, openJobRecords, openVeoApi } from './access';
import { attachRequestedVideo } from './attachRequestedVideo';
import { checkGenerateRequest } from './generateRequest';
import { ProgressWriter } from './progressWriter';
import { addRunHint } from './runHint';
import { runItems } from './runItems';
import { readOptions } from './runOptions';
import { RunSignals } from './runSignals';

/** Generate and Wait: submits a video for each item, waits for all of them together, and returns the finished ones. */
export async function generateAndWait(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const startedAtMs = Date.now();
	const options = readOptions(context);
	const { maxWaitMs } = options;
	const signals = new RunSignals(context);
	const api = await openVeoApi(context, options, signals.end);
	const records = await openJobRecords(context, options, signals.stop);
	const submitRules = { ...api, ...records, stop: signals.stop };
	const waitRules = {
		client: api.client,
		backoff: api.retry.backoff,
		signal: signals.end,
		intervalMs: options.pollIntervalMs,
		maxWaitMs,
	};

	const outputs = await runItems(context, signals, {
		limit: options.maxConcurrentJobs,
		submissions: records.submissions,
		check: async (itemIndex) =>
			await checkGenerateRequest(context, itemIndex, api, records, options),
		checkAll: (items) => checkVideoLimit(items, records, options),
		work: async (itemIndex, item) => {
			const job = await submitOnce(item, submitRules);
			const { uuid } = job;
			const progress = records.tracker && new ProgressWriter(records.tracker, item);
			// A finished video from the job table is not checked: the API may have forgotten it.
			const result: WaitResult =
				job.status === 'completed' && job.videoUrl !== undefined
					? { ended: 'final', last: { ...job, status: job.status } }
					: await waitForJob(uuid, { ...waitRules, onAnswer: (video) => progress?.write(video) });
			const { last } = result;
			await progress?.done();
			if (last) await records.tracker?.checked(item, last);
			const output = { json: toItemJson({ ...job, ...last }) };

			if (result.ended === 'keyRefused') {
				throw keyRefusedWhileWaiting(uuid, last?.status, result.lastOutcome);
			}
			if (result.ended === 'timeout') {
				if (options.onTimeout === 'returnStatus') return output;
				throw waitTimedOut(uuid, last?.status, maxWaitMs, result.lastOutcome);
			}
			if (result.last.status === 'failed') throw videoFailed(uuid, result.last.errorMessage);
			const download = { retry: api.retry, requestTimeoutMs: options.requestTimeoutMs };
			return {
				...output,
				...(await attachRequestedVideo(context, itemIndex, result.last, download)),
			};
		},
	});
	addRunHint(context, 'made', outputs, records.videoLimit.newItems, startedAtMs);
	return outputs;
}
