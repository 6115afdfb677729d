import { isJsonObject, type JsonObject } from '../api/json';
import type { NoAnswer } from '../api/transport';

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
// Only certificate errors, which end the handshake. Other TLS errors may occur after the request was sent.
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_GET_ISSUER|UNABLE_TO_VERIFY/;

/**
 * Classifies a network error of n8n's helpers, which wrap axios, which wraps Node. An unknown error counts as `reset`: the
 * request may have been sent.
 */
export function toNoAnswer(thrown: unknown): NoAnswer {
	const errors = nestedErrors(thrown);
	// n8n's SSRF protection blocks the address before anything is sent.
	const blocked = errors.map(({ name }) => name).find((name) => /^Ssrf/.test(String(name)));
	if (isString(blocked)) return { noAnswer: 'unreachable', networkCode: blocked };
	const codes = errors.flatMap(({ code, httpCode }) => [code, httpCode].filter(isString));
	const systemCalls = errors.flatMap(systemCallsOf);
	const known = codes.find((code) => Object.hasOwn(BY_CODE, code) || CERTIFICATE.test(code));
	// Even ECONNREFUSED can end an established connection, after the request was sent.
	const wasConnected = systemCalls.includes('read') || systemCalls.includes('write');
	const wasConnecting = systemCalls.includes('connect') && !wasConnected;
	// Systems have many codes for a failed connect. Nothing was sent, whatever the code is.
	if (known === undefined && wasConnecting) {
		return { noAnswer: 'unreachable', networkCode: codes[0] };
	}
	if (known === undefined || (wasConnected && known !== 'ETIMEDOUT')) {
		return { noAnswer: 'reset', networkCode: known ?? codes[0] };
	}
	if (known === 'ETIMEDOUT' && wasConnecting) {
		return { noAnswer: 'connectTimeout', networkCode: known };
	}
	return { noAnswer: BY_CODE[known] ?? 'tls', networkCode: known };
}

/**
 * The system calls that failed: `connect`, `read` or `write`. Some versions of n8n keep only the code of a wrapped error,
 * as `httpCode`, and its text, which begins with the call.
 */
function systemCallsOf({ syscall, message, messages }: JsonObject): string[] {
	const texts: unknown[] = Array.isArray(messages) ? messages : [];
	const fromTexts = [message, ...texts]
		.filter(isString)
		.map((text) => /^(connect|read|write) /.exec(text)?.[1]);
	return [syscall, ...fromTexts].filter(isString);
}

const isString = (value: unknown) => typeof value === 'string';

/** An error, its causes, and the errors of each address that was tried. */
function nestedErrors(error: unknown, depth = 0): JsonObject[] {
	if (!isJsonObject(error) || depth > 5) return [];
	const others: unknown[] = Array.isArray(error.errors) ? error.errors : [];
	return [error, ...[error.cause, ...others].flatMap((other) => nestedErrors(other, depth + 1))];
}
