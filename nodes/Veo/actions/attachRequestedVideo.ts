import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { usableUrlOf } from '../api/videoStatus';
import { keepVideo } from '../errors/outcome';
import { type AttachRules, attachVideo, type Video } from '../shared/attachVideo';
import { toItemJson } from '../shared/items';
import { isOn } from '../shared/options';
import type { ApiAccess } from './access';
import type { RunOptions } from './runOptions';

/** How the item's video file is returned. */
export type RequestedFile = Pick<AttachRules, 'field' | 'fileName'>;

/** Undefined if the item's Download Video is off. */
export function readRequestedFile(
	context: IExecuteFunctions,
	itemIndex: number,
): RequestedFile | undefined {
	if (!isOn(context.getNodeParameter('downloadVideo', itemIndex, false))) return undefined;
	return {
		field: context.getNodeParameter('binaryOutputField', itemIndex, 'data') as string,
		fileName: context.getNodeParameter('options.fileName', itemIndex, ''),
	};
}

/**
 * The video as an item, with its file if it is completed and `readFile` returns how. Throws like `attachVideo`; what else
 * is thrown becomes a `VeoError` with what is known of the video.
 */
export async function attachRequestedVideo(
	context: IExecuteFunctions,
	video: Video,
	readFile: () => RequestedFile | undefined,
	{ client, retry }: ApiAccess,
	{ requestTimeoutMs }: RunOptions,
): Promise<Pick<INodeExecutionData, 'json' | 'binary'>> {
	try {
		const file = video.status === 'completed' && readFile();
		if (!file) return { json: toItemJson(video) };
		const rules = { ...file, client, requestTimeoutMs, signal: retry.signal };
		const { videoUrl, binary } = await attachVideo(context, video, rules);
		return { json: toItemJson({ ...video, videoUrl }), binary };
	} catch (thrown) {
		throw keepVideo(thrown, { uuid: video.uuid, videoUrl: usableUrlOf(video) });
	}
}
