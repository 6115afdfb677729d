/** n8n's public API as far as the job table needs it, in memory, for faults that a real n8n cannot be made to have. */
import { fastify } from 'fastify';

export const N8N_KEY = 'n8n-api-key-0123456789';

export type Row = Record<string, unknown> & { id: number };

interface Filter {
	columnName: string;
	condition: string;
	value: unknown;
}

interface Where {
	type?: 'and' | 'or';
	filters: Filter[];
}

interface Incoming {
	params: { id: string };
	query: { filter?: string; sortBy?: string; limit?: string; cursor?: string; status?: string };
	body: { name?: string; filter: Where; data: Record<string, unknown> };
}

/** What a request gets instead of its answer. */
export interface Refusal {
	status: number;
	body?: unknown;
}

export class Tables {
	private readonly tables = new Map<string, Row[]>();
	/** What the workflow's executions hold, the first first; their ids count from 1. */
	readonly executions: unknown[] = [];
	/** The ids of those that run. Like n8n, `GET /executions` lists them only when asked for them. */
	readonly running = new Set<number>();
	/** Which execution another one is a retry of; all that are asked for by their id stand here. */
	readonly retryOf = new Map<string, string | null>();
	/** Each request as `METHOD /path`, in order. */
	readonly requests: string[] = [];
	refuse: (request: string) => Refusal | undefined = () => undefined;
	url = '';
	private readonly app = fastify({ forceCloseConnections: true });

	private constructor() {
		this.serve('GET', '/data-tables', () => ({
			data: [...this.tables.keys()].map((name) => ({ id: name, name })),
		}));
		this.serve('POST', '/data-tables', ({ body }) => {
			this.insert(String(body.name));
			return { id: body.name, name: body.name };
		});
		this.serve('GET', '/data-tables/:id/rows', ({ params, query }) => this.list(params.id, query));
		this.serve('PATCH', '/data-tables/:id/rows/update', ({ params, body }) => {
			for (const row of this.where(params.id, body.filter)) Object.assign(row, body.data);
			return true;
		});
		this.serve('POST', '/data-tables/:id/rows/upsert', ({ params, body }) => {
			const found = this.where(params.id, body.filter);
			for (const row of found) Object.assign(row, body.data);
			if (found.length === 0) this.insert(params.id, body.data);
			return true;
		});
		this.serve('GET', '/executions', ({ query: { limit, status } }) => ({
			data: this.executions
				.map((_, index) => index + 1)
				.filter((id) => this.running.has(id) === (status === 'running'))
				.map((id) => ({ id: String(id) }))
				.reverse()
				.slice(0, Number(limit)),
		}));
		this.serve('GET', '/executions/:id', ({ params: { id } }) => ({
			id,
			retryOf: this.retryOf.get(id) ?? null,
			data: this.executions[Number(id) - 1],
		}));
	}

	static async start(): Promise<Tables> {
		const tables = new Tables();
		tables.url = `${await tables.app.listen({ host: '127.0.0.1', port: 0 })}/api/v1`;
		return tables;
	}

	async close(): Promise<void> {
		await this.app.close();
	}

	rows(name: string): Row[] {
		const rows = this.tables.get(name);
		if (!rows) throw new Error(`There is no table ${name}`);
		return rows;
	}

	/** Makes the table if need be, as a user would. */
	insert(name: string, ...data: Array<Record<string, unknown>>): void {
		const rows = this.tables.get(name) ?? [];
		this.tables.set(name, rows);
		for (const one of data) {
			rows.push({ createdAt: new Date().toISOString(), ...one, id: rows.length + 1 });
		}
	}

	private serve(
		method: 'GET' | 'POST' | 'PATCH',
		path: string,
		answer: (request: Incoming) => unknown,
	): void {
		this.app.route<{
			Params: Incoming['params'];
			Querystring: Incoming['query'];
			Body: Incoming['body'];
		}>({
			method,
			url: `/api/v1${path}`,
			handler: async (request, reply) => {
				const line = `${method} ${request.url.replace('/api/v1', '').replace(/\?.*/, '')}`;
				this.requests.push(line);
				const refusal =
					request.headers['x-n8n-api-key'] === N8N_KEY ? this.refuse(line) : { status: 401 };
				if (refusal) return await reply.code(refusal.status).send(refusal.body ?? {});
				return await reply.send(answer(request));
			},
		});
	}

	private where(name: string, { type, filters }: Where): Row[] {
		const meets = (row: Row) => (filter: Filter) => compare(row[filter.columnName] ?? null, filter);
		return this.rows(name).filter((row) =>
			type === 'or' ? filters.some(meets(row)) : filters.every(meets(row)),
		);
	}

	private list(name: string, { filter, sortBy = 'id:asc', limit, cursor }: Incoming['query']) {
		const [column = 'id', direction] = sortBy.split(':');
		const sign = direction === 'desc' ? -1 : 1;
		const where = JSON.parse(filter ?? '{"filters":[]}') as Where;
		const rows = this.where(name, where).sort(
			(one, other) => order(one[column], other[column]) * sign,
		);
		const from = Number(cursor ?? 0);
		const to = from + Number(limit ?? 100);
		return { data: rows.slice(from, to), nextCursor: to < rows.length ? String(to) : null };
	}
}

function order(one: unknown, other: unknown): number {
	if (typeof one === 'number' && typeof other === 'number') return one - other;
	return String(one) < String(other) ? -1 : 1;
}

function compare(value: unknown, filter: Filter): boolean {
	switch (filter.condition) {
		case 'eq':
			return value === filter.value;
		case 'neq':
			return value !== filter.value;
		default:
			throw new Error(`The stand-in knows no ${filter.condition}`);
	}
}
