/** n8n and the Veo API in memory, as far as the trigger needs them. */
import { Readable } from 'node:stream';
import { isJsonObject, type JsonObject, parseJson } from '../../../nodes/Veo/api/json';
import type { ApiRequest, Transport } from '../../../nodes/Veo/api/transport';
import type { TriggerContext } from '../../../nodes/Veo/trigger/context';
import { type FakeClock, json, NODE, ok, type Reply, REPLIES } from '../fakes';

export const START_MS = Date.parse('2026-01-01T00:00:00Z');
export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;

/** A time as n8n stores it, `ms` after the start of the test. */
export const at = (ms: number) => new Date(START_MS + ms).toISOString();

export const JOBS = 'veo_jobs';
export const TRIGGERS = 'veo_triggers';

const WORKFLOW_ID = 'workflow-1';
/** By which the trigger finds its row in the table of all triggers. */
export const TRIGGER_KEY = `${WORKFLOW_ID}/${NODE.id}`;

export type Row = JsonObject & { id: number };

interface Table {
	id: string;
	name: string;
	projectId?: string;
	rows: Row[];
	nextRowId: number;
}

export interface Sent {
	atMs: number;
	/** `METHOD /path`, without the query. */
	line: string;
	query: Record<string, string>;
	json: JsonObject;
}

/** n8n's public API. It refuses what n8n refuses. */
export class FakeN8n {
	readonly sent: Sent[] = [];
	/** The executions that `GET /executions` lists. */
	executions: JsonObject[] = [];
	/** What a request gets instead of its answer. */
	refuse: (line: string, json: JsonObject) => Reply | undefined = () => undefined;
	/** Called before each answer. */
	before: (line: string) => Promise<void> | void = () => undefined;
	private tables: Table[] = [];
	private made = 0;

	constructor() {
		this.make(JOBS);
	}

	readonly send: Transport = async (request) => {
		const sent = sentOf(request);
		this.sent.push(sent);
		await this.before(sent.line);
		return this.refuse(sent.line, sent.json) ?? this.answer(sent);
	};

	/** The lines of the requests that begin so. */
	lines(start = ''): string[] {
		return this.to(start).map(({ line }) => line);
	}

	/** The requests whose line begins so. */
	to(start: string): Sent[] {
		return this.sent.filter(({ line }) => line.startsWith(start));
	}

	make(name: string, projectId?: string): string {
		const id = `table-${++this.made}`;
		this.tables.push({ id, name, projectId, rows: [], nextRowId: 1 });
		return id;
	}

	drop(name: string): void {
		this.tables = this.tables.filter((table) => table.name !== name);
	}

	/** Returns the `id` of the last row. */
	insert(name: string, ...rows: JsonObject[]): number {
		const table = this.table(name);
		const now = new Date().toISOString();
		for (const row of rows) {
			table.rows.push({ createdAt: now, updatedAt: now, ...row, id: table.nextRowId++ });
		}
		return table.nextRowId - 1;
	}

	delete(name: string, id: number): void {
		const table = this.table(name);
		table.rows = table.rows.filter((row) => row.id !== id);
	}

	rows(name = JOBS): Row[] {
		return this.tables.find((table) => table.name === name)?.rows ?? [];
	}

	row(uuid: string): Row {
		const row = this.rows().find((one) => one.uuid === uuid);
		if (!row) throw new Error(`There is no row of ${uuid}`);
		return row;
	}

	private table(nameOrId: string): Table {
		const table = this.tables.find(({ id, name }) => id === nameOrId || name === nameOrId);
		if (!table) throw new Error(`There is no table ${nameOrId}`);
		return table;
	}

	private answer({ line, query, json: sent }: Sent): Reply {
		const filter = parseJson(query.filter ?? '{}');
		if (line === 'GET /data-tables') return json(200, { data: this.found(filter) });
		if (line === 'POST /data-tables') {
			const { name, projectId } = sent;
			const isTaken = this.tables.some((one) => one.name === name && one.projectId === projectId);
			if (isTaken) return json(409, {});
			const id = this.make(String(name), typeof projectId === 'string' ? projectId : undefined);
			return json(201, { id, name, projectId });
		}
		if (line === 'GET /executions') {
			return json(200, { data: query.status === 'running' ? [] : this.executions });
		}
		const [, method, id, action] = /^(\S+) \/data-tables\/([^/]+)\/rows(\S*)$/.exec(line) ?? [];
		const table = this.tables.find((one) => one.id === id);
		if (!table) return json(404, {});
		switch (`${method} ${action}`) {
			case 'GET ':
				return list(table.rows, filter, query);
			case 'PATCH /update':
				return change(matching(table.rows, sent.filter), sent.data);
			case 'POST /upsert': {
				const rows = matching(table.rows, sent.filter);
				if (rows.length > 0) return change(rows, sent.data);
				this.insert(table.id, isJsonObject(sent.data) ? sent.data : {});
				return json(200, true);
			}
			case 'DELETE /delete': {
				const gone = matching(table.rows, filter);
				table.rows = table.rows.filter((row) => !gone.includes(row));
				return json(200, true);
			}
			default:
				throw new Error(`n8n knows no ${line}`);
		}
	}

	private found(filter: unknown) {
		const { name, id } = isJsonObject(filter) ? filter : {};
		return this.tables
			.filter((table) => (id === undefined ? table.name.includes(String(name)) : table.id === id))
			.map((table) => ({ id: table.id, name: table.name, projectId: table.projectId }));
	}
}

function sentOf({ method, path, json: body }: ApiRequest): Sent {
	const [route = '', query] = path.split('?');
	return {
		atMs: Date.now(),
		line: `${method} ${route}`,
		query: Object.fromEntries(new URLSearchParams(query)),
		// A copy, as it would arrive.
		json: isJsonObject(body) ? structuredClone(body) : {},
	};
}

function change(rows: Row[], data: unknown): Reply {
	for (const row of rows) Object.assign(row, data, { updatedAt: new Date().toISOString() });
	return json(200, true);
}

function matching(rows: Row[], where: unknown): Row[] {
	if (!isJsonObject(where) || !Array.isArray(where.filters)) throw new Error('No filter');
	const { type } = where;
	const filters: unknown[] = where.filters;
	const meets = (row: Row) => (filter: unknown) => {
		if (!isJsonObject(filter)) throw new Error('No condition');
		const value = row[String(filter.columnName)] ?? null;
		if (filter.condition === 'eq') return value === filter.value;
		if (filter.condition === 'neq') return value !== filter.value;
		throw new Error(`n8n knows no condition ${String(filter.condition)}`);
	};
	return rows.filter((row) =>
		type === 'or' ? filters.some(meets(row)) : filters.every(meets(row)),
	);
}

function list(all: Row[], filter: unknown, query: Record<string, string>): Reply {
	const [, column, direction] = /^(\w+):(asc|desc)$/.exec(query.sortBy ?? '') ?? [];
	if (column === undefined) return json(400, { message: 'sortBy is invalid' });
	const sign = direction === 'desc' ? -1 : 1;
	const rows = matching(all, filter).sort((one, other) => order(one[column], other[column]) * sign);
	const from = Number(query.cursor ?? 0);
	const to = from + Number(query.limit);
	return json(200, {
		data: rows.slice(from, to),
		nextCursor: to < rows.length ? String(to) : null,
	});
}

function order(one: unknown, other: unknown): number {
	if (typeof one === 'number' && typeof other === 'number') return one - other;
	return String(one).localeCompare(String(other));
}

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
	};
	type Items = Array<Array<{ json: JsonObject }>>;
	type Done = ReturnType<typeof deferred>;
	const take = (data: Items, done?: Done) => {
		if (given.refuses) {
			done?.reject(new Error('Published version not found for workflow'));
			return;
		}
		given.executions.push((data[0] ?? []).map((item) => item.json));
		done?.resolve();
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
		getWorkflowStaticData: () => options.staticData ?? {},
		logger: {
			warn: (line: string) => given.logged.push(line),
			error: (line: string) => given.logged.push(line),
		},
		saveFailedExecution: (error: Error) => given.failures.push(error.message),
		helpers: {
			createDeferredPromise: deferred,
			httpRequestWithAuthentication: async (credential: string, request: HttpOptions) =>
				await options.request?.(credential, request),
		},
	};
	return { context: fake as unknown as TriggerContext, given };
}

/** A promise that is resolved from outside. */
export function deferred() {
	let resolve: () => void = () => undefined;
	let reject: (reason?: Error) => void = () => undefined;
	const promise = new Promise<void>((onResolve, onReject) => {
		resolve = onResolve;
		reject = onReject;
	});
	return { promise, resolve, reject };
}
