import { isJsonObject, type JsonObject } from '../../nodes/Veo/api/json';
import type { OutcomeName } from '../../nodes/Veo/errors/outcome';
import { StoppedError } from '../../nodes/Veo/errors/VeoError';
import {
	type ApiAnswer,
	type ApiRequest,
	type NoAnswer,
	type Transport,
} from '../../nodes/Veo/api/transport';

afterEach(() => {
	jest.useRealTimers();
	jest.restoreAllMocks();
});

/** Jest's fake timers: time passes only by `advance`, or while `run` waits for work. */
export class FakeClock {
	/** Schedules a timer that `sleeps` does not list. */
	private readonly schedule: typeof setTimeout;
	private readonly scheduled: jest.SpyInstance<unknown, [callback: () => void, ms?: number]>;

	/** `jitter` is what `Math.random` returns. */
	constructor(nowMs = 0, jitter = 0) {
		jest.useFakeTimers({ now: nowMs, doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
		jest.spyOn(Math, 'random').mockReturnValue(jitter);
		this.schedule = setTimeout;
		this.scheduled = jest.spyOn(global, 'setTimeout');
	}

	now = () => Date.now();

	/** Every pause of the code under test, in ms, in order. */
	get sleeps(): number[] {
		return this.scheduled.mock.calls.map(([, ms]) => Number(ms));
	}

	/** Waits `ms` outside of the code under test, for example for a request. Not in `sleeps`. */
	async pass(ms: number, signal?: AbortSignal): Promise<void> {
		if (signal?.aborted) return;
		await new Promise<void>((resolve) => {
			const timer = this.schedule(resolve, ms);
			signal?.addEventListener('abort', () => {
				clearTimeout(timer);
				resolve();
			});
		});
	}

	/** Lets `ms` pass. Timers fire on their millisecond. */
	async advance(ms: number): Promise<void> {
		await jest.advanceTimersByTimeAsync(ms);
	}

	/** Goes from timer to timer until `work` ends. */
	async run<T>(work: Promise<T>): Promise<T> {
		let hasEnded = false;
		const end = () => {
			hasEnded = true;
		};
		work.then(end, end);
		for (;;) {
			await everyoneDone();
			if (hasEnded) return await work;
			if (jest.getTimerCount() === 0)
				throw new Error('The work has not ended, and no timer is set');
			jest.advanceTimersToNextTimer();
		}
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
export function transportOf(answer: Answerer) {
	const sent: Array<{ atMs: number; request: ApiRequest }> = [];
	const send: Transport = async (request, signal) => {
		sent.push({ atMs: Date.now(), request });
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
export function scripted(...replies: Array<Reply | Answerer>) {
	const left = [...replies];
	return transportOf((request, signal) => {
		const reply = left.shift();
		if (reply === undefined) throw new Error(`No reply is left for ${request.path}`);
		return typeof reply === 'function' ? reply(request, signal) : reply;
	});
}

/** A server that never answers: only the signal ends the request. */
export const hanging: Answerer = async (_, signal) =>
	await new Promise<Reply>((_resolve, reject) => {
		const stop = () => reject(new StoppedError());
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
