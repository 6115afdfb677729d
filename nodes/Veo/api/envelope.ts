import { isJsonObject, type JsonObject, type Outcome, type OutcomeName } from '../errors/outcome';
import type { ApiAnswer } from './transport';

export type Reading = { ok: true; data: unknown; words?: string } | { ok: false; outcome: Outcome };

/**
 * Reads an answer of the API: the envelope `{ code, msg, data }` first, then the HTTP status, because the reference does
 * not say which goes with which. Never throws.
 */
export function readAnswer(answer: ApiAnswer, nowMs: number): Reading {
	const { httpStatus, body } = answer;
	const json = parseJson(body);
	const envelope = isJsonObject(json) ? json : {};
	const words = wordsOf(envelope);
	const code = toCode(envelope.code);

	if (code === 0) return { ok: true, data: envelope.data, words };

	const known: Omit<Outcome, 'name'> = {
		httpStatus,
		words,
		retryAfterMs: toDelayMs(answer.retryAfter, nowMs),
	};
	if (code !== undefined) {
		const data = isJsonObject(envelope.data) ? envelope.data : undefined;
		return { ok: false, outcome: { name: CODES[code] ?? 'codeOther', ...known, code, data } };
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
	408: 'http408',
	429: 'http429',
};

/** What an HTTP status says by itself; nothing for a status of success. */
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

/** What a JSON text holds; nothing where it is none. */
export function parseJson(body: string): unknown {
	try {
		return JSON.parse(body.replace(/^\uFEFF/, ''));
	} catch {
		return undefined;
	}
}

function toCode(value: unknown): number | undefined {
	if (typeof value === 'string' && /^\d+$/.test(value)) return Number(value);
	return typeof value === 'number' ? value : undefined;
}

/** `Retry-After` as milliseconds from now: it comes as seconds or as an HTTP date. */
export function toDelayMs(retryAfter: string | undefined, nowMs: number): number | undefined {
	if (retryAfter === undefined || retryAfter.trim() === '') return undefined;
	const seconds = Number(retryAfter);
	const delayMs = Number.isNaN(seconds) ? Date.parse(retryAfter) - nowMs : seconds * 1000;
	return Number.isFinite(delayMs) ? Math.max(0, delayMs) : undefined;
}

// Where a service puts words for people is not documented for every case: these are the places seen or likely.
const WORD_FIELDS = ['errorMessage', 'failReason', 'error', 'message', 'msg'];
const LONGEST_WORDS = 500;

/** The words for people in an object, if there are any. */
export function wordsOf(object: JsonObject): string | undefined {
	for (const field of WORD_FIELDS) {
		const words = object[field];
		if (typeof words === 'string' && words.trim() !== '') {
			return words.trim().slice(0, LONGEST_WORDS);
		}
	}
	return undefined;
}
