/** n8n's public API as far as the job table needs it, in memory, for faults that a real n8n cannot be made to have. */
import { fastify } from 'fastify';
import { addKey, leaves } from './leaks';

export const N8N_KEY = 'n8n-api-key-0123456789';
addKey(N8N_KEY);

const OWN_PROJECT = 'own-project';
const CONFLICT = { message: 'A table of that name is there' };

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
	body: {
		name?: string;
		projectId?: string;
		columns?: Array<{ name: string; type: string }>;
		filter: Where;
		data: Record<string, unknown>;
	};
}

interface Table {
	id: string;
	name: string;
	projectId: string;
	createdAt: string;
	columns?: Array<{ name: string; type: string }>;
	rows: Row[];
	nextRowId: number;
}

/** What a request gets instead of its answer. */
export interface Refusal {
	status: number;
	body?: unknown;
}

export class Tables {
	private tables: Table[] = [];
	/** What the workflow's executions hold, the first first; their ids count from 1. */
	readonly executions: unknown[] = [];
	/** The ids of those that run. Like n8n, `GET /executions` lists them only when asked for them. */
	readonly running = new Set<number>();
	/** Which execution another one is a retry of; all that are asked for by their id stand here. */
	readonly retryOf = new Map<string, string | null>();
	/** Each request as `METHOD /path`, in order. */
	readonly requests: string[] = [];
	refuse: (request: string) => Refusal | undefined = () => undefined;
	/** The same, by what is sent too. */
	refuseBody: (request: string, body: unknown) => Refusal | undefined = () => undefined;
	url = '';
	private readonly app = fastify({ forceCloseConnections: true });

	private constructor() {
		this.serve('GET', '/data-tables', ({ query }) => {
			const filter = JSON.parse(query.filter ?? '{}') as { name?: string; id?: string };
			const isMeant = ({ id, name }: Table) =>
				(filter.id === undefined || id === filter.id) && name.includes(filter.name ?? '');
			return {
				data: this.tables.filter(isMeant).map(({ id, name, projectId, createdAt, columns }) => ({
					...{ id, name, projectId, createdAt, columns },
				})),
			};
		});
		this.serve('POST', '/data-tables', ({ body }) => {
			const { name = '', projectId = OWN_PROJECT, columns } = body;
			const isThere = this.tables.some((one) => one.name === name && one.projectId === projectId);
			if (isThere) return CONFLICT;
			return this.addTable({ name, projectId, columns });
		});
		this.serve('GET', '/data-tables/:id/rows', ({ params, query }) => this.list(params.id, query));
		this.serve('PATCH', '/data-tables/:id/rows/update', ({ params, body }) => {
			for (const row of this.where(params.id, body.filter)) this.change(row, body.data);
			return true;
		});
		this.serve('POST', '/data-tables/:id/rows/upsert', ({ params, body }) => {
			const found = this.where(params.id, body.filter);
			for (const row of found) this.change(row, body.data);
			if (found.length === 0) this.insert(params.id, body.data);
			return true;
		});
		this.serve('DELETE', '/data-tables/:id/rows/delete', ({ params, query }) => {
			const gone = this.where(params.id, JSON.parse(query.filter ?? '') as Where);
			const table = this.table(params.id);
			table.rows = table.rows.filter((row) => !gone.includes(row));
			return true;
		});
		this.serve('GET', '/executions', ({ query: { limit, status } }) => ({
			data: this.executions
				.map((_, index) => index + 1)
				.filter((id) => this.running.has(id) === (status === 'running'))
				.map((id) => ({ id: String(id), mode: 'trigger' }))
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
		leaves('the job table', [this.tables, this.requests]);
		await this.app.close();
	}

	rows(nameOrId: string): Row[] {
		return this.table(nameOrId).rows;
	}

	private table(nameOrId: string): Table {
		const table =
			this.tables.find(({ id }) => id === nameOrId) ??
			this.tables.find(({ name }) => name === nameOrId);
		if (!table) throw new Error(`There is no table ${nameOrId}`);
		return table;
	}

	/** A table in the key's own project, unless the test says otherwise. */
	addTable(table: Partial<Table> & { name: string }): Omit<Table, 'rows' | 'nextRowId'> {
		const isTaken = this.tables.some(({ id }) => id === table.name);
		const added: Table = {
			id: isTaken ? `${table.name}-${this.tables.length}` : table.name,
			projectId: OWN_PROJECT,
			createdAt: '2026-01-01T00:00:00.000Z',
			rows: [],
			nextRowId: 1,
			...table,
		};
		this.tables.push(added);
		const { id, name, projectId, createdAt, columns } = added;
		return { id, name, projectId, createdAt, columns };
	}

	/** What n8n's Data Table node does with "Clear", on SQLite: row ids start again at 1. */
	clear(name: string): void {
		Object.assign(this.table(name), { rows: [], nextRowId: 1 });
	}

	drop(name: string): void {
		this.tables = this.tables.filter((table) => table !== this.table(name));
	}

	rename(name: string, newName: string): void {
		this.table(name).name = newName;
	}

	/** Makes the table if need be, as a user would. */
	insert(name: string, ...data: Array<Record<string, unknown>>): void {
		if (!this.tables.some((table) => table.id === name || table.name === name)) {
			this.addTable({ name });
		}
		const table = this.table(name);
		for (const one of data) {
			const now = new Date().toISOString();
			table.rows.push({ createdAt: now, updatedAt: now, ...one, id: table.nextRowId++ });
		}
	}

	private serve(
		method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
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
					request.headers['x-n8n-api-key'] === N8N_KEY
						? (this.refuse(line) ?? this.refuseBody(line, request.body))
						: { status: 401, body: { message: 'unauthorized' } };
				if (refusal) return await reply.code(refusal.status).send(refusal.body ?? {});
				const isKnown = this.tables.some(({ id }) => id === request.params.id);
				if (line.includes('/rows') && !isKnown) return await reply.code(404).send({});
				const answered = answer(request);
				return await reply.code(answered === CONFLICT ? 409 : 200).send(answered);
			},
		});
	}

	private change(row: Row, data: Record<string, unknown>): void {
		Object.assign(row, data, { updatedAt: new Date().toISOString() });
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
