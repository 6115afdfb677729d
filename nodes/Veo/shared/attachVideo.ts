import type { IBinaryData } from 'n8n-workflow';
import { isWebAddress } from '../api/validation';
import { orFailed, RequestFailed } from '../api/client';
import type { Clock } from '../api/clock';
import { badVideoUrl, downloadFailed, noVideoUrl } from '../errors/messages';
import type { JsonObject } from '../errors/outcome';
import { Pace } from '../api/backoff';
import { type RetryRules, withRetries } from '../api/retry';
import { downloadVideo, type HttpContext } from '../http/request';
import { isOn } from './options';
import type { Session } from '../actions/session';

export interface Downloading {
	context: HttpContext;
	clock: Clock;
	retry: RetryRules;
	requestTimeoutMs: number;
}

/** A job, as far as its video goes. */
export interface Video extends JsonObject {
	uuid: string;
	status: string;
}

/**
 * The video file of a finished job under the field that the user named, or nothing where it is not wanted or not there
 * yet. Throws `VeoFailure` with the `uuid`, and `Stopped`.
 */
export async function attachVideo(
	session: Session,
	itemIndex: number,
	video: Video,
): Promise<{ binary?: Record<string, IBinaryData> }> {
	if (video.status !== 'completed') return {};
	if (isGiven(video.videoUrl)) checkVideoUrl(video);
	const { context, options } = session;
	if (!isOn(context.getNodeParameter('downloadVideo', itemIndex, false))) return {};
	const file = await fetchVideo({ ...session, ...options }, video);
	const field = context.getNodeParameter('binaryOutputField', itemIndex, 'data') as string;
	return { binary: { [field]: file } };
}

/** Downloads the video of a finished job. Throws `VeoFailure` with the `uuid`, and `Stopped`. */
export async function fetchVideo(downloading: Downloading, video: Video): Promise<IBinaryData> {
	const { context, clock, retry, requestTimeoutMs } = downloading;
	const { uuid } = video;
	if (!isGiven(video.videoUrl)) throw noVideoUrl(uuid);
	const videoUrl = checkVideoUrl(video);

	const download = async () => {
		const result = await downloadVideo(context, videoUrl, uuid, requestTimeoutMs, retry.signal);
		if (isBinaryData(result)) return result;
		throw new RequestFailed(result);
	};
	// A pace of its own: what the video's host cannot take tells nothing about the API.
	const rules = { ...retry, pace: new Pace(clock) };
	const file = await orFailed(withRetries('download', download, rules));
	if (file instanceof RequestFailed) throw downloadFailed(uuid, file.outcome);
	return file;
}

function checkVideoUrl({ uuid, videoUrl }: Video): string {
	if (typeof videoUrl === 'string' && isWebAddress(videoUrl)) return videoUrl;
	throw badVideoUrl(uuid, videoUrl);
}

const isBinaryData = (result: object): result is IBinaryData => 'mimeType' in result;

const isGiven = (value: unknown) => value !== undefined && value !== null && value !== '';
