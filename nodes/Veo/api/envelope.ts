import type { Outcome, OutcomeName } from '../errors/outcome';
import { isJsonObject, parseJson } from './json';
import type { ApiAnswer } from './transport';

export type Reading =
	{ ok: true; data: unknown; apiMessage?: string } | { ok: false; outcome: Outcome };

/**
 * Reads an answer of the API: first the envelope `{ code, msg, data }`, then the HTTP status, because the reference does
 * not say which code comes with which HTTP status. Never throws.
 */
export function readAnswer(answer: ApiAnswer): Reading {
	const { httpStatus, body } = answer;
	const json = parseJson(body);
	const envelope = isJsonObject(json) ? json : {};
	const apiMessage = apiMessageOf(envelope);
	const code = toCode(envelope.code);

	if (code === 0) return { ok: true, data: envelope.data, apiMessage };

	const known: Omit<Outcome, 'name'> = {
		httpStatus,
		apiMessage,
		retryAfterMs: toDelayMs(answer.retryAfter),
		data: isJsonObject(envelope.data) ? envelope.data : undefined,
	};
	if (code !== undefined) {
		// The HTTP status decides where the reference does not list the code.
		const name = CODES[code] ?? byStatus(httpStatus) ?? 'codeOther';
		return { ok: false, outcome: { name, ...known, code } };
	}
	return { ok: false, outcome: { name: byStatus(httpStatus) ?? unreadable(body, json), ...known } };
}

const CODES: Record<number, OutcomeName> = {
	1000: 'code1000',
	1001: 'code1001',
	1002: 'code1002',
	1003: 'code1003',
	5000: 'code5000',
};

const STATUSES: Record<number, OutcomeName> = {
	302: 'seeOther',
	303: 'seeOther',
	401: 'http401',
	403: 'http403',
	408: 'http4xxUnclear',
	409: 'http4xxUnclear',
	425: 'http4xxUnclear',
	429: 'http429',
	499: 'http4xxUnclear',
};

/** The outcome of an HTTP status alone; undefined for a status of success. */
export function byStatus(httpStatus: number): OutcomeName | undefined {
	if (httpStatus in STATUSES) return STATUSES[httpStatus];
	if (httpStatus >= 500) return 'http5xx';
	if (httpStatus >= 400) return 'http4xx';
	if (httpStatus >= 300) return 'redirect';
	return undefined;
}

function unreadable(body: string, json: unknown): OutcomeName {
	if (json !== undefined) return 'shape';
	if (body.trim() === '') return 'empty';
	return /^\s*</.test(body) ? 'html' : 'notJson';
}

function toCode(value: unknown): number | undefined {
	if (typeof value === 'string' && /^\d+$/.test(value)) return Number(value);
	return typeof value === 'number' ? value : undefined;
}

/** `Retry-After`, in seconds or as an HTTP date, as milliseconds from now. */
export function toDelayMs(retryAfter: string | undefined): number | undefined {
	if (retryAfter === undefined || retryAfter.trim() === '') return undefined;
	const seconds = Number(retryAfter);
	const delayMs = Number.isNaN(seconds) ? Date.parse(retryAfter) - Date.now() : seconds * 1000;
	return Number.isFinite(delayMs) ? Math.max(0, delayMs) : undefined;
}

// The reference does not say where the message is in every case. These names were seen or are likely.
const MESSAGE_FIELDS = [
	'errorMessage',
	'failReason',
	'error',
	'message',
	'msg',
	'detail',
	'errors',
	'reason',
	'title',
];
const MAX_MESSAGE_LENGTH = 500;
/** `{ error: { errors: [{ message }] } }` has the deepest message seen. */
const MAX_MESSAGE_DEPTH = 4;

/** The API's message for people, wherever it is in an answer; undefined if there is none. */
export function apiMessageOf(value: unknown, depth = 0): string | undefined {
	if (typeof value === 'string' && depth > 0) {
		return value.trim().slice(0, MAX_MESSAGE_LENGTH) || undefined;
	}
	if (depth > MAX_MESSAGE_DEPTH) return undefined;
	const candidates: unknown[] = Array.isArray(value)
		? value.slice(0, 3)
		: isJsonObject(value)
			? MESSAGE_FIELDS.map((field) => value[field])
			: [];
	return candidates.map((one) => apiMessageOf(one, depth + 1)).find((text) => text !== undefined);
}
