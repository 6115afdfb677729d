import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { attachVideo, type Video } from '../shared/attachVideo';
import { toItemJson } from '../shared/items';
import { isOn } from '../shared/options';
import type { ApiAccess } from './access';
import type { RunOptions } from './runOptions';

/**
 * The video as an item, with its file if it is completed and the item's Download Video is on. Throws like `attachVideo`.
 */
export async function attachRequestedVideo(
	context: IExecuteFunctions,
	itemIndex: number,
	video: Video,
	{ client, retry }: ApiAccess,
	{ requestTimeoutMs }: RunOptions,
): Promise<Pick<INodeExecutionData, 'json' | 'binary'>> {
	const isWanted = isOn(context.getNodeParameter('downloadVideo', itemIndex, false));
	if (video.status !== 'completed' || !isWanted) return { json: toItemJson(video) };
	const field = context.getNodeParameter('binaryOutputField', itemIndex, 'data') as string;
	const fileName = context.getNodeParameter('options.fileName', itemIndex, '');
	const rules = { field, fileName, client, requestTimeoutMs, signal: retry.signal };
	const { videoUrl, binary } = await attachVideo(context, video, rules);
	return { json: toItemJson({ ...video, videoUrl }), binary };
}
