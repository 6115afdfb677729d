import type { Clock } from '../../nodes/Veo/api/clock';
import { isJsonObject, type JsonObject, type OutcomeName } from '../../nodes/Veo/errors/outcome';
import {
	type ApiAnswer,
	type ApiRequest,
	type NoAnswer,
	Stopped,
	type Transport,
} from '../../nodes/Veo/api/transport';

/** Time that passes only when a test says so, or when everyone sleeps (`run`). */
export class FakeClock implements Clock {
	/** Every sleep that the code under test asked for, in ms, in order. */
	readonly sleeps: number[] = [];
	private readonly sleepers = new Set<{ wakeAtMs: number; wake: () => void }>();

	/** `jitter` is what `random` always gives. */
	constructor(
		private nowMs = 0,
		private readonly jitter = 0,
	) {}

	now = () => this.nowMs;

	random = () => this.jitter;

	sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
		this.sleeps.push(ms);
		await this.pass(ms, signal);
	};

	/** Like `sleep`, for what happens outside the code under test: a request under way, say. Not recorded. */
	async pass(ms: number, signal?: AbortSignal): Promise<void> {
		if (signal?.aborted) return;
		await new Promise<void>((resolve) => {
			const wake = () => {
				this.sleepers.delete(sleeper);
				signal?.removeEventListener('abort', wake);
				resolve();
			};
			const sleeper = { wakeAtMs: this.nowMs + ms, wake };
			this.sleepers.add(sleeper);
			signal?.addEventListener('abort', wake);
		});
	}

	/** Lets so much time pass. Whoever sleeps wakes on the very millisecond. */
	async advance(ms: number): Promise<void> {
		const untilMs = this.nowMs + ms;
		await everyoneDone();
		while (this.nextWakeMs() <= untilMs) await this.wakeNext();
		this.nowMs = untilMs;
	}

	/** Moves from one waking to the next until `work` ends. */
	async run<T>(work: Promise<T>): Promise<T> {
		let ended = false;
		const end = () => {
			ended = true;
		};
		work.then(end, end);
		for (;;) {
			await everyoneDone();
			if (ended) return await work;
			if (this.sleepers.size === 0) throw new Error('The work goes on, but nobody sleeps');
			await this.wakeNext();
		}
	}

	private nextWakeMs(): number {
		return Math.min(...[...this.sleepers].map(({ wakeAtMs }) => wakeAtMs));
	}

	private async wakeNext(): Promise<void> {
		this.nowMs = Math.max(this.nowMs, this.nextWakeMs());
		for (const { wakeAtMs, wake } of [...this.sleepers]) {
			if (wakeAtMs <= this.nowMs) wake();
		}
		await everyoneDone();
	}
}

/** Lets everything run that waits for no time to pass. */
export async function everyoneDone(): Promise<void> {
	await new Promise<void>((resolve) => setImmediate(resolve));
}

/** What a promise was rejected with; a promise that was kept fails the test. */
export async function thrownBy(work: Promise<unknown>): Promise<unknown> {
	return await work.then(
		() => {
			throw new Error('Nothing was thrown');
		},
		(thrown: unknown) => thrown,
	);
}

export type Reply = ApiAnswer | NoAnswer;
export type Answerer = (request: ApiRequest, signal?: AbortSignal) => Reply | Promise<Reply>;

/** A transport that notes when it was asked for what. `answer` gives the replies. */
export function transportOf(clock: Clock, answer: Answerer) {
	const sent: Array<{ atMs: number; request: ApiRequest }> = [];
	const send: Transport = async (request, signal) => {
		sent.push({ atMs: clock.now(), request });
		return await answer(request, signal);
	};
	return {
		send,
		sent,
		times: () => sent.map(({ atMs }) => atMs),
		paths: () => sent.map(({ request }) => request.path),
	};
}

/** A transport with a reply, or a way to one, for each request in turn. A request too many fails the test. */
export function scripted(clock: Clock, ...replies: Array<Reply | Answerer>) {
	const left = [...replies];
	return transportOf(clock, (request, signal) => {
		const reply = left.shift();
		if (reply === undefined) throw new Error(`No reply is left for ${request.path}`);
		return typeof reply === 'function' ? reply(request, signal) : reply;
	});
}

/** A server that never answers: only the signal ends the request. */
export const hanging: Answerer = async (_, signal) =>
	await new Promise<Reply>((_resolve, reject) => {
		const stop = () => reject(new Stopped());
		if (signal?.aborted) stop();
		signal?.addEventListener('abort', stop);
	});

export function json(httpStatus: number, value: unknown, retryAfter?: string): ApiAnswer {
	return { httpStatus, body: JSON.stringify(value), retryAfter };
}

export const ok = (data: unknown, msg = 'Success') => json(200, { code: 0, msg, data });

export const accepted = (uuid: string) => ok({ uuid, status: 'pending' });

export const status = (name: string, more: object = {}) =>
	ok({ uuid: 'v-1', status: name, ...more });

export const tooMany = (retryAfter?: string) => json(429, {}, retryAfter);

const coded = (code: number, msg: string, data?: object) => json(200, { code, msg, data });

/** For every way in which a request can end, a reply that ends it so. */
export const REPLIES: Record<OutcomeName, Reply> = {
	refused: { noAnswer: 'refused', networkCode: 'ECONNREFUSED' },
	dns: { noAnswer: 'dns', networkCode: 'ENOTFOUND' },
	unreachable: { noAnswer: 'unreachable', networkCode: 'EHOSTUNREACH' },
	connectTimeout: { noAnswer: 'connectTimeout', networkCode: 'ETIMEDOUT' },
	tls: { noAnswer: 'tls', networkCode: 'CERT_HAS_EXPIRED' },
	timeout: { noAnswer: 'timeout' },
	reset: { noAnswer: 'reset', networkCode: 'ECONNRESET' },
	tooLarge: { noAnswer: 'tooLarge' },
	redirect: { httpStatus: 301, body: '' },
	seeOther: { httpStatus: 303, body: '' },
	http401: json(401, {}),
	http403: json(403, {}),
	http408: json(408, {}),
	http429: json(429, {}),
	http4xx: json(404, {}),
	http5xx: json(502, {}),
	code1000: coded(1000, 'The prompt is too short'),
	code1001: coded(1001, 'Insufficient credits', { required: 2, current: 0 }),
	code1002: coded(1002, 'Invalid API key'),
	code1003: coded(1003, 'Slow down'),
	code5000: coded(5000, 'Out of order'),
	codeOther: coded(4242, 'Something new'),
	html: { httpStatus: 200, body: '<!DOCTYPE html><title>Welcome</title>' },
	empty: { httpStatus: 200, body: '' },
	notJson: { httpStatus: 200, body: '{"code":0,"data":{"uuid":"v' },
	shape: json(200, { code: 0, data: null }),
};

/** What is left of an object once n8n has put it into its database and read it again. */
export function asN8nStoresIt(store: object): JsonObject {
	const read: unknown = JSON.parse(JSON.stringify(store));
	if (!isJsonObject(read)) throw new Error('It was no object');
	return read;
}
