import { setTimeout as sleep } from 'node:timers/promises';
import { FormData, request } from 'undici';
import type { Emulator } from '../../emulator';

export const key = 'veo-emulator-key';
export const textRequest = {
	generationType: 'text_to_video',
	prompt: 'A red fox in fresh snow',
} as const;

/** The answer to a request. `json` is undefined if the body is not JSON. */
export interface Received {
	status: number;
	headers: Record<string, string | string[] | undefined>;
	bytes: Buffer;
	json: unknown;
}

export interface Call {
	method?: 'GET' | 'POST' | 'HEAD';
	headers?: Record<string, string>;
	body?: string | FormData;
	signal?: AbortSignal;
}

export async function call(url: string, { headers: own, ...call }: Call = {}): Promise<Received> {
	const answer = await request(url, {
		...call,
		headers: { authorization: `Bearer ${key}`, ...own },
	});
	const bytes = Buffer.from(await answer.body.arrayBuffer());
	const { statusCode: status, headers } = answer;
	return { status, headers, bytes, json: parseJson(bytes) };
}

function parseJson(bytes: Buffer): unknown {
	try {
		return JSON.parse(bytes.toString());
	} catch {
		return undefined;
	}
}

/** Waits for something that the emulator registers shortly after its client. */
export async function until(condition: () => boolean): Promise<void> {
	while (!condition()) await sleep(5);
}

/** Reads a body until `enough` bytes have arrived, it ends or the connection breaks. */
export async function readSome(url: string, enough = Infinity) {
	const { headers, body } = await request(url, { headers: { authorization: `Bearer ${key}` } });
	const chunks: AsyncIterable<Uint8Array> = body;
	let bytes = 0;
	let error: unknown;
	try {
		for await (const chunk of chunks) {
			bytes += chunk.length;
			if (bytes >= enough) break;
		}
	} catch (caught) {
		error = caught;
	}
	return { headers, bytes, error };
}

export function generate(emulator: Emulator, body: unknown, headers?: Record<string, string>) {
	return call(`${emulator.url}/generate-video`, {
		method: 'POST',
		headers: { 'content-type': 'application/json', ...headers },
		body: JSON.stringify(body),
	});
}

export function status(emulator: Emulator, uuid: string, signal?: AbortSignal) {
	return call(`${emulator.url}/video-status/${uuid}`, { signal });
}

export function upload(emulator: Emulator, content: Buffer, field = 'file', name = 'image.png') {
	const form = new FormData();
	form.append(field, new Blob([content], { type: 'image/png' }), name);
	return call(`${emulator.url}/upload-video-image`, { method: 'POST', body: form });
}

export const png = Buffer.concat([
	Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
	Buffer.alloc(100, 1),
]);
export const jpeg = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(100, 2)]);
export const webp = Buffer.concat([
	Buffer.from('RIFF\x64\0\0\0WEBPVP8 ', 'latin1'),
	Buffer.alloc(88),
]);

/** Stops the emulator's clock. Returns a function that advances it. */
export function stopClock(): (ms: number) => void {
	let now = Date.now();
	jest.spyOn(Date, 'now').mockImplementation(() => now);
	return (ms) => (now += ms);
}
