import { apiMessageOf, byStatus } from '../api/envelope';
import { isJsonObject, type JsonObject, parseJson } from '../api/json';
import type { ApiRequest, Transport } from '../api/transport';
import { isUuid } from '../api/validation';
import { ambiguousTable, missingColumns, missingTable } from '../errors/messages';
import { type N8nCause, RequestError, settle } from '../errors/outcome';

export type ColumnType = 'string' | 'number' | 'boolean' | 'date';
export type Columns = Record<string, ColumnType>;

/**
 * A condition on a column. There is none for times: n8n compares them differently by database and version. On SQLite,
 * n8n 2.41 compares only their days.
 */
export interface Filter {
	columnName: string;
	condition: 'eq' | 'neq';
	value: string | number | null;
}

/** Matches a text that is not empty. n8n 2.8 and 2.20 refuse the condition `isNotEmpty`, which 2.41 has. */
export const isFilled = (columnName: string): Filter[] => [
	{ columnName, condition: 'neq', value: null },
	{ columnName, condition: 'neq', value: '' },
];

/** The column to sort by and the direction. */
export type SortBy = `${string}:${'asc' | 'desc'}`;

/** How the user chose a table: by its name, or from the list, which pins its `id`. */
export type TableRef = { name: string } | { id: string; label: string };

export const labelOf = (ref: TableRef) => ('name' in ref ? ref.name : ref.label);

/** A Data Table as n8n's list shows it. Older versions do not return the columns. */
export interface TableInfo {
	id: string;
	name: string;
	projectId?: string;
	createdAt?: string;
	columns?: string[];
}

/** n8n takes up to 250. A page of long prompts would be several megabytes. */
const MAX_PAGE = 100;
/** A wrong `nextCursor` must not make us read for ever. */
export const MAX_PAGES = 1_000;
/** SQLite limits how deep a condition may be. */
const MAX_CONDITIONS = 200;

/** Tables that n8n refused to make once more, so that they lie in the key's own project. By account and `id`. */
const ownTables = new Set<string>();

/**
 * One of n8n's Data Tables, through n8n's public API: the only access that a community node has. It works from every
 * process of the instance. Methods throw `RequestError`, and `VeoError` where the user has to choose another table.
 */
export class DataTable {
	private found: TableInfo | undefined;

	constructor(
		private readonly send: Transport,
		readonly ref: TableRef,
		private readonly columns: Columns,
		/** Where a table of this name lies, and is made, if that is known. */
		private readonly projectId?: string,
	) {}

	/** How messages name the table. */
	get name(): string {
		return labelOf(this.ref);
	}

	get info(): TableInfo | undefined {
		return this.found;
	}

	/** Finds the table. Throws `VeoError` if several tables have its name, or if a column is missing. */
	async exists(): Promise<boolean> {
		if (this.found) return true;
		const { ref } = this;
		const tables = (
			await listTables(this.send, 'name' in ref ? { name: ref.name } : { id: ref.id })
		)
			// n8n's filter also finds names that contain this one.
			.filter((table) => ('name' in ref ? table.name === ref.name : table.id === ref.id))
			.filter(({ projectId }) => !this.projectId || !projectId || projectId === this.projectId);
		if (tables.length > 1) throw ambiguousTable(this.name, tables);
		const [table] = tables;
		if (!table) return false;
		const missing = Object.keys(this.columns).filter(
			(name) => !(table.columns?.includes(name) ?? true),
		);
		if (missing.length > 0) throw missingColumns(this.name, missing);
		this.found = table;
		return true;
	}

	/**
	 * Creates the table unless there is one. n8n's API does not say which project is the key's own, but it refuses to make
	 * a second table of that name in it. So a table of somebody else is not taken for one's own.
	 */
	async ensure(): Promise<void> {
		const isThere = await this.exists();
		if (!('name' in this.ref)) {
			if (!isThere) throw missingTable(this.name);
			return;
		}
		if (isThere && (this.projectId !== undefined || ownTables.has(this.ownKey(this.id)))) return;
		const created = await settle(this.create(this.ref.name));
		if (!(created instanceof RequestError)) {
			this.found = created;
			return;
		}
		// There is one in the key's own project, or another process has created it at the same time.
		if (!isThere && !(await this.exists())) throw created;
		if (created.outcome.httpStatus === 409) ownTables.add(this.ownKey(this.id));
	}

	private async create(name: string): Promise<TableInfo> {
		const { projectId } = this;
		const columns = Object.entries(this.columns).map(([column, type]) => ({ name: column, type }));
		const json = { name, columns, ...(projectId !== undefined && { projectId }) };
		const answer = await this.request({ method: 'POST', path: '/data-tables', json });
		const created = isJsonObject(answer) ? toTableInfo(answer) : undefined;
		if (!created) throw new RequestError({ name: 'shape' });
		ownTables.add(this.ownKey(created.id));
		return created;
	}

	/** The first `limit` rows that match all `filters`. */
	async find(filters: Filter[], sortBy: SortBy, limit = MAX_PAGE): Promise<JsonObject[]> {
		return (await this.page(filters, sortBy, limit)).rows;
	}

	/** All rows that match all `filters`, page by page, up to `MAX_PAGES`. */
	async *pages(filters: Filter[], sortBy: SortBy): AsyncGenerator<JsonObject[]> {
		let cursor: string | undefined;
		for (let pages = 0; pages < MAX_PAGES; pages++) {
			const page = await this.page(filters, sortBy, MAX_PAGE, cursor);
			yield page.rows;
			cursor = page.nextCursor;
			if (cursor === undefined) return;
		}
	}

	private async page(filters: Filter[], sortBy: SortBy, limit: number, cursor?: string) {
		const query = toQuery({
			filter: JSON.stringify({ type: 'and', filters }),
			sortBy,
			limit: String(limit),
			...(cursor !== undefined && { cursor }),
		});
		const answer = await this.request({ method: 'GET', path: `${this.path}/rows?${query}` });
		const next = isJsonObject(answer) ? answer.nextCursor : undefined;
		return { rows: rowsOf(answer), nextCursor: typeof next === 'string' ? next : undefined };
	}

	/** Changes every row that matches all `filters`. */
	async update(filters: Filter[], data: JsonObject): Promise<void> {
		await this.change({ type: 'and', filters }, data);
	}

	/** Changes the rows with these `id`s alike, in as few requests as n8n takes. */
	async updateRows(ids: number[], data: JsonObject): Promise<void> {
		for (let from = 0; from < ids.length; from += MAX_CONDITIONS) {
			const filters = ids.slice(from, from + MAX_CONDITIONS).map((id) => equals('id', id));
			await this.change({ type: 'or', filters }, data);
		}
	}

	private async change(filter: { type: 'and' | 'or'; filters: Filter[] }, data: JsonObject) {
		const json = { filter, data: toStorable(data) };
		await this.request({ method: 'PATCH', path: `${this.path}/rows/update`, json });
	}

	/** Changes the row that matches all `filters`, or inserts it. */
	async upsert(filters: Filter[], data: JsonObject): Promise<void> {
		await this.request({
			method: 'POST',
			path: `${this.path}/rows/upsert`,
			json: { filter: { type: 'and', filters }, data: toStorable(data) },
		});
	}

	/** Deletes every row that matches all `filters`. */
	async delete(filters: Filter[]): Promise<void> {
		const query = toQuery({ filter: JSON.stringify({ type: 'and', filters }) });
		await this.request({ method: 'DELETE', path: `${this.path}/rows/delete?${query}` });
	}

	/** All users of an n8n share this process, and a key may see tables of others. */
	private ownKey(id: string): string {
		return `${this.send.account ?? ''} ${id}`;
	}

	private get id(): string {
		return this.found?.id ?? '';
	}

	private get path(): string {
		return `/data-tables/${encodeURIComponent(this.id)}`;
	}

	private async request(request: ApiRequest): Promise<unknown> {
		return await requestN8n(this.send, request);
	}
}

/** The tables that the key sees, the newest change first: those whose name contains `name`, or the one with the `id`. */
export async function listTables(
	send: Transport,
	filter: { name?: string; id?: string },
): Promise<TableInfo[]> {
	const tables: TableInfo[] = [];
	let cursor: string | undefined;
	for (let pages = 0; pages < MAX_PAGES; pages++) {
		const query = toQuery({
			filter: JSON.stringify(filter),
			limit: String(MAX_PAGE),
			...(cursor !== undefined && { cursor }),
		});
		const answer = await requestN8n(send, { method: 'GET', path: `/data-tables?${query}` });
		tables.push(...rowsOf(answer).flatMap((table) => toTableInfo(table) ?? []));
		const next = isJsonObject(answer) ? answer.nextCursor : undefined;
		if (typeof next !== 'string') break;
		cursor = next;
	}
	return tables;
}

function toTableInfo(table: JsonObject): TableInfo | undefined {
	const { id, name, projectId, createdAt, columns } = table;
	if (typeof id !== 'string' || !isUuid(id) || typeof name !== 'string') return undefined;
	return {
		id,
		name,
		projectId: typeof projectId === 'string' ? projectId : undefined,
		createdAt: typeof createdAt === 'string' ? createdAt : undefined,
		columns: Array.isArray(columns)
			? columns.filter(isJsonObject).map((column) => String(column.name))
			: undefined,
	};
}

/** Sends a request to n8n's public API and returns the JSON of its answer. Throws `RequestError`. */
export async function requestN8n(send: Transport, request: ApiRequest): Promise<unknown> {
	const answer = await send(request);
	if ('noAnswer' in answer) {
		throw new RequestError({ name: answer.noAnswer, networkCode: answer.networkCode });
	}
	const { httpStatus, body } = answer;
	const json = parseJson(body);
	const name = byStatus(httpStatus) ?? (json === undefined ? 'html' : undefined);
	if (name === undefined) return json;
	const apiMessage = isJsonObject(json) ? apiMessageOf(json) : undefined;
	throw new RequestError({
		name,
		httpStatus,
		apiMessage,
		n8nCause: causeOf(httpStatus, isJsonObject(json), apiMessage),
	});
}

/** What n8n 2.8 to 2.41 say only in their messages. */
function causeOf(httpStatus: number, isJson: boolean, apiMessage = ''): N8nCause | undefined {
	if (/size limit exceeded/i.test(apiMessage)) return 'sizeLimit';
	if (/unknown column/i.test(apiMessage)) return 'missingColumn';
	return httpStatus === 401 && !isJson ? 'proxy' : undefined;
}

/** n8n accepts a space as `%20`, but not as `+`. */
function toQuery(parameters: Record<string, string>): string {
	return new URLSearchParams(parameters).toString().replaceAll('+', '%20');
}

/** The entries of a list that n8n's public API returned. Throws `RequestError` if the answer is not a list. */
export function rowsOf(answer: unknown): JsonObject[] {
	const data = isJsonObject(answer) ? answer.data : undefined;
	if (!Array.isArray(data)) throw new RequestError({ name: 'shape' });
	return data.filter(isJsonObject);
}

/** PostgreSQL refuses NUL characters and lone surrogates in a text. */
function toStorable(data: JsonObject): JsonObject {
	return Object.fromEntries(
		Object.entries(data).map(([name, value]) => [
			name,
			typeof value === 'string' ? value.replace(/\0|\p{Surrogate}/gu, '') : value,
		]),
	);
}

export const equals = (columnName: string, value: string | number | null): Filter => ({
	columnName,
	condition: 'eq',
	value,
});

/** Matches a row as n8n returned it: users and other nodes may leave an empty text in a cell, which is not null. */
export const sameCells = (row: JsonObject, names: string[]): Filter[] =>
	names.map((name) => {
		const value = row[name];
		return equals(name, typeof value === 'string' || typeof value === 'number' ? value : null);
	});
