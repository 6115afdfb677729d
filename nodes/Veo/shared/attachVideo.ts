import type { IBinaryData } from 'n8n-workflow';
import { sleepUnlessAborted } from '../api/abort';
import type { VeoClient } from '../api/client';
import type { JsonObject } from '../api/json';
import { mayAppear } from '../api/policy';
import { usableUrlOf } from '../api/videoStatus';
import { downloadFailed, invalidVideoUrl, noVideoUrl } from '../errors/messages';
import { RequestError, settle } from '../errors/outcome';
import { StoppedError } from '../errors/VeoError';
import { DownloadBudget, downloadVideo } from '../http/download';
import type { HttpContext } from '../http/request';
import { toFileStem } from './fileName';

/** A file that is not there yet is tried for this long after the first try. */
const MAX_LATE_MS = 2 * 60_000;
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 15_000;

export interface Video extends JsonObject {
	uuid: string;
	status: string;
}

export interface AttachRules {
	/** The item's output field for the file. */
	field: string;
	client: VeoClient;
	requestTimeoutMs: number;
	/** The name of the file as the user wants it. The `uuid` if it is blank. */
	fileName?: unknown;
	signal?: AbortSignal;
}

/**
 * Downloads a finished video and returns it as the item's file. A file that is not there yet is tried again with growing
 * pauses, each time with a fresh `videoUrl` from the API. Returns the URL that worked. Throws `VeoError` with the `uuid`,
 * and `StoppedError`.
 */
export async function attachVideo(
	context: HttpContext,
	video: Video,
	{ field, fileName, client, requestTimeoutMs, signal }: AttachRules,
): Promise<{ videoUrl: string; binary: Record<string, IBinaryData> }> {
	const { uuid } = video;
	let videoUrl = usableUrlOf(video);
	if (videoUrl === undefined) {
		throw hasUrl(video) ? invalidVideoUrl(uuid, video.videoUrl) : noVideoUrl(uuid);
	}
	// A file name from the server may contain path segments.
	const stem = toFileStem(fileName) ?? uuid.replace(/[^\w-]/g, '_');
	const untilMs = Date.now() + MAX_LATE_MS;
	const budget = new DownloadBudget();

	for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
		const file = await downloadVideo(context, videoUrl, stem, requestTimeoutMs, budget, signal);
		if ('mimeType' in file) return { videoUrl, binary: { [field]: file } };
		const sleepMs = Math.max(pauseMs, file.retryAfterMs ?? 0);
		if (!mayAppear(file) || Date.now() + sleepMs > untilMs) {
			throw downloadFailed(uuid, videoUrl, file);
		}
		await sleepUnlessAborted(sleepMs, signal);
		if (signal?.aborted) throw new StoppedError();
		const status = await settle(client.status(uuid, signal));
		if (!(status instanceof RequestError)) videoUrl = usableUrlOf(status) ?? videoUrl;
	}
}

/** Whether the API returned anything as the URL of the video. */
export const hasUrl = ({ videoUrl }: JsonObject): boolean =>
	videoUrl !== undefined && videoUrl !== null && videoUrl !== '';
