import type { IBinaryData } from 'n8n-workflow';
import { sleepUnlessAborted } from '../api/abort';
import { byStatus, toDelayMs } from '../api/envelope';
import type { BinaryStream } from '../api/transport';
import type { Outcome } from '../errors/outcome';
import { withDeadline } from './deadline';
import type { HttpContext } from './request';
import { headerOf, openResponse, streamOptions } from './response';

/** Far above the size of any video of the service. */
const MAX_VIDEO_BYTES = 2 * 1024 * 1024 * 1024;
const MAX_DOWNLOAD_MS = 30 * 60_000;

/**
 * Streams a finished video into n8n's binary storage. The key is not sent, because the video may be on any host. Returns
 * the outcome if there is no video at the URL. Throws `StoppedError`.
 */
export async function downloadVideo(
	context: HttpContext,
	url: string,
	fileStem: string,
	requestTimeoutMs: number,
	stop?: AbortSignal,
): Promise<IBinaryData | Outcome> {
	let bytes = 0;
	const download = async (deadline: AbortSignal): Promise<IBinaryData | Outcome> => {
		const signal = stop ? AbortSignal.any([stop, deadline]) : deadline;
		const response = await openResponse(
			context.helpers.httpRequest({
				...streamOptions(signal, requestTimeoutMs),
				method: 'GET',
				url,
			}),
			signal,
		);
		const { body, httpStatus } = response;
		const name = byStatus(httpStatus);
		const mimeType = videoTypeOf(headerOf(response, 'content-type'));
		if (name !== undefined || mimeType === undefined) {
			body.destroy();
			const retryAfterMs = toDelayMs(headerOf(response, 'retry-after'));
			return { name: name ?? 'shape', httpStatus, retryAfterMs };
		}
		onChunk(body, (length) => {
			bytes += length;
			if (bytes > MAX_VIDEO_BYTES) body.destroy(new Error('The video is too large'));
		});
		const stored = new AbortController();
		const abort = () => body.destroy(new Error('The download was aborted'));
		void abortWhenIdle(() => bytes, requestTimeoutMs, stored.signal, abort);
		const fileName = `${fileStem}.${EXTENSIONS[mimeType] ?? 'mp4'}`;
		return await context.helpers
			.prepareBinaryData(body, fileName, mimeType)
			.finally(() => stored.abort());
	};

	const result = await withDeadline(MAX_DOWNLOAD_MS, stop, download);
	if (bytes > MAX_VIDEO_BYTES) return { name: 'tooLarge' };
	if ('noAnswer' in result) return { name: result.noAnswer, networkCode: result.networkCode };
	// An empty body is not a video, whatever its Content-Type.
	return bytes === 0 && 'mimeType' in result.done ? { name: 'empty' } : result.done;
}

/**
 * Calls back with the length of each chunk. A listener would start the stream before n8n reads it, so the stream is
 * paused until n8n adds its own listener.
 */
function onChunk(body: BinaryStream, callback: (length: number) => void): void {
	body.pause();
	body.on('data', (chunk: Buffer) => callback(chunk.length));
	body.on('newListener', (event) => {
		if (event === 'data') queueMicrotask(() => body.resume());
	});
}

const EXTENSIONS: Record<string, string> = {
	'video/mp4': 'mp4',
	'video/webm': 'webm',
	'video/quicktime': 'mov',
};

/** The MIME type to store; undefined if the server says that it is not a video. */
function videoTypeOf(contentType = ''): string | undefined {
	const mimeType = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
	if (mimeType.startsWith('video/')) return mimeType;
	return mimeType === '' || /^(application|binary)\/octet-stream$/.test(mimeType)
		? 'video/mp4'
		: undefined;
}

/** Calls `abort` when `progress` has not changed for `idleMs`. */
async function abortWhenIdle(
	progress: () => number,
	idleMs: number,
	done: AbortSignal,
	abort: () => void,
): Promise<void> {
	let before = progress();
	let sinceMs = Date.now();
	while (!done.aborted && Date.now() - sinceMs < idleMs) {
		await sleepUnlessAborted(1000, done);
		if (progress() === before) continue;
		before = progress();
		sinceMs = Date.now();
	}
	if (!done.aborted) abort();
}
