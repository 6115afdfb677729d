/** n8n's public API in memory, as far as the nodes use it. */
import { isJsonObject, type JsonObject, parseJson, toText } from '../../nodes/Veo/api/json';
import type { ApiRequest, Transport } from '../../nodes/Veo/api/transport';
import { json, type Reply } from './fakes';

export const JOBS = 'veo_jobs';
export const TRIGGERS = 'veo_triggers';

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
	// Empty values come first, as on SQLite.
	return toText(one).localeCompare(toText(other));
}
