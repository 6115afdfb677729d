import type { IBinaryData } from 'n8n-workflow';
import { Backoff } from '../api/backoff';
import type { JsonObject } from '../api/json';
import { type RetryRules, withRetries } from '../api/retry';
import { isWebAddress } from '../api/validation';
import { downloadFailed, invalidVideoUrl, noVideoUrl } from '../errors/messages';
import { RequestError, settle } from '../errors/outcome';
import { downloadVideo } from '../http/download';
import type { HttpContext } from '../http/request';
import { toFileStem } from './fileName';

export interface Video extends JsonObject {
	uuid: string;
	status: string;
}

export interface DownloadRules {
	retry: Pick<RetryRules, 'maxRetries' | 'signal'>;
	requestTimeoutMs: number;
	/** The name of the file as the user wants it. The `uuid` if it is blank. */
	fileName?: unknown;
}

/**
 * Downloads a finished video and returns it as the item's file in `field`. Throws `VeoError` with the `uuid`, and
 * `StoppedError`.
 */
export async function attachVideo(
	context: HttpContext,
	video: Video,
	field: string,
	{ retry, requestTimeoutMs, fileName }: DownloadRules,
): Promise<{ binary?: Record<string, IBinaryData> }> {
	const { uuid } = video;
	const videoUrl = checkVideoUrl(video);
	if (videoUrl === undefined) throw noVideoUrl(uuid);

	// A file name from the server may contain path segments.
	const stem = toFileStem(fileName) ?? uuid.replace(/[^\w-]/g, '_');
	const download = async () => {
		const result = await downloadVideo(context, videoUrl, stem, requestTimeoutMs, retry.signal);
		if (isBinaryData(result)) return result;
		throw new RequestError(result);
	};
	// A backoff of its own: a slow video host must not slow down the Veo API.
	const file = await settle(withRetries(download, { ...retry, backoff: new Backoff() }));
	if (file instanceof RequestError) throw downloadFailed(uuid, file.outcome);
	return { binary: { [field]: file } };
}

/** Returns the URL of a finished video; undefined if there is none. Throws `VeoError` if it is not http(s). */
export function checkVideoUrl({ uuid, videoUrl }: Video): string | undefined {
	if (videoUrl === undefined || videoUrl === null || videoUrl === '') return undefined;
	if (typeof videoUrl === 'string' && isWebAddress(videoUrl)) return videoUrl;
	throw invalidVideoUrl(uuid, videoUrl);
}

const isBinaryData = (result: object): result is IBinaryData => 'mimeType' in result;
