import type { BinaryHelperFunctions } from 'n8n-workflow';
import { isJsonObject, type JsonObject } from '../errors/outcome';

/** A stream of bytes as n8n's binary helpers give and take it. */
export type BinaryStream = Awaited<ReturnType<BinaryHelperFunctions['getBinaryStream']>>;

/** An image on its way to `POST /upload-video-image`. `open` gives the bytes anew for each attempt. */
export interface ImageFile {
	fileName: string;
	mimeType: string;
	bytes: number;
	open(): Promise<BinaryStream | Buffer>;
}

export interface ApiRequest {
	method: 'GET' | 'POST' | 'PATCH';
	/** Below the base URL, with its leading slash. */
	path: string;
	json?: object;
	file?: ImageFile;
}

export interface ApiAnswer {
	httpStatus: number;
	/** The header as it came: seconds or an HTTP date. */
	retryAfter?: string;
	body: string;
}

/** No whole answer came back, and what is known of why. */
export interface NoAnswer {
	noAnswer:
		'refused' | 'dns' | 'unreachable' | 'connectTimeout' | 'tls' | 'timeout' | 'reset' | 'tooLarge';
	/** The network's own name for it, such as `ECONNREFUSED`. */
	networkCode?: string;
}

/**
 * Sends one request with the bearer key, once, without following redirects, and gives any answer whatever its HTTP
 * status. Throws only `Stopped`, when `signal` fired.
 */
export type Transport = (
	request: ApiRequest,
	signal?: AbortSignal,
) => Promise<ApiAnswer | NoAnswer>;

/** The user stopped the execution. */
export class Stopped extends Error {
	constructor() {
		// n8n tells a stopped execution from a failed one by this word.
		super('The execution was canceled');
	}
}

const BY_CODE: Record<string, NoAnswer['noAnswer']> = {
	ECONNREFUSED: 'refused',
	ENOTFOUND: 'dns',
	EAI_AGAIN: 'dns',
	EHOSTUNREACH: 'unreachable',
	ENETUNREACH: 'unreachable',
	EADDRNOTAVAIL: 'unreachable',
	ECONNABORTED: 'timeout',
	ETIMEDOUT: 'timeout',
	UND_ERR_CONNECT_TIMEOUT: 'connectTimeout',
	UND_ERR_HEADERS_TIMEOUT: 'timeout',
	UND_ERR_BODY_TIMEOUT: 'timeout',
};

// Only refusals of the certificate, which end the handshake: any other TLS fault may strike after the request was sent.
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_GET_ISSUER|UNABLE_TO_VERIFY/;

/**
 * Tells apart what a thrown network fault means, whichever HTTP library threw it: n8n's helpers wrap axios, which wraps
 * Node. A fault that is not known counts as `reset`, the outcome that promises least.
 */
export function toNoAnswer(thrown: unknown): NoAnswer {
	const faults = faultsWithin(thrown);
	// n8n's SSRF protection may forbid an address; then nothing was sent.
	const forbidden = faults.map(({ name }) => name).find((name) => /^Ssrf/.test(String(name)));
	if (isText(forbidden)) return { noAnswer: 'unreachable', networkCode: forbidden };
	const codes = faults.flatMap(({ code, httpCode }) => [code, httpCode].filter(isText));
	const calls = faults.flatMap(callsOf);
	const known = codes.find((code) => Object.hasOwn(BY_CODE, code) || CERTIFICATE.test(code));
	// Even "refused" and "unreachable" can strike a connection that stands, when the request may be out already.
	const stood = calls.includes('read') || calls.includes('write');
	const connecting = calls.includes('connect') && !stood;
	// Systems have many codes for what keeps them from connecting. Whichever it is, nothing was sent.
	if (known === undefined && connecting) return { noAnswer: 'unreachable', networkCode: codes[0] };
	if (known === undefined || (stood && known !== 'ETIMEDOUT')) {
		return { noAnswer: 'reset', networkCode: known ?? codes[0] };
	}
	if (known === 'ETIMEDOUT' && connecting) {
		return { noAnswer: 'connectTimeout', networkCode: known };
	}
	return { noAnswer: BY_CODE[known] ?? 'tls', networkCode: known };
}

/**
 * What was going on when it struck: `connect`, `read` or `write`. Some versions of n8n keep of a fault that they wrap no
 * more than its code, as `httpCode`, and its text, which begins with the call.
 */
function callsOf({ syscall, message, messages }: JsonObject): string[] {
	const texts: unknown[] = Array.isArray(messages) ? messages : [];
	const begun = [message, ...texts]
		.filter(isText)
		.map((text) => /^(connect|read|write) /.exec(text)?.[1]);
	return [syscall, ...begun].filter(isText);
}

const isText = (value: unknown) => typeof value === 'string';

/** A fault, what caused it, and, where several addresses of a host were tried, the fault of each. */
function faultsWithin(fault: unknown, depth = 0): JsonObject[] {
	if (!isJsonObject(fault) || depth > 5) return [];
	const others: unknown[] = Array.isArray(fault.errors) ? fault.errors : [];
	return [fault, ...[fault.cause, ...others].flatMap((other) => faultsWithin(other, depth + 1))];
}
