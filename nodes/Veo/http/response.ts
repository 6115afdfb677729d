import { onAbort } from '../api/abort';
import { isJsonObject, type JsonObject } from '../api/json';
import type { BinaryStream } from '../api/transport';
import { toTimerMs } from './deadline';

export interface StreamedResponse {
	httpStatus: number;
	headers: JsonObject;
	body: BinaryStream;
}

/** Options of n8n's helper that stream every answer, so that its size is checked before it is in memory. */
export const streamOptions = (signal: AbortSignal, timeoutMs: number) =>
	({
		encoding: 'stream',
		returnFullResponse: true,
		ignoreHttpStatusErrors: true,
		timeout: toTimerMs(timeoutMs),
		abortSignal: signal,
	}) as const;

/** Waits for the head of a response. Its body is destroyed when the signal fires. Throws what the request throws. */
export async function openResponse(
	request: Promise<unknown>,
	signal: AbortSignal,
): Promise<StreamedResponse> {
	const response = await request;
	if (!isJsonObject(response) || !isStream(response.body)) throw new Error('No HTTP response');
	const { body, statusCode, headers } = response;
	const abort = () => body.destroy(new Error('The request was aborted'));
	// The reader of the body gets the error too. Without this listener, an error before the first read crashes n8n.
	body.on('error', () => undefined);
	body.once('close', onAbort(signal, abort));
	return { httpStatus: Number(statusCode), headers: isJsonObject(headers) ? headers : {}, body };
}

export function isStream(value: unknown): value is BinaryStream {
	return isJsonObject(value) && typeof value.destroy === 'function' && 'readable' in value;
}

/** n8n's helper decompresses a body although none was asked for. Such a body is a zlib stream, which counts its input. */
export const isDecompressed = (body: BinaryStream): boolean => 'bytesWritten' in body;

export function headerOf(
	{ headers }: Pick<StreamedResponse, 'headers'>,
	name: string,
): string | undefined {
	const value = headers[name];
	return typeof value === 'string' ? value : undefined;
}

/** The body as text; undefined if it is larger than `maxBytes`. */
export async function readText(body: BinaryStream, maxBytes: number): Promise<string | undefined> {
	const chunks: Buffer[] = [];
	let bytes = 0;
	for await (const chunk of body) {
		if (!Buffer.isBuffer(chunk)) continue;
		bytes += chunk.length;
		if (bytes > maxBytes) return undefined;
		chunks.push(chunk);
	}
	return Buffer.concat(chunks).toString('utf8');
}
