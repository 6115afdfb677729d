import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { withRetries } from '../api/retry';
import { checkUuid } from '../api/validation';
import { statusFailed } from '../errors/messages';
import { RequestError, settle } from '../errors/outcome';
import { openVeoApi } from './access';
import { attachRequestedVideo, readRequestedFile } from './attachRequestedVideo';
import { runItems } from './runItems';
import { readOptions } from './runOptions';
import { RunSignals } from './runSignals';

const CONCURRENT_CHECKS = 5;

/** Get Status: the API's answer about a video. A video that failed is a normal answer. */
export async function getStatus(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const options = readOptions(context);
	const signals = new RunSignals(context);
	const api = await openVeoApi(context, options, signals.end);
	const { client, retry } = api;

	return await runItems(context, signals, {
		limit: CONCURRENT_CHECKS,
		check: async (itemIndex) =>
			await Promise.resolve(checkUuid(context.getNodeParameter('uuid', itemIndex))),
		uuidOf: (uuid) => uuid,
		work: async (itemIndex, uuid) => {
			const check = async () => await client.status(uuid, signals.end);
			const video = await settle(withRetries(check, retry));
			if (video instanceof RequestError) throw statusFailed(uuid, video.outcome);
			const readFile = () => readRequestedFile(context, itemIndex);
			return await attachRequestedVideo(context, video, readFile, api, options);
		},
	});
}
