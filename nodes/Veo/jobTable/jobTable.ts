import type { JsonObject } from '../errors/outcome';
import { type Columns, DataTable } from './dataTable';
import type { Transport } from '../api/transport';

/** The job table's columns. Their names are fixed: users' workflows refer to them. */
export const JOB_COLUMNS = {
	uuid: 'string',
	status: 'string',
	prompt: 'string',
	generationType: 'string',
	aspectRatio: 'string',
	imageUrl: 'string',
	videoUrl: 'string',
	progress: 'number',
	errorMessage: 'string',
	jobKey: 'string',
	requestHash: 'string',
	executionId: 'string',
	workflowId: 'string',
	submittedAt: 'date',
	checkedAt: 'date',
	finishedAt: 'date',
} as const satisfies Columns;

/** A row of the job table. A user may have made it, with no more than a `uuid`. */
export type JobRow = Partial<Record<keyof typeof JOB_COLUMNS, string | number | null>> & {
	id: number;
	createdAt?: unknown;
};

export const jobTable = (send: Transport, name: string) => new DataTable(send, name, JOB_COLUMNS);

/** A row as n8n gave it. A field of another type than its column's is left out. */
export function toJobRow(row: JsonObject): JobRow {
	const job: JobRow = { id: Number(row.id), createdAt: row.createdAt };
	for (const [name, type] of Object.entries(JOB_COLUMNS)) {
		const value = row[name];
		if (typeof value === (type === 'number' ? 'number' : 'string') && value !== '') {
			Object.assign(job, { [name]: value });
		}
	}
	return job;
}

const OF_THE_TABLE_ONLY = new Set(['id', 'createdAt', 'jobKey', 'requestHash', 'checkedAt']);

/** What a row tells of its job, without what only the table itself needs. */
export function toJson(row: JobRow): JsonObject {
	return Object.fromEntries(Object.entries(row).filter(([name]) => !OF_THE_TABLE_ONLY.has(name)));
}
