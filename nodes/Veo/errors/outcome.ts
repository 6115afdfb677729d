/** An object out of a JSON text, whose fields are yet to be looked at. */
export type JsonObject = Record<string, unknown>;

export function isJsonObject(value: unknown): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every way in which a request can end without giving what was asked for. `policy.ts` says what follows from each. */
export const OUTCOMES = [
	// No request reached the API.
	'refused',
	'dns',
	'unreachable',
	'connectTimeout',
	'tls',
	// The request may have reached the API; no whole answer came back.
	'timeout',
	'reset',
	'tooLarge',
	// An answer without an envelope, told apart by its HTTP status.
	'redirect',
	'seeOther',
	'http401',
	'http403',
	'http408',
	'http429',
	'http4xx',
	'http5xx',
	// An answer with an envelope, told apart by its code.
	'code1000',
	'code1001',
	'code1002',
	'code1003',
	'code5000',
	'codeOther',
	// HTTP said success, and the answer is not what the reference describes.
	'html',
	'empty',
	'notJson',
	'shape',
] as const;

export type OutcomeName = (typeof OUTCOMES)[number];

/** What is known of a request that did not give what was asked for. */
export interface Outcome {
	name: OutcomeName;
	httpStatus?: number;
	/** The envelope's `code`. */
	code?: number;
	/** The API's own words: the envelope's `msg`, or what stood in its place. */
	words?: string;
	/** The envelope's `data`. */
	data?: JsonObject;
	/** How long the API asked to be left alone (`Retry-After`). */
	retryAfterMs?: number;
	/** The network's own name for what happened, such as `ECONNREFUSED`. */
	networkCode?: string;
}
