import { apiMessageOf, byStatus } from '../api/envelope';
import { isJsonObject, type JsonObject, parseJson } from '../api/json';
import type { ApiRequest, Transport } from '../api/transport';
import { RequestError, settle } from '../errors/outcome';

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

/** n8n's limit for one request. */
const MAX_PAGE = 250;

/**
 * One of n8n's Data Tables, through n8n's public API: the only access that a community node has. It works from every
 * process of the instance. Every method throws `RequestError`.
 */
export class DataTable {
	private id: string | undefined;

	constructor(
		private readonly send: Transport,
		readonly name: string,
		private readonly columns: Columns,
	) {}

	/** Finds the table by its name. */
	async exists(): Promise<boolean> {
		if (this.id !== undefined) return true;
		const query = toQuery({
			filter: JSON.stringify({ name: this.name }),
			limit: String(MAX_PAGE),
		});
		const tables = rowsOf(await this.request({ method: 'GET', path: `/data-tables?${query}` }));
		// n8n's filter also finds names that contain this one.
		const id = tables.find((table) => table.name === this.name)?.id;
		if (typeof id === 'string') this.id = id;
		return this.id !== undefined;
	}

	/** Creates the table unless there is one with its name. */
	async ensure(): Promise<void> {
		if (await this.exists()) return;
		const columns = Object.entries(this.columns).map(([name, type]) => ({ name, type }));
		const create = this.request({
			method: 'POST',
			path: '/data-tables',
			json: { name: this.name, columns },
		});
		const created = await settle(create);
		// Another process may have created it at the same time.
		if (created instanceof RequestError && !(await this.exists())) throw created;
		if (!(await this.exists())) throw new RequestError({ name: 'shape' });
	}

	/** The first `limit` rows that match all `filters`. */
	async find(filters: Filter[], sortBy: SortBy, limit = MAX_PAGE): Promise<JsonObject[]> {
		return (await this.page(filters, sortBy, limit)).rows;
	}

	/** All rows that match all `filters`, page by page. */
	async *pages(filters: Filter[], sortBy: SortBy): AsyncGenerator<JsonObject[]> {
		let cursor: string | undefined;
		do {
			const page = await this.page(filters, sortBy, MAX_PAGE, cursor);
			yield page.rows;
			cursor = page.nextCursor;
		} while (cursor !== undefined);
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

	/** Changes every row that matches all `filters`, or one of them with `or`. */
	async update(filters: Filter[], data: JsonObject, type: 'and' | 'or' = 'and'): Promise<void> {
		await this.request({
			method: 'PATCH',
			path: `${this.path}/rows/update`,
			json: { filter: { type, filters }, data },
		});
	}

	/** Changes the row that matches all `filters`, or inserts it. */
	async upsert(filters: Filter[], data: JsonObject): Promise<void> {
		await this.request({
			method: 'POST',
			path: `${this.path}/rows/upsert`,
			json: { filter: { type: 'and', filters }, data },
		});
	}

	private get path(): string {
		return `/data-tables/${this.id ?? ''}`;
	}

	private async request(request: ApiRequest): Promise<unknown> {
		return await requestN8n(this.send, request);
	}
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
	throw new RequestError({
		name,
		httpStatus,
		apiMessage: isJsonObject(json) ? apiMessageOf(json) : undefined,
	});
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

export const equals = (columnName: string, value: string | number | null): Filter => ({
	columnName,
	condition: 'eq',
	value,
});
