import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import {
	invalidVideoUrl,
	keyRefusedWhileWaiting,
	noVideoUrl,
	videoFailed,
	waitTimedOut,
} from '../errors/messages';
import type { VeoError } from '../errors/VeoError';
import { makeVideo, type MadeVideo } from '../jobs/makeVideo';
import { JobWaiter } from '../jobs/wait';
import { hasUrl } from '../shared/attachVideo';
import { toItemJson } from '../shared/items';
import { checkVideoLimit, openJobs, openVeoApi } from './access';
import { attachRequestedVideo, readRequestedFile } from './attachRequestedVideo';
import { checkGenerateRequest } from './generateRequest';
import { addRunHint } from './runHint';
import { runItems } from './runItems';
import { readOptions } from './runOptions';
import { RunSignals } from './runSignals';
import { situationOf } from './situation';

/** Generate and Wait: submits a video for each item, waits for all of them together, and returns the finished ones. */
export async function generateAndWait(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const startedAtMs = Date.now();
	const options = readOptions(context);
	const signals = new RunSignals(context);
	const api = await openVeoApi(context, options, signals.end);
	const submitRules = await openJobs(context, options, api, signals);
	const waiter = new JobWaiter({
		client: api.client,
		backoff: api.retry.backoff,
		signal: signals.end,
		intervalMs: options.pollIntervalMs,
		maxWaitMs: options.maxWaitMs,
	});

	const errorOf = ({ job: { uuid }, result }: MadeVideo): VeoError | undefined => {
		const { last } = result;
		switch (result.ended) {
			case 'keyRefused':
				return keyRefusedWhileWaiting(uuid, last?.status, result.lastOutcome);
			case 'timeout':
				if (options.onTimeout === 'returnStatus') return undefined;
				if (last?.status !== 'completed') {
					return waitTimedOut(uuid, last?.status, options.maxWaitMs, result.lastOutcome);
				}
				return hasUrl(last) ? invalidVideoUrl(uuid, last.videoUrl) : noVideoUrl(uuid);
			case 'final':
				if (result.last.status !== 'failed') return undefined;
				return videoFailed(uuid, result.last.errorMessage, situationOf(context));
		}
	};

	const outputs = await runItems(context, signals, {
		limit: options.maxConcurrentJobs,
		submissions: submitRules.submissions,
		check: async (itemIndex) => ({
			// Before anything is paid: an expression may fail.
			file: readRequestedFile(context, itemIndex),
			...(await checkGenerateRequest(context, itemIndex, api, submitRules, options)),
		}),
		checkAll: (items) => checkVideoLimit(items, submitRules),
		uuidOf: (item) => submitRules.submissions.uuidOf(item),
		work: async (_, item) => {
			const made = await makeVideo(item, submitRules, waiter);
			const error = errorOf(made);
			if (error) throw error;
			const { job, result } = made;
			if (result.ended !== 'final') return { json: toItemJson({ ...job, ...result.last }) };
			const video = { ...job, ...result.last };
			return await attachRequestedVideo(context, video, () => item.file, api, options);
		},
	});
	addRunHint(context, 'made', outputs, submitRules.videoLimit.newItems, startedAtMs);
	return outputs;
}
