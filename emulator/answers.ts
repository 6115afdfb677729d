import { bufferFile, partOf, readRange, type ServedFile } from './files';

export interface Envelope {
	/** Documented as a number; a fault may replace it with a string. */
	code: number | string;
	msg: string;
	data: Record<string, unknown> | null;
}

interface AnswerHead {
	status: number;
	/** A header given as `undefined` is not sent. */
	headers: Record<string, string | undefined>;
}
export type JsonAnswer = AnswerHead & { envelope: Envelope };
export type FileAnswer = AnswerHead & { file: ServedFile };
export type Answer = JsonAnswer | FileAnswer;

export function bodyOf(answer: Answer): ServedFile {
	if ('file' in answer) return answer.file;
	const json = JSON.stringify(answer.envelope);
	return bufferFile('application/json; charset=utf-8', Buffer.from(json));
}

export function success(msg: string, data: Record<string, unknown>): JsonAnswer {
	return { status: 200, headers: {}, envelope: { code: 0, msg, data } };
}

/** Answers with the whole file, or with the part that the `Range` header names. */
export function fileAnswer(file: ServedFile, rangeHeader: string | undefined): FileAnswer {
	const range = readRange(rangeHeader, file.size);
	const headers = { 'accept-ranges': 'bytes' };
	if (range === undefined) return { status: 200, headers, file };
	if (range === 'unsatisfiable') {
		const empty = partOf(file, 0, 0);
		return { status: 416, headers: { 'content-range': `bytes */${file.size}` }, file: empty };
	}
	const { start, end } = range;
	return {
		status: 206,
		headers: { ...headers, 'content-range': `bytes ${start}-${end - 1}/${file.size}` },
		file: partOf(file, start, end),
	};
}

const httpStatusOfCode = { 1000: 400, 1001: 402, 1002: 401, 1003: 429, 5000: 500 };

/** The API refuses a request with one of its documented codes. */
export class Refusal extends Error {
	constructor(
		readonly code: keyof typeof httpStatusOfCode,
		msg: string,
		readonly details: {
			data?: Record<string, unknown>;
			headers?: Record<string, string>;
			/** Overrides the HTTP status that the `httpStatus` option gives, e.g. 404 for an unknown path. */
			status?: number;
		} = {},
	) {
		super(msg);
	}

	answer(httpStatus: 'ok' | 'matching'): JsonAnswer {
		const { data = null, headers = {}, status } = this.details;
		return {
			status: status ?? (httpStatus === 'ok' ? 200 : httpStatusOfCode[this.code]),
			headers,
			envelope: { code: this.code, msg: this.message, data },
		};
	}
}

/** Client errors (HTTP status below 500) become code 1000, all others 5000. */
export function toRefusal(error: unknown): Refusal {
	if (error instanceof Refusal) return error;
	if (!(error instanceof Error)) return new Refusal(5000, String(error));
	const isClientError = 'statusCode' in error && Number(error.statusCode) < 500;
	return new Refusal(isClientError ? 1000 : 5000, error.message);
}
