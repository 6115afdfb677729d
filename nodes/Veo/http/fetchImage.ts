import { isPrivateAddress } from '../api/address';
import { byStatus, toDelayMs } from '../api/envelope';
import {
	CONTENT_HEAD_BYTES,
	contentNameOf,
	IMAGE_FORMATS_TEXT,
	imageTypeOf,
	MAX_IMAGE_BYTES,
} from '../api/image';
import type { BinaryStream } from '../api/transport';
import {
	fetchedNoImage,
	fetchedTooLarge,
	imageUrlWithPassword,
	privateFetch,
} from '../errors/messages';
import { type Outcome, RequestError } from '../errors/outcome';
import { VeoError } from '../errors/VeoError';
import { withDeadline } from './deadline';
import type { HttpContext } from './request';
import {
	headerOf,
	isDecompressed,
	openResponse,
	type StreamedResponse,
	streamOptions,
} from './response';

const MAX_REDIRECTS = 3;

export interface FetchRules {
	/** For the whole image. */
	timeoutMs: number;
	/** Whether addresses of private networks are left to the SSRF protection of n8n. */
	allowPrivate: boolean;
	signal?: AbortSignal;
}

/**
 * Fetches an image from any host, without a credential. Checks each redirect like the first address, and the first bytes
 * before it reads more. Throws `VeoError` for what another try cannot change, `RequestError` and `StoppedError`.
 */
export async function fetchImage(
	context: HttpContext,
	address: string,
	{ timeoutMs, allowPrivate, signal }: FetchRules,
): Promise<Buffer> {
	const result = await withDeadline(timeoutMs, signal, async (deadline) => {
		let url = address;
		for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
			const refused = refusalOf(url, allowPrivate);
			if (refused) return refused;
			const response = await openResponse(
				context.helpers.httpRequest({
					...streamOptions(deadline, timeoutMs),
					method: 'GET',
					url,
					headers: {
						Accept: 'image/png, image/jpeg, image/webp, */*;q=0.1',
						'Accept-Encoding': 'identity',
					},
					disableFollowRedirect: true,
				}),
				deadline,
			);
			const next = redirectOf(response, url);
			if (next === undefined) return await readImage(response);
			response.body.destroy();
			url = next;
		}
		return { name: 'redirect' } as const;
	});
	if ('noAnswer' in result) {
		throw new RequestError({ name: result.noAnswer, networkCode: result.networkCode });
	}
	const { done } = result;
	if (done instanceof VeoError) throw done;
	if (!Buffer.isBuffer(done)) throw new RequestError(done);
	return done;
}

function refusalOf(url: string, allowPrivate: boolean): VeoError | undefined {
	const { username, password } = new URL(url);
	if (username !== '' || password !== '') return imageUrlWithPassword();
	return !allowPrivate && isPrivateAddress(url) ? privateFetch() : undefined;
}

/** Where a redirect leads; undefined if the response is none that can be followed. */
function redirectOf(response: StreamedResponse, url: string): string | undefined {
	const location = headerOf(response, 'location');
	if (location === undefined || ![301, 302, 303, 307, 308].includes(response.httpStatus)) {
		return undefined;
	}
	if (!URL.canParse(location, url)) return undefined;
	const next = new URL(location, url);
	return /^https?:$/.test(next.protocol) ? next.href : undefined;
}

async function readImage(response: StreamedResponse): Promise<Buffer | Outcome | VeoError> {
	const { body, httpStatus } = response;
	try {
		const name = byStatus(httpStatus);
		if (name !== undefined) {
			return { name, httpStatus, retryAfterMs: toDelayMs(headerOf(response, 'retry-after')) };
		}
		if (isDecompressed(body)) return { name: 'shape', httpStatus };
		return await readBody(body, Number(headerOf(response, 'content-length') ?? NaN));
	} finally {
		body.destroy();
	}
}

async function readBody(body: BinaryStream, announced: number): Promise<Buffer | VeoError> {
	const size = Number.isFinite(announced) ? announced : undefined;
	const chunks: Buffer[] = [];
	let bytes = 0;
	let isImage = false;
	const notAnImage = (total?: number) =>
		fetchedNoImage(contentNameOf(Buffer.concat(chunks), total), IMAGE_FORMATS_TEXT);
	for await (const chunk of body) {
		if (!Buffer.isBuffer(chunk)) continue;
		chunks.push(chunk);
		bytes += chunk.length;
		if (!isImage && bytes >= CONTENT_HEAD_BYTES) {
			isImage = imageTypeOf(Buffer.concat(chunks)) !== undefined;
			if (!isImage) return notAnImage(size);
		}
		if (bytes > MAX_IMAGE_BYTES || (isImage && (size ?? 0) > MAX_IMAGE_BYTES)) {
			return fetchedTooLarge(MAX_IMAGE_BYTES);
		}
	}
	const content = Buffer.concat(chunks);
	return isImage || imageTypeOf(content) !== undefined ? content : notAnImage(bytes);
}
