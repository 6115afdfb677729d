import type { IExecuteFunctions } from 'n8n-workflow';
import { attachVideo, checkVideoUrl, type DownloadRules, type Video } from '../shared/attachVideo';
import { isOn } from '../shared/options';

/** Attaches the video file if the video is finished and the item's Download Video is on. Throws like `attachVideo`. */
export async function attachRequestedVideo(
	context: IExecuteFunctions,
	itemIndex: number,
	video: Video,
	rules: DownloadRules,
): ReturnType<typeof attachVideo> {
	if (video.status !== 'completed') return {};
	if (!isOn(context.getNodeParameter('downloadVideo', itemIndex, false))) {
		checkVideoUrl(video);
		return {};
	}
	const field = context.getNodeParameter('binaryOutputField', itemIndex, 'data') as string;
	const fileName = context.getNodeParameter('options.fileName', itemIndex, '');
	return await attachVideo(context, video, field, { ...rules, fileName });
}
