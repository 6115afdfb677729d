import type { IBinaryData } from 'n8n-workflow';
import { isWebAddress } from '../api/checks';
import { orFailed, RequestFailed, type VideoStatus } from '../api/client';
import { downloadFailed, unusableVideo } from '../api/messages';
import { Pace } from '../api/pace';
import { withRetries } from '../api/retry';
import { downloadVideo } from '../transport';
import type { Session } from './session';

/**
 * The video file of a finished job under the field that the user named, or nothing where it is not wanted or not there
 * yet. Throws `VeoFailure` with the `uuid`, and `Stopped`.
 */
export async function attachVideo(
	session: Session,
	itemIndex: number,
	video: VideoStatus,
): Promise<{ binary?: Record<string, IBinaryData> }> {
	const { context, clock, retry, options, end } = session;
	const { uuid, status, videoUrl } = video;
	if (status !== 'completed') return {};
	if (videoUrl !== undefined && (typeof videoUrl !== 'string' || !isWebAddress(videoUrl))) {
		throw unusableVideo(uuid, `its address ${JSON.stringify(videoUrl)} is not a web address`);
	}
	if (context.getNodeParameter('downloadVideo', itemIndex, false) !== true) return {};
	if (videoUrl === undefined) throw unusableVideo(uuid, 'the API gave no address for it');

	const download = async () => {
		const result = await downloadVideo(context, videoUrl, uuid, options.requestTimeoutMs, end);
		if (isBinaryData(result)) return result;
		throw new RequestFailed(result);
	};
	// A pace of its own: what the video's host cannot take tells nothing about the API.
	const rules = { ...retry, pace: new Pace(clock) };
	const file = await orFailed(withRetries('download', download, rules));
	if (file instanceof RequestFailed) throw downloadFailed(uuid, file.outcome);

	const field = context.getNodeParameter('binaryOutputField', itemIndex, 'data') as string;
	return { binary: { [field]: file } };
}

const isBinaryData = (result: object): result is IBinaryData => 'mimeType' in result;
