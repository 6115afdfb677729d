/** The Veo API in memory, and what n8n gives to a trigger. */
import { Readable } from 'node:stream';
import { createDeferredPromise, type IDeferredPromise } from 'n8n-workflow';
import type { JsonObject } from '../../../nodes/Veo/api/json';
import type { ApiRequest, Transport } from '../../../nodes/Veo/api/transport';
import type { CheckQueue } from '../../../nodes/Veo/jobs/checkQueue';
import type { TriggerContext } from '../../../nodes/Veo/trigger/context';
import { type FakeClock, NODE, ok, type Reply, REPLIES } from '../fakes';
import type { FakeN8n } from './fakeN8n';

export const START_MS = Date.parse('2026-01-01T00:00:00Z');
export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;

/** A time as n8n stores it, `ms` after the start of the test. */
export const at = (ms: number) => new Date(START_MS + ms).toISOString();

const WORKFLOW_ID = 'workflow-1';
/** By which the trigger finds its row in the table of all triggers. */
export const TRIGGER_KEY = `${WORKFLOW_ID}/${NODE.id}`;

/** How long a status check takes. */
export const LATENCY_MS = 100;

/** The Veo API's `GET /video-status/{uuid}`. */
export class FakeVeo {
	readonly checks: Array<{ atMs: number; uuid: string }> = [];
	/** What the API answers about a video. It does not know any other. */
	readonly videos = new Map<string, Reply>();
	latencyMs = LATENCY_MS;

	constructor(private readonly clock: FakeClock) {}

	readonly send: Transport = async ({ path }) => {
		const uuid = decodeURIComponent(path.replace('/video-status/', ''));
		this.checks.push({ atMs: Date.now(), uuid });
		await this.clock.pass(this.latencyMs);
		return this.videos.get(uuid) ?? REPLIES.code1000;
	};

	/** When a video was checked, in ms after the start of the test. */
	checksOf(uuid: string): number[] {
		return this.checks.filter((one) => one.uuid === uuid).map(({ atMs }) => atMs - START_MS);
	}

	set(uuid: string, status: string, more: object = {}): void {
		this.videos.set(uuid, ok({ status, ...more }));
	}

	complete(uuid: string): void {
		this.set(uuid, 'completed', { videoUrl: urlOf(uuid) });
	}
}

export const urlOf = (uuid: string) => `https://files.example/${uuid}.mp4`;

/** n8n's HTTP helper for nodes: the name of a credential, and the request. */
type HttpHelper = (credential: string, options: HttpOptions) => Promise<unknown>;

interface HttpOptions {
	method: ApiRequest['method'];
	url: string;
	body?: object;
	abortSignal?: AbortSignal;
}

export const CREDENTIALS = {
	veoApi: { apiKey: 'veo-key', baseUrl: 'https://veo.example/api' },
	veoJobTableApi: { apiKey: 'n8n-key', baseUrl: 'https://n8n.example/api/v1' },
};

/** n8n's HTTP helper on the APIs in memory. */
export function httpHelper(veo: FakeVeo, n8n: FakeN8n): HttpHelper {
	return async (credential, { method, url, body }) => {
		const path = new URL(url);
		const send = credential === 'veoApi' ? veo.send : n8n.send;
		const route = path.pathname.replace(/^\/api(?:\/v1)?/, '') + path.search;
		const reply = await send({ method, path: route, json: body });
		if ('noAnswer' in reply) throw Object.assign(new Error('No answer'), { code: 'ECONNREFUSED' });
		const content = Readable.from([Buffer.from(reply.body)]);
		return { statusCode: reply.httpStatus, headers: {}, body: content };
	};
}

export interface ContextOptions {
	parameters?: Record<string, unknown>;
	credentials?: Record<string, JsonObject>;
	mode?: string;
	activationMode?: string;
	/** n8n's HTTP helper. */
	request?: HttpHelper;
	workflowId?: string;
	staticData?: JsonObject;
	/** Whether n8n has deduplication keys. Default true. */
	hasKeys?: boolean;
}

/** n8n's context of a trigger, and what the trigger gave n8n through it. */
export function fakeContext(options: ContextOptions = {}) {
	const { parameters = {}, credentials = {}, hasKeys = true } = options;
	const given = {
		/** The items of each execution. */
		executions: [] as JsonObject[][],
		keys: [] as string[],
		failures: [] as string[],
		logged: [] as string[],
		/** Whether n8n starts no execution. */
		refuses: false,
		/** The static data that n8n finds after a restart: it saves them only when the trigger emits. */
		savedStaticData: structuredClone(options.staticData ?? {}),
	};
	type Items = Array<Array<{ json: JsonObject }>>;
	type Done = IDeferredPromise<undefined>;
	const take = (data: Items, done?: Done) => {
		given.savedStaticData = structuredClone(options.staticData ?? {});
		if (given.refuses) {
			done?.reject(new Error('Published version not found for workflow'));
			return;
		}
		given.executions.push((data[0] ?? []).map((item) => item.json));
		done?.resolve(undefined);
	};
	const withKey = (data: Items, _: undefined, done: Done | undefined, key: string | undefined) => {
		if (key !== undefined) given.keys.push(key);
		take(data, done);
	};
	const withoutKey = (data: Items, _: undefined, done?: Done) => take(data, done);
	// The trigger sees by the number of parameters whether n8n takes a key.
	const emit = hasKeys ? withKey : withoutKey;
	const fake = {
		emit,
		getNode: () => NODE,
		getWorkflow: () => ({ id: options.workflowId ?? WORKFLOW_ID }),
		getMode: () => options.mode ?? 'trigger',
		getActivationMode: () => options.activationMode ?? 'activate',
		getNodeParameter: (name: string, fallback?: unknown) => parameters[name] ?? fallback,
		getCredentials: async (name: string) => {
			const data = credentials[name];
			if (!data) throw new Error(`The node has no credential ${name}`);
			return await Promise.resolve(structuredClone(data));
		},
		getWorkflowStaticData: (type: string) => {
			if (type !== 'node') throw new Error(`n8n knows no static data of "${type}"`);
			return options.staticData ?? {};
		},
		logger: {
			warn: (line: string) => given.logged.push(line),
			error: (line: string) => given.logged.push(line),
		},
		saveFailedExecution: (error: Error) => given.failures.push(error.message),
		helpers: {
			createDeferredPromise,
			httpRequestWithAuthentication: async (credential: string, request: HttpOptions) =>
				await options.request?.(credential, request),
		},
	};
	return { context: fake as unknown as TriggerContext, given };
}

const verdicts: string[] = [];

afterEach(() => {
	for (const verdict of verdicts.splice(0)) expect(['again', 'done']).toContain(verdict);
});

/** Notes what the queue is told after each answer, so that it is always something that it knows. */
export function noteVerdicts(queue: CheckQueue): void {
	const add = queue.add.bind(queue);
	jest.spyOn(queue, 'add').mockImplementation((uuid, knowledge, onAnswer) => {
		add(uuid, knowledge, (answer) => {
			const verdict = onAnswer(answer);
			verdicts.push(verdict);
			return verdict;
		});
	});
}
