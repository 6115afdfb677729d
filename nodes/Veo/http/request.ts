import { randomUUID } from 'crypto';
import {
	type IBinaryData,
	type ICredentialDataDecryptedObject,
	type ICredentialTestFunctions,
	type IExecuteFunctions,
	type IHttpRequestOptions,
	type IPollFunctions,
	sleep,
} from 'n8n-workflow';
import { VeoApi } from '../../../credentials/VeoApi.credentials';
import { VeoJobTableApi } from '../../../credentials/VeoJobTableApi.credentials';
import { isWebAddress, textFrom } from '../api/validation';
import type { Clock } from '../api/clock';
import { byStatus, toDelayMs } from '../api/envelope';
import { badApiKey, badBaseUrl } from '../errors/messages';
import { isJsonObject, type JsonObject, type Outcome } from '../errors/outcome';
import {
	type BinaryStream,
	type ImageFile,
	type NoAnswer,
	Stopped,
	toNoAnswer,
	type Transport,
} from '../api/transport';

export type HttpContext = IExecuteFunctions | IPollFunctions;

/** The credential types, and what they have in common. */
const CREDENTIALS = { veoApi: VeoApi, veoJobTableApi: VeoJobTableApi };
export type CredentialType = keyof typeof CREDENTIALS;

export interface KeyAndAddress {
	apiKey: string;
	baseUrl: string;
}

/** The fields of a credential, of which n8n knows only that they are some JSON. Throws `VeoFailure`. */
export function readCredentials(
	credentialType: CredentialType,
	data: ICredentialDataDecryptedObject = {},
): KeyAndAddress {
	const { displayName } = new CREDENTIALS[credentialType]();
	const baseUrl = textFrom(data.baseUrl).replace(/\/+$/, '');
	if (!isWebAddress(baseUrl)) throw badBaseUrl(displayName);
	const apiKey = textFrom(data.apiKey);
	// What no header can hold would never be sent, and could not be told from a connection that broke.
	if (!/^[\x21-\x7e]+$/.test(apiKey)) throw badApiKey(displayName);
	return { apiKey, baseUrl };
}

/** Far more than any documented answer has; a larger one is not read to its end. */
const LARGEST_ANSWER_BYTES = 1024 * 1024;
/** An upload may take as long as a slow line needs: 64 kB a second. */
const SLOWEST_UPLOAD_BYTES_PER_MS = 64;
/** Far more than any video of the service has. */
const LARGEST_VIDEO_BYTES = 2 * 1024 * 1024 * 1024;
const LONGEST_DOWNLOAD_MS = 30 * 60_000;
/** Node takes a longer time for none at all. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Whoever sleeps looks at the clock again. */
const LONGEST_SLEEP_MS = 60 * 60_000;

export const systemClock: Clock = {
	now: () => Date.now(),
	random: () => Math.random(),
	sleep: async (ms, signal) => {
		await orAborted(sleep(Math.min(ms, LONGEST_SLEEP_MS)), [signal]).catch(() => undefined);
	},
};

/** Sends one authorized request by one of n8n's helpers, and gives what the helper gives. */
export type Send = (options: IHttpRequestOptions) => Promise<unknown>;

/** The one helper that n8n gives to a credential's test. It knows no credential, and other names for the options. */
export const sendFromTest =
	(
		{ helpers }: ICredentialTestFunctions,
		credentialType: CredentialType,
		credentials: KeyAndAddress,
	): Send =>
	async (options) => {
		const { authenticate } = new CREDENTIALS[credentialType]();
		const authorized = await authenticate({ ...credentials }, options);
		return (await helpers.request({
			...authorized,
			useStream: true,
			simple: false,
			resolveWithFullResponse: true,
			followRedirect: false,
		})) as unknown;
	};

/**
 * The API that the node's credential is for, by n8n's helper for nodes: it brings the credential, proxies, TLS settings and
 * egress rules of the instance. Throws `VeoFailure` where the credential cannot be used.
 */
export async function openTransport(
	context: HttpContext,
	credentialType: CredentialType,
	requestTimeoutMs: number,
): Promise<Transport> {
	const data = await context.getCredentials<ICredentialDataDecryptedObject>(credentialType);
	// Otherwise n8n decrypts it anew for each request, which takes it longer than all the rest of the request.
	const credentialsDecrypted = { id: '', name: '', type: credentialType, data };
	const send: Send = async (options) =>
		(await context.helpers.httpRequestWithAuthentication.call(context, credentialType, options, {
			credentialsDecrypted,
		})) as unknown;
	return apiTransport(send, readCredentials(credentialType, data), requestTimeoutMs);
}

/** An API by way of `send`. */
export function apiTransport(
	send: Send,
	{ apiKey, baseUrl }: KeyAndAddress,
	requestTimeoutMs: number,
): Transport {
	return async ({ method, path, json, file }, stop) => {
		const uploadMs = (file?.bytes ?? 0) / SLOWEST_UPLOAD_BYTES_PER_MS;
		const result = await withDeadline(requestTimeoutMs + uploadMs, stop, async (signal) => {
			const multipart = file && (await toMultipart(file));
			const options: IHttpRequestOptions = {
				...streamed(signal, requestTimeoutMs),
				method,
				url: baseUrl + path,
				headers: { Accept: 'application/json', ...multipart?.headers },
				body: multipart?.body ?? json,
				// The key would go along to wherever a redirect points.
				disableFollowRedirect: true,
			};
			const answer = await open(send(options), signal).finally(
				() => isStream(multipart?.body) && multipart.body.destroy(),
			);

			const body = await readText(answer.body);
			return body === undefined ? undefined : { ...answer, body };
		});
		if ('noAnswer' in result) return result;
		if (result.done === undefined) return { noAnswer: 'tooLarge' };
		const { httpStatus, body } = result.done;
		return {
			httpStatus,
			retryAfter: headerOf(result.done, 'retry-after'),
			body: withoutKey(body, apiKey),
		};
	};
}

/** Should a server echo the key, it goes no further than here. JSON may spell it in many ways, the parser in one. */
function withoutKey(body: string, apiKey: string): string {
	if (apiKey.length < 8) return body;
	const plain = body.includes('\\') ? respelled(body) : body;
	return plain.replaceAll(apiKey, '*****');
}

function respelled(json: string): string {
	try {
		return JSON.stringify(JSON.parse(json));
	} catch {
		return json;
	}
}

/**
 * Streams a finished video into n8n's binary store. The key is not sent: the video may lie anywhere. Gives the outcome
 * where there was no video to be had, and throws `Stopped`.
 */
export async function downloadVideo(
	context: HttpContext,
	url: string,
	uuid: string,
	requestTimeoutMs: number,
	stop?: AbortSignal,
): Promise<IBinaryData | Outcome> {
	let bytes = 0;
	const download = async (deadline: AbortSignal): Promise<IBinaryData | Outcome> => {
		const signal = stop ? AbortSignal.any([stop, deadline]) : deadline;
		const answer = await open(
			context.helpers.httpRequest({ ...streamed(signal, requestTimeoutMs), method: 'GET', url }),
			signal,
		);
		const name = byStatus(answer.httpStatus);
		const mimeType = videoTypeOf(headerOf(answer, 'content-type'));
		if (name !== undefined || mimeType === undefined) {
			answer.body.destroy();
			const retryAfterMs = toDelayMs(headerOf(answer, 'retry-after'), Date.now());
			return { name: name ?? 'shape', httpStatus: answer.httpStatus, retryAfterMs };
		}

		const { body } = answer;
		countBytes(body, (length) => {
			bytes += length;
			if (bytes > LARGEST_VIDEO_BYTES) body.destroy(new Error('The video is too large'));
		});
		const stored = new AbortController();
		const end = () => body.destroy(new Error('The download was given up'));
		void endWhenIdle(() => bytes, requestTimeoutMs, stored.signal, end);
		// The name is our own: what a server suggests may hold path parts.
		const fileName = `${uuid.replace(/[^\w-]/g, '_')}.${EXTENSIONS[mimeType] ?? 'mp4'}`;
		return await context.helpers
			.prepareBinaryData(body, fileName, mimeType)
			.finally(() => stored.abort());
	};

	const result = await withDeadline(LONGEST_DOWNLOAD_MS, stop, download);
	if (bytes > LARGEST_VIDEO_BYTES) return { name: 'tooLarge' };
	if ('noAnswer' in result) return { name: result.noAnswer, networkCode: result.networkCode };
	// Nothing is no video, whatever its type is said to be.
	return bytes === 0 && 'mimeType' in result.done ? { name: 'empty' } : result.done;
}

/**
 * Tells how much of a body goes to whoever reads it, and when. A listener of our own would set it flowing before anyone
 * reads; so it is held until the reader, however n8n stores files, begins to listen.
 */
function countBytes(body: BinaryStream, count: (length: number) => void): void {
	body.pause();
	body.on('data', (chunk: Buffer) => count(chunk.length));
	body.on('newListener', (event) => {
		if (event === 'data') queueMicrotask(() => body.resume());
	});
}

const EXTENSIONS: Record<string, string> = {
	'video/mp4': 'mp4',
	'video/webm': 'webm',
	'video/quicktime': 'mov',
};

/** The MIME type to store; nothing where the server says that it is no video. */
function videoTypeOf(contentType = ''): string | undefined {
	const mimeType = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
	if (mimeType.startsWith('video/')) return mimeType;
	return mimeType === '' || /^(application|binary)\/octet-stream$/.test(mimeType)
		? 'video/mp4'
		: undefined;
}

async function endWhenIdle(
	progress: () => number,
	idleMs: number,
	done: AbortSignal,
	end: () => void,
): Promise<void> {
	let before = progress();
	let sinceMs = Date.now();
	while (!done.aborted && Date.now() - sinceMs < idleMs) {
		await systemClock.sleep(1000, done);
		if (progress() === before) continue;
		before = progress();
		sinceMs = Date.now();
	}
	if (!done.aborted) end();
}

interface Answer {
	httpStatus: number;
	headers: JsonObject;
	body: BinaryStream;
}

/** Answers are streamed, whatever their status, so that none is held whole before its size is known. */
const streamed = (signal: AbortSignal, timeoutMs: number) =>
	({
		encoding: 'stream',
		returnFullResponse: true,
		ignoreHttpStatusErrors: true,
		timeout: Math.min(timeoutMs, LONGEST_TIMER_MS),
		abortSignal: signal,
	}) as const;

/** Waits for an answer's head. Its body is destroyed when the signal fires, even when it comes only afterwards. */
async function open(request: Promise<unknown>, signal: AbortSignal): Promise<Answer> {
	const response = await request;
	if (!isJsonObject(response) || !isStream(response.body)) throw new Error('No HTTP response');
	const { body, statusCode, headers } = response;
	const end = () => body.destroy(new Error('The request was given up'));
	// Whoever reads the body hears of this; before that, nobody may.
	body.on('error', () => undefined);
	body.once('close', onAbort(signal, end));
	return { httpStatus: Number(statusCode), headers: isJsonObject(headers) ? headers : {}, body };
}

function isStream(value: unknown): value is BinaryStream {
	return isJsonObject(value) && typeof value.destroy === 'function' && 'readable' in value;
}

function headerOf({ headers }: Pick<Answer, 'headers'>, name: string): string | undefined {
	const value = headers[name];
	return typeof value === 'string' ? value : undefined;
}

/** The whole body, or nothing where it is larger than any answer of the API. */
async function readText(body: BinaryStream): Promise<string | undefined> {
	const chunks: Buffer[] = [];
	let bytes = 0;
	for await (const chunk of body) {
		if (!Buffer.isBuffer(chunk)) continue;
		bytes += chunk.length;
		if (bytes > LARGEST_ANSWER_BYTES) return undefined;
		chunks.push(chunk);
	}
	return Buffer.concat(chunks).toString('utf8');
}

/**
 * The image as a multipart body. A stream stays one, so that a large image is never held whole; the length is known
 * beforehand, as many servers want it.
 */
async function toMultipart(image: ImageFile) {
	const { fileName, mimeType, bytes } = image;
	const boundary = randomUUID();
	const head = Buffer.from(
		`--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${fileName}"\r\nContent-Type: ${mimeType}\r\n\r\n`,
	);
	const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
	const file = await image.open();
	const body = Buffer.isBuffer(file)
		? Buffer.concat([head, file, tail])
		: file.compose<BinaryStream>(async function* (chunks: AsyncIterable<Buffer>) {
				yield head;
				yield* chunks;
				yield tail;
			});
	if (isStream(body)) {
		// Destroyed when the request ends early; nobody has to hear of that twice.
		body.on('error', () => undefined);
		// On Node.js 20, the stream that `body` is made of may stay open when `body` is destroyed.
		body.once('close', () => isStream(file) && file.destroy());
	}
	return {
		headers: {
			'Content-Type': `multipart/form-data; boundary=${boundary}`,
			'Content-Length': String(head.length + bytes + tail.length),
		},
		body,
	};
}

/**
 * Runs `work` until it is done, the time is up or `stop` fires; `work` is given the signal of its time alone. To make
 * one of both took near half of what a request cost beyond n8n's helper. Throws only `Stopped`.
 */
async function withDeadline<T>(
	timeoutMs: number,
	stop: AbortSignal | undefined,
	work: (deadline: AbortSignal) => Promise<T>,
): Promise<{ done: T } | NoAnswer> {
	const deadline = AbortSignal.timeout(Math.min(Math.ceil(timeoutMs), LONGEST_TIMER_MS));
	// n8n's helper puts the execution's own signal in place of this one, so its promise may outlive the deadline.
	const result = await orAborted(work(deadline), [deadline, stop]).then(
		(done) => ({ done }),
		(thrown: unknown) =>
			deadline.aborted ? ({ noAnswer: 'timeout' } as const) : toNoAnswer(thrown),
	);
	if (stop?.aborted) throw new Stopped();
	return result;
}

/** The promise, or a rejection as soon as one of the signals fires. */
async function orAborted<T>(
	promise: Promise<T>,
	signals: Array<AbortSignal | undefined>,
): Promise<T> {
	return await new Promise((resolve, reject) => {
		const forget = signals.map((signal) => signal && onAbort(signal, () => reject(new Stopped())));
		promise.then(resolve, reject).finally(() => forget.forEach((one) => one?.()));
	});
}

interface Listener {
	callbacks: Set<() => void>;
	callAll: () => void;
}
const listenersOf = new WeakMap<AbortSignal, Listener>();

/**
 * Calls back when the signal fires, or at once when it has; gives what takes that back. Many jobs wait on one signal,
 * and Node warns of a leak where a signal has more than ten listeners; so each signal gets one for all.
 */
function onAbort(signal: AbortSignal, callback: () => void): () => void {
	if (signal.aborted) callback();
	const { callbacks, callAll } = listenersOf.get(signal) ?? listenTo(signal);
	callbacks.add(callback);
	return () => {
		if (!callbacks.delete(callback) || callbacks.size > 0) return;
		// It would keep all that a request held until the request's time is up.
		signal.removeEventListener('abort', callAll);
		listenersOf.delete(signal);
	};
}

function listenTo(signal: AbortSignal): Listener {
	const callbacks = new Set<() => void>();
	const listener = { callbacks, callAll: () => callbacks.forEach((one) => one()) };
	listenersOf.set(signal, listener);
	signal.addEventListener('abort', listener.callAll, { once: true });
	return listener;
}
