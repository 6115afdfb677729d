import type { VideoStatus } from '../api/client';
import { isJsonObject, type JsonObject, toText } from '../api/json';
import type { Transport } from '../api/transport';
import { checkTableName } from '../api/validation';
import { isComplete } from '../api/videoStatus';
import { type Columns, DataTable, equals, type TableRef } from './dataTable';

/** The job table's columns. Users' workflows refer to these names. */
export const JOB_COLUMNS = {
	uuid: 'string',
	status: 'string',
	progress: 'number',
	videoUrl: 'string',
	prompt: 'string',
	generationType: 'string',
	aspectRatio: 'string',
	imageUrl: 'string',
	errorMessage: 'string',
	idempotencyKey: 'string',
	jobKey: 'string',
	requestHash: 'string',
	executionId: 'string',
	workflowId: 'string',
	submittedAt: 'date',
	checkedAt: 'date',
	finishedAt: 'date',
} as const satisfies Columns;

/** A row of the job table. A user may have inserted it with only a `uuid`. */
export type JobRow = Partial<Record<keyof typeof JOB_COLUMNS, string | number | null>> & {
	id: number;
	createdAt?: unknown;
};

export const jobTable = (send: Transport, ref: TableRef) => new DataTable(send, ref, JOB_COLUMNS);

/**
 * The table that the form names: a resource locator, or a plain string in older workflows and from expressions. Throws
 * `VeoError` if it is blank.
 */
export function checkTableRef(raw: unknown): TableRef {
	const { mode, value, cachedResultName } = isJsonObject(raw) ? raw : { value: raw };
	const text = checkTableName(value);
	return mode === 'list' ? { id: text, label: toText(cachedResultName) || text } : { name: text };
}

/** A row as n8n returned it. A value of another type than its column's is left out. */
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

const INTERNAL_COLUMNS = new Set(['id', 'createdAt', 'jobKey', 'requestHash', 'checkedAt']);

/** The job of a row as JSON, without the table's internal columns. */
export function toJson(row: JobRow): JsonObject {
	return Object.fromEntries(Object.entries(row).filter(([name]) => !INTERNAL_COLUMNS.has(name)));
}

/** A final row does not change any more: triggers recognise what they delivered by its `finishedAt`. */
export const UNFINISHED = equals('finishedAt', null);

/** The changes that a status answer makes to the job's row. `now` is an ISO timestamp. */
export function rowChanges(video: VideoStatus, now: string): JsonObject {
	const { status, videoUrl, progress, errorMessage } = video;
	return {
		status,
		checkedAt: now,
		...(typeof videoUrl === 'string' && { videoUrl }),
		...(typeof progress === 'number' && { progress }),
		...(typeof errorMessage === 'string' && { errorMessage }),
		...(isComplete(video) && { finishedAt: now }),
	};
}
