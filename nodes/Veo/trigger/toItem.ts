import type { INodeExecutionData } from 'n8n-workflow';
import type { VeoClient } from '../api/client';
import type { JsonObject } from '../api/json';
import { textOf } from '../errors/nodeErrors';
import { StoppedError } from '../errors/VeoError';
import { attachVideo } from '../shared/attachVideo';
import { toItemJson } from '../shared/items';
import type { TriggerContext } from './context';
import type { FileSettings } from './settings';

export const REQUEST_TIMEOUT_MS = 20_000;

/** A job as an item, with the video file if the user wants it. Throws `StoppedError`. */
export async function toItem(
	context: TriggerContext,
	job: JsonObject,
	file: FileSettings | undefined,
	client: VeoClient,
	signal: AbortSignal,
): Promise<INodeExecutionData> {
	const json = toItemJson(job);
	const { uuid, status } = job;
	if (status !== 'completed' || file === undefined) return { json };
	const video = { ...job, uuid: String(uuid), status };
	const rules = { ...file, client, requestTimeoutMs: REQUEST_TIMEOUT_MS, signal };
	return await attachVideo(context, video, rules).then(
		({ videoUrl, binary }) => ({ json: { ...json, videoUrl }, binary }),
		(thrown: unknown) => {
			if (thrown instanceof StoppedError) throw thrown;
			// Emit the item even if the download fails.
			return { json: { ...json, downloadHint: textOf(thrown) } };
		},
	);
}
