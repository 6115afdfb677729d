import type { BinaryHelperFunctions } from 'n8n-workflow';

/** A byte stream as n8n's binary helpers return and take it. */
export type BinaryStream = Awaited<ReturnType<BinaryHelperFunctions['getBinaryStream']>>;

/** An image for `POST /upload-video-image`. */
export interface ImageFile {
	fileName: string;
	mimeType: string;
	bytes: number;
	/** Called once per attempt: a stream can be read only once. */
	open(): Promise<BinaryStream | Buffer>;
}

export interface ApiRequest {
	method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
	/** Below the base URL, with its leading slash. */
	path: string;
	json?: object;
	file?: ImageFile;
}

export interface ApiAnswer {
	httpStatus: number;
	/** The `Retry-After` header as sent: seconds or an HTTP date. */
	retryAfter?: string;
	body: string;
}

/** No complete answer came back. */
export interface NoAnswer {
	noAnswer:
		'refused' | 'dns' | 'unreachable' | 'connectTimeout' | 'tls' | 'timeout' | 'reset' | 'tooLarge';
	/** The network error code, such as `ECONNREFUSED`. */
	networkCode?: string;
}

/**
 * Sends one authorized request without following redirects. Returns every answer, whatever its HTTP status. Throws
 * `StoppedError` when `signal` fires, and nothing else.
 */
export interface Transport {
	(request: ApiRequest, signal?: AbortSignal): Promise<ApiAnswer | NoAnswer>;
	/** The same for the same API key. Does not reveal the key. */
	account?: string;
}
