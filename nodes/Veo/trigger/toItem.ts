import type { INodeExecutionData } from 'n8n-workflow';
import type { JsonObject } from '../api/json';
import { textOf } from '../errors/nodeErrors';
import { StoppedError } from '../errors/VeoError';
import { attachVideo } from '../shared/attachVideo';
import { toItemJson } from '../shared/items';
import type { TriggerContext } from './context';

export const REQUEST_TIMEOUT_MS = 20_000;
const MAX_DOWNLOAD_RETRIES = 2;

/** A job as an item, with the video file if the user wants it. Throws `StoppedError`. */
export async function toItem(
	context: TriggerContext,
	job: JsonObject,
	binaryField: string | undefined,
	signal: AbortSignal,
): Promise<INodeExecutionData> {
	const json = toItemJson(job);
	const { uuid, status } = job;
	if (status !== 'completed' || binaryField === undefined) return { json };
	const rules = {
		retry: { maxRetries: MAX_DOWNLOAD_RETRIES, signal },
		requestTimeoutMs: REQUEST_TIMEOUT_MS,
	};
	return await attachVideo(
		context,
		{ ...job, uuid: String(uuid), status },
		binaryField,
		rules,
	).then(
		(file) => ({ json, ...file }),
		(thrown: unknown) => {
			if (thrown instanceof StoppedError) throw thrown;
			// Emit the item even if the download fails.
			return { json: { ...json, downloadHint: textOf(thrown) } };
		},
	);
}
