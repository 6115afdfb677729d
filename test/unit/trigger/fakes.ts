/** The Veo API in memory, and what n8n gives to a trigger. */
import { Readable } from 'node:stream';
import { createDeferredPromise, type INodeExecutionData, type IRun } from 'n8n-workflow';
import type { JsonObject } from '../../../nodes/Veo/api/json';
import type { ApiRequest, Transport } from '../../../nodes/Veo/api/transport';
import type { CheckQueue } from '../../../nodes/Veo/jobs/checkQueue';
import type { TriggerContext } from '../../../nodes/Veo/trigger/context';
import type { FakeN8n } from '../fakeN8n';
import { type FakeClock, NODE, ok, type Reply, REPLIES } from '../fakes';

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

/** What n8n does with items: the execution runs for long, has ended at once, or could not be started. */
type Taking = 'runs' | 'ends' | 'refuses';

/** What the trigger passed to n8n at once. */
interface Passed {
	atMs: number;
	items: INodeExecutionData[];
	uuids: unknown[];
	key?: string;
	/** The execution has ended. */
	end: () => void;
	/** n8n says that it started no execution. */
	refuse: () => void;
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
	taking?: Taking;
	/** Whether n8n has deduplication keys. Default true. */
	hasKeys?: boolean;
	/** Whether n8n saves failed executions. If not, the trigger logs errors. Default true. */
	savesFailures?: boolean;
	onPassed?: (passed: Passed) => void;
}

/** n8n's context of a trigger, and what the trigger passed and reported to it. `taking` may be changed at any time. */
export function fakeContext(options: ContextOptions = {}) {
	const { parameters = {}, credentials = {}, hasKeys = true, savesFailures = true } = options;
	const n8n = {
		taking: options.taking ?? 'ends',
		passed: [] as Passed[],
		/** The messages of failed executions. */
		failures: [] as string[],
		/** What the trigger logged. */
		warnings: [] as string[],
		errors: [] as string[],
		/** The static data after a restart of n8n, which saves them only when the trigger emits. */
		savedStaticData: structuredClone(options.staticData ?? {}),
		/** The JSON of all items that were passed. */
		items: () => n8n.passed.flatMap(({ items }) => items.map(({ json }) => json)),
	};
	const take: TriggerContext['emit'] = ([items = []], _, done, key) => {
		n8n.savedStaticData = structuredClone(options.staticData ?? {});
		const passed: Passed = {
			atMs: Date.now(),
			items,
			uuids: items.map(({ json }) => json.uuid),
			key,
			end: () => done?.resolve({ status: 'success' } as IRun),
			refuse: () => done?.reject(new Error('Published version not found for workflow')),
		};
		n8n.passed.push(passed);
		options.onPassed?.(passed);
		if (n8n.taking === 'ends') passed.end();
		if (n8n.taking === 'refuses') passed.refuse();
	};
	const takeWithoutKey: TriggerContext['emit'] = (data, response, done) =>
		take(data, response, done);
	// n8n's context is far larger than what a trigger uses of it.
	const context = {
		// The trigger tells by the number of parameters whether n8n has keys.
		emit: hasKeys ? take : takeWithoutKey,
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
			warn: (line: string) => n8n.warnings.push(line),
			error: (line: string) => n8n.errors.push(line),
		},
		...(savesFailures && {
			saveFailedExecution: (error: Error) => n8n.failures.push(error.message),
		}),
		helpers: {
			createDeferredPromise,
			httpRequestWithAuthentication: async (credential: string, request: HttpOptions) =>
				await options.request?.(credential, request),
		},
	} as unknown as TriggerContext;
	if (savesFailures) unexpectedErrors.push(n8n.errors);
	return Object.assign(n8n, { context });
}

/** What triggers logged as errors although n8n saves failed executions. */
const unexpectedErrors: string[][] = [];
const verdicts: string[] = [];

afterEach(() => {
	expect(unexpectedErrors.splice(0).flat()).toEqual([]);
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
