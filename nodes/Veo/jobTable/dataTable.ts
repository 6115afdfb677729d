import { byStatus, parseJson, wordsOf } from '../api/envelope';
import { orFailed, RequestFailed } from '../api/client';
import { isJsonObject, type JsonObject } from '../errors/outcome';
import type { ApiRequest, Transport } from '../api/transport';

export type ColumnType = 'string' | 'number' | 'boolean' | 'date';
export type Columns = Record<string, ColumnType>;

/**
 * A condition on a column. None compares times: what n8n makes of those differs from one database and version to the
 * next. On SQLite, version 2.41 compares them by their day alone.
 */
export interface Filter {
	columnName: string;
	condition: 'eq' | 'neq';
	value: string | number | null;
}

/** For a text that is neither missing nor blank. n8n 2.8 and 2.20 refuse `isNotEmpty`, which version 2.41 has for it. */
export const filled = (columnName: string): Filter[] => [
	{ columnName, condition: 'neq', value: null },
	{ columnName, condition: 'neq', value: '' },
];

/** The column to sort by, and how. */
export type SortBy = `${string}:${'asc' | 'desc'}`;

/** n8n gives no more rows at once. */
const LARGEST_PAGE = 250;

/**
 * One of n8n's Data Tables, by n8n's public API: the one way to them that a community node has, and one that works from
 * every process of the instance. Every call throws `RequestFailed` where n8n did not answer as asked.
 */
export class DataTable {
	private id: string | undefined;

	constructor(
		private readonly send: Transport,
		readonly name: string,
		private readonly columns: Columns,
	) {}

	/** Looks the table up by its name. */
	async exists(): Promise<boolean> {
		if (this.id !== undefined) return true;
		const query = toQuery({
			filter: JSON.stringify({ name: this.name }),
			limit: String(LARGEST_PAGE),
		});
		const found = rowsOf(await this.ask({ method: 'GET', path: `/data-tables?${query}` }));
		// n8n's filter also finds names that merely contain this one.
		const id = found.find((table) => table.name === this.name)?.id;
		if (typeof id === 'string') this.id = id;
		return this.id !== undefined;
	}

	/** Makes the table unless there is one of that name. */
	async ensure(): Promise<void> {
		if (await this.exists()) return;
		const columns = Object.entries(this.columns).map(([name, type]) => ({ name, type }));
		const create = this.ask({
			method: 'POST',
			path: '/data-tables',
			json: { name: this.name, columns },
		});
		const created = await orFailed(create);
		// Another process may have been quicker.
		if (created instanceof RequestFailed && !(await this.exists())) throw created;
		if (!(await this.exists())) throw new RequestFailed({ name: 'shape' });
	}

	/** The rows that meet all of `filters`, first those with the least (or most) in a column. */
	async find(filters: Filter[], sortBy: SortBy, limit = LARGEST_PAGE): Promise<JsonObject[]> {
		return (await this.page(filters, sortBy, limit)).rows;
	}

	/** All the rows that meet all of `filters`, as many at a time as n8n gives. */
	async *pages(filters: Filter[], sortBy: SortBy): AsyncGenerator<JsonObject[]> {
		let cursor: string | undefined;
		do {
			const page = await this.page(filters, sortBy, LARGEST_PAGE, cursor);
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
		const answer = await this.ask({ method: 'GET', path: `${this.path}/rows?${query}` });
		const next = isJsonObject(answer) ? answer.nextCursor : undefined;
		return { rows: rowsOf(answer), nextCursor: typeof next === 'string' ? next : undefined };
	}

	/** Changes every row that meets all (or, with `or`, one) of `filters`. */
	async update(filters: Filter[], data: JsonObject, type: 'and' | 'or' = 'and'): Promise<void> {
		await this.ask({
			method: 'PATCH',
			path: `${this.path}/rows/update`,
			json: { filter: { type, filters }, data },
		});
	}

	/** Changes the row that meets all of `filters`, or makes it. */
	async upsert(filters: Filter[], data: JsonObject): Promise<void> {
		await this.ask({
			method: 'POST',
			path: `${this.path}/rows/upsert`,
			json: { filter: { type: 'and', filters }, data },
		});
	}

	private get path(): string {
		return `/data-tables/${this.id ?? ''}`;
	}

	private async ask(request: ApiRequest): Promise<unknown> {
		return await askN8n(this.send, request);
	}
}

/** Asks n8n's public API. Throws `RequestFailed` where it did not answer with JSON and an HTTP status of success. */
export async function askN8n(send: Transport, request: ApiRequest): Promise<unknown> {
	const answer = await send(request);
	if ('noAnswer' in answer) {
		throw new RequestFailed({ name: answer.noAnswer, networkCode: answer.networkCode });
	}
	const { httpStatus, body } = answer;
	const json = parseJson(body);
	const name = byStatus(httpStatus) ?? (json === undefined ? 'html' : undefined);
	if (name === undefined) return json;
	throw new RequestFailed({
		name,
		httpStatus,
		words: isJsonObject(json) ? wordsOf(json) : undefined,
	});
}

/** n8n takes a space as `%20`, and refuses the `+` that is usual in a query. */
function toQuery(parameters: Record<string, string>): string {
	return new URLSearchParams(parameters).toString().replaceAll('+', '%20');
}

/** What an answer of n8n's public API lists. Throws `RequestFailed` where it is none. */
export function rowsOf(answer: unknown): JsonObject[] {
	const data = isJsonObject(answer) ? answer.data : undefined;
	if (!Array.isArray(data)) throw new RequestFailed({ name: 'shape' });
	return data.filter(isJsonObject);
}
