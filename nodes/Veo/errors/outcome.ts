import { notReturned } from './messages';
import { StoppedError, VeoError } from './VeoError';

/** Every way a request can end without the documented answer. `api/policy.ts` says what follows from each. */
export const OUTCOMES = [
	// The request did not reach the API.
	'refused',
	'dns',
	'unreachable',
	'connectTimeout',
	'tls',
	// The request may have reached the API, but no complete answer came back.
	'timeout',
	'reset',
	'tooLarge',
	// An answer without an envelope, named by its HTTP status.
	'redirect',
	'seeOther',
	'http401',
	'http403',
	'http4xxUnclear',
	'http429',
	'http4xx',
	'http5xx',
	// An answer with an envelope, named by its code.
	'code1000',
	'code1001',
	'code1002',
	'code1003',
	'code5000',
	'codeOther',
	// HTTP success, but the body is not what the API reference describes.
	'html',
	'empty',
	'notJson',
	'shape',
] as const;

export type OutcomeName = (typeof OUTCOMES)[number];

/** What is known about a request that did not get the documented answer. */
export interface Outcome {
	name: OutcomeName;
	httpStatus?: number;
	/** The envelope's `code`. */
	code?: number;
	/** The API's message: the envelope's `msg`, or a field with the same purpose. */
	apiMessage?: string;
	/** The envelope's `data`. */
	data?: Record<string, unknown>;
	/** `Retry-After` in milliseconds from now. */
	retryAfterMs?: number;
	/** The network error code, such as `ECONNREFUSED`. */
	networkCode?: string;
	/** What n8n's own API says about a request that it refused. */
	n8nCause?: N8nCause;
}

/** All Data Tables are too large together, a column is missing, or a proxy before n8n wants a user and a password. */
export type N8nCause = 'sizeLimit' | 'missingColumn' | 'proxy';

/** A request that did not get the documented answer. */
export class RequestError extends Error {
	constructor(readonly outcome: Outcome) {
		super(`The request ended as ${outcome.name}`);
	}
}

/** Any error of ours as it is, and any other as one that names the accepted video. */
export function keepVideo(thrown: unknown, video: { uuid: string; videoUrl?: string }): unknown {
	if (thrown instanceof VeoError || thrown instanceof StoppedError) return thrown;
	return notReturned(video, thrown instanceof Error ? thrown.message : String(thrown));
}

/** Returns a `RequestError` as a value. Any other error is thrown. */
export async function settle<T>(request: Promise<T>): Promise<T | RequestError> {
	return await request.catch((thrown: unknown) => {
		if (thrown instanceof RequestError) return thrown;
		throw thrown;
	});
}
