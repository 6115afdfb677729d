import type { IBinaryData } from 'n8n-workflow';
import { sleepUnlessAborted } from '../api/abort';
import { byStatus, toDelayMs } from '../api/envelope';
import type { BinaryStream } from '../api/transport';
import { VIDEO_HEAD_BYTES, videoTypeOf } from '../api/video';
import type { Outcome } from '../errors/outcome';
import { withDeadline } from './deadline';
import type { HttpContext } from './request';
import { headerOf, isDecompressed, openResponse, streamOptions } from './response';

/** Far above the size of any video of the service. */
const MAX_VIDEO_BYTES = 2 * 1024 * 1024 * 1024;
/** Where n8n holds files in memory. */
const MAX_BYTES_IN_MEMORY = 128 * 1024 * 1024;
const MAX_DOWNLOAD_MS = 30 * 60_000;

/** The bytes and the time for all tries to download one video. */
export class DownloadBudget {
	private readonly untilMs = Date.now() + MAX_DOWNLOAD_MS;
	bytes = 0;

	/** Not negative, in ms. */
	remainingMs(): number {
		return Math.max(0, this.untilMs - Date.now());
	}

	get isSpent(): boolean {
		return this.bytes > MAX_VIDEO_BYTES;
	}
}

/**
 * Streams a finished video into n8n's binary storage. The key is not sent, because the video may be on any host. Returns
 * the outcome if there is no video at the URL: its first bytes decide. Throws `StoppedError`.
 */
export async function downloadVideo(
	context: HttpContext,
	url: string,
	fileStem: string,
	requestTimeoutMs: number,
	budget: DownloadBudget,
	stop?: AbortSignal,
): Promise<IBinaryData | Outcome> {
	let isTooLarge = false;
	const download = async (signal: AbortSignal): Promise<IBinaryData | Outcome> => {
		const response = await openResponse(
			context.helpers.httpRequest({
				...streamOptions(signal, requestTimeoutMs),
				method: 'GET',
				url,
				headers: { 'Accept-Encoding': 'identity' },
			}),
			signal,
		);
		const { body, httpStatus } = response;
		const reject = (name: Outcome['name']): Outcome => {
			body.destroy();
			return { name, httpStatus, retryAfterMs: toDelayMs(headerOf(response, 'retry-after')) };
		};
		const name = byStatus(httpStatus);
		if (name !== undefined) return reject(name);
		if (isDecompressed(body)) return reject('shape');

		const stored = new AbortController();
		const abort = (reason: string) => body.destroy(new Error(reason));
		const before = budget.bytes;
		void abortWhenIdle(
			() => budget.bytes,
			requestTimeoutMs,
			stored.signal,
			() => abort('The download was aborted'),
		);
		try {
			const head = await readHead(body, signal);
			if (head.length === 0) return reject('empty');
			const type = videoTypeOf(head);
			if (!type) return reject(/^\s*</.test(head.toString('latin1')) ? 'html' : 'shape');
			onChunk(body, (length) => {
				budget.bytes += length;
				isTooLarge ||= budget.isSpent;
				if (isTooLarge) abort('The video is too large');
				if (budget.bytes - before > MAX_BYTES_IN_MEMORY) void checkMemory();
			});
			const fileName = `${fileStem}.${type.extension}`;
			return await context.helpers.prepareBinaryData(body, fileName, type.mimeType);
		} finally {
			stored.abort();
		}

		/** n8n does not say where it stores files. An empty file has an ID only if it is stored outside of memory. */
		async function checkMemory(): Promise<void> {
			isInMemory ??= context.helpers
				.prepareBinaryData(Buffer.alloc(0), 'empty', 'application/octet-stream')
				.then(({ id }) => id === undefined);
			if (!(await isInMemory.catch(() => false))) return;
			isTooLarge = true;
			abort('The video is too large for memory');
		}
	};
	let isInMemory: Promise<boolean> | undefined;

	const result = await withDeadline(budget.remainingMs(), stop, download);
	if (isTooLarge) return { name: 'tooLarge' };
	if ('noAnswer' in result) return { name: result.noAnswer, networkCode: result.networkCode };
	return result.done;
}

/** The first bytes of a body, which are put back. */
async function readHead(body: BinaryStream, signal: AbortSignal): Promise<Buffer> {
	let head = Buffer.alloc(0);
	while (head.length < VIDEO_HEAD_BYTES) {
		const chunk: unknown = body.read();
		if (Buffer.isBuffer(chunk)) {
			head = Buffer.concat([head, chunk]);
		} else if (body.readableEnded || body.destroyed || signal.aborted) {
			break;
		} else {
			await new Promise<void>((resolve) => {
				for (const event of ['readable', 'end', 'close']) body.once(event, () => resolve());
			});
		}
	}
	if (body.errored) throw body.errored;
	if (head.length > 0) body.unshift(head);
	return head;
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
