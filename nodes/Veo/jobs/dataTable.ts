import { byStatus, wordsOf } from '../api/envelope';
import { orFailed, RequestFailed } from '../api/client';
import { isJsonObject, type JsonObject } from '../api/outcome';
import type { ApiRequest, Transport } from '../api/transport';

export type ColumnType = 'string' | 'number' | 'boolean' | 'date';
export type Columns = Record<string, ColumnType>;

export interface Filter {
	columnName: string;
	condition: 'eq' | 'neq' | 'gte' | 'lte' | 'isEmpty' | 'isNotEmpty';
	value: string | number | null;
}

/** n8n gives no more rows at once. */
export const LARGEST_PAGE = 250;

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
		const query = new URLSearchParams({
			filter: JSON.stringify({ name: this.name }),
			limit: '250',
		});
		const found = rowsOf(
			await this.ask({ method: 'GET', path: `/data-tables?${query.toString()}` }),
		);
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
	async find(
		filters: Filter[],
		sortBy: `${string}:${'asc' | 'desc'}`,
		limit = LARGEST_PAGE,
		offset = 0,
	): Promise<JsonObject[]> {
		const query = new URLSearchParams({
			filter: JSON.stringify({ type: 'and', filters }),
			sortBy,
			limit: String(limit),
			offset: String(offset),
		});
		return rowsOf(await this.ask({ method: 'GET', path: `${this.path}/rows?${query.toString()}` }));
	}

	async insert(row: JsonObject): Promise<void> {
		await this.ask({
			method: 'POST',
			path: `${this.path}/rows`,
			json: { data: [row], returnType: 'count' },
		});
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
		const answer = await this.send(request);
		if ('noAnswer' in answer) {
			throw new RequestFailed({ name: answer.noAnswer, networkCode: answer.networkCode });
		}
		const { httpStatus, body } = answer;
		const json = parse(body);
		const name = byStatus(httpStatus) ?? (json === undefined ? 'html' : undefined);
		if (name === undefined) return json;
		throw new RequestFailed({
			name,
			httpStatus,
			words: isJsonObject(json) ? wordsOf(json) : undefined,
		});
	}
}

function rowsOf(answer: unknown): JsonObject[] {
	const data = isJsonObject(answer) ? answer.data : undefined;
	if (!Array.isArray(data)) throw new RequestFailed({ name: 'shape' });
	return data.filter(isJsonObject);
}

function parse(body: string): unknown {
	try {
		return JSON.parse(body);
	} catch {
		return undefined;
	}
}
