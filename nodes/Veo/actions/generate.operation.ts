import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { submitOnce } from '../jobs/submit';
import { toItemJson } from '../shared/items';
import { checkVideoLimit, openJobs, openVeoApi } from './access';
import { checkGenerateRequest } from './generateRequest';
import { addRunHint } from './runHint';
import { runItems } from './runItems';
import { readOptions } from './runOptions';
import { RunSignals } from './runSignals';

const CONCURRENT_SUBMISSIONS = 5;

/** Generate: submits a video for each item and returns the API's answer without waiting for the video. */
export async function generate(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const startedAtMs = Date.now();
	const options = readOptions(context);
	const signals = new RunSignals(context);
	const api = await openVeoApi(context, options, signals.end);
	const rules = await openJobs(context, options, api, signals);

	const outputs = await runItems(context, signals, {
		limit: CONCURRENT_SUBMISSIONS,
		submissions: rules.submissions,
		check: async (itemIndex) => await checkGenerateRequest(context, itemIndex, api, rules, options),
		checkAll: (items) => checkVideoLimit(items, rules),
		uuidOf: (item) => rules.submissions.uuidOf(item),
		work: async (_, item) => ({ json: toItemJson(await submitOnce(item, rules)) }),
	});
	addRunHint(context, 'started', outputs, rules.videoLimit.newItems, startedAtMs);
	return outputs;
}
