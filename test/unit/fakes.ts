import type { INode } from 'n8n-workflow';
import { Backoff } from '../../nodes/Veo/api/backoff';
import type { VeoClient } from '../../nodes/Veo/api/client';
import { isJsonObject, type JsonObject } from '../../nodes/Veo/api/json';
import { type Outcome, type OutcomeName, RequestError } from '../../nodes/Veo/errors/outcome';
import { StoppedError } from '../../nodes/Veo/errors/VeoError';
import { SubmissionQueue, type SubmissionRules } from '../../nodes/Veo/jobs/submissionQueue';
import { Submissions } from '../../nodes/Veo/jobs/submissions';
import type { SubmitRules } from '../../nodes/Veo/jobs/paidAttempt';
import { VideoLimit } from '../../nodes/Veo/jobs/videoLimit';
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
	/** The fake setTimeout without the spy: its timers are not in `sleeps`. */
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

	/** The timers that the code under test has set, in ms, in order. */
	get sleeps(): number[] {
		return this.scheduled.mock.calls.map(([, ms]) => Number(ms));
	}

	/** Waits `ms` in the test itself, for example as a server's latency. Not in `sleeps`. */
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

	/** Advances the time by `ms` and fires the timers that are due. */
	async advance(ms: number): Promise<void> {
		await jest.advanceTimersByTimeAsync(ms);
	}

	/** Advances from timer to timer until `work` settles. */
	async run<T>(work: Promise<T>): Promise<T> {
		let isSettled = false;
		const onSettled = () => {
			isSettled = true;
		};
		work.then(onSettled, onSettled);
		for (;;) {
			await flushPromises();
			if (isSettled) return await work;
			if (jest.getTimerCount() === 0) throw new Error('The promise is pending and no timer is set');
			jest.advanceTimersToNextTimer();
		}
	}
}

/** Runs everything that does not wait for a timer. */
export async function flushPromises(): Promise<void> {
	await new Promise<void>((resolve) => setImmediate(resolve));
}

/** The reason of a rejected promise. Throws if the promise is fulfilled. */
export async function rejectionOf(work: Promise<unknown>): Promise<unknown> {
	return await work.then(
		() => {
			throw new Error('Expected a rejection');
		},
		(thrown: unknown) => thrown,
	);
}

/** The outcome of a request that is expected to fail. */
export async function outcomeOf(work: Promise<unknown>): Promise<Outcome> {
	const thrown = await rejectionOf(work);
	if (!(thrown instanceof RequestError)) throw thrown;
	return thrown.outcome;
}

export const NODE: INode = {
	id: '1',
	name: 'Veo',
	type: 'n8n-nodes-veo3o1.veo',
	typeVersion: 1,
	position: [0, 0],
	parameters: {},
};

export type Reply = ApiAnswer | NoAnswer;
export type Answerer = (request: ApiRequest, signal?: AbortSignal) => Reply | Promise<Reply>;

/** A transport that records each request with its time. `answer` returns the replies. */
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

/** A transport that replies from a list, one entry per request. Throws if the list is exhausted. */
export function scripted(...replies: Array<Reply | Answerer>) {
	const remaining = [...replies];
	return transportOf((request, signal) => {
		const reply = remaining.shift();
		if (reply === undefined) throw new Error(`No reply for the request to ${request.path}`);
		return typeof reply === 'function' ? reply(request, signal) : reply;
	});
}

/** A server that never answers. Only the signal ends the request. */
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

/** For each outcome, a reply that leads to it. */
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
	http4xxUnclear: json(408, {}),
	http429: json(429, {}),
	http4xx: json(404, {}),
	http5xx: json(502, {}),
	code1000: coded(1000, 'The prompt is too short'),
	code1001: coded(1001, 'Insufficient credits', { required: 2, current: 0 }),
	code1002: coded(1002, 'Invalid API key'),
	code1003: coded(1003, 'Slow down'),
	code5000: coded(5000, 'Out of order'),
	codeOther: coded(4242, 'Unknown code'),
	html: { httpStatus: 200, body: '<!DOCTYPE html><title>Welcome</title>' },
	empty: { httpStatus: 200, body: '' },
	notJson: { httpStatus: 200, body: '{"code":0,"data":{"uuid":"v' },
	shape: json(200, { code: 0, data: null }),
};

/** A copy of the object after JSON, as n8n stores it in its database. */
export function jsonRoundTrip(store: object): JsonObject {
	const read: unknown = JSON.parse(JSON.stringify(store));
	if (!isJsonObject(read)) throw new Error('Expected an object');
	return read;
}

/** What the code under test needs to submit a paid request; a test replaces what it is about. */
export function submitRules(
	client: VeoClient,
	{ maxRetries = 2, maxSlotWaitMs = 900_000, signal, ...rules }: Partial<TestRules> = {},
): SubmitRules {
	return {
		client,
		queue: new SubmissionQueue({ maxRetries, maxSlotWaitMs, signal }),
		retry: { backoff: new Backoff(), maxRetries, signal },
		submissions: new Submissions({}, 0),
		videoLimit: new VideoLimit({}, 'execution', 0, 'stops'),
		reuseIdentical: false,
		executionId: 'execution',
		isRetryByUser: false,
		maxMadeAgain: 0,
		sendUnclearAgain: false,
		situation: 'stops',
		...rules,
	};
}

type TestRules = SubmitRules & SubmissionRules;
