import type { JsonObject } from '../api/json';
import { scopeOf } from '../api/policy';
import { notWritten } from '../errors/messages';
import { RequestError, settle } from '../errors/outcome';
import { type DataTable, equals, type Filter } from '../jobTable/dataTable';
import { type JobRow, UNFINISHED } from '../jobTable/jobTable';
import type { Reporter } from './reporter';

/** Progress and the time of the last check are written once in this time, and progress in steps. */
const WRITE_MS = 60_000;
const PROGRESS_STEP = 10;

/** What is written of a job that is not final. */
export interface WrittenJob {
	/** All rows with the `uuid` of the job, as they were read. */
	rows: Map<number, JobRow>;
	progress?: number;
	/** Whether the time of the last check is written. */
	isStamped: boolean;
	writtenMs: number;
}

interface FinalWrite {
	row: JobRow;
	changes: JsonObject;
}

/** Writes the answers of the API to the job table. A row that was finished in the meantime stays as it is. */
export class RowWriter {
	/** Final rows that could not be written yet. */
	private unwritten: FinalWrite[] = [];
	/** Rows that n8n refuses to write, by `id` and `uuid`. They are left alone. */
	private readonly unwritable = new Set<string>();

	constructor(private readonly reporter: Reporter) {}

	/** Whether the job of a row is final, and only the row does not say so. */
	isDone(row: JobRow): boolean {
		const key = rowKey(row);
		return this.unwritable.has(key) || this.unwritten.some((one) => rowKey(one.row) === key);
	}

	/** Writes a new status at once. */
	writeStatus(table: DataTable, job: WrittenJob, status: string): void {
		for (const row of job.rows.values()) {
			if (row.status === status) continue;
			row.status = status;
			void settle(table.update(unfinished(row), { status, ...stepOf(job) })).catch(() => undefined);
		}
	}

	/**
	 * Writes when jobs were checked, and rows with the same progress together. Throws `RequestError`; what was not written is
	 * written a minute later.
	 */
	async writeSteps(table: DataTable, jobs: Iterable<WrittenJob>): Promise<void> {
		const nowMs = Date.now();
		const groups = new Map<number | undefined, WrittenJob[]>();
		for (const job of jobs) {
			if (job.isStamped || nowMs - job.writtenMs < WRITE_MS) continue;
			job.writtenMs = nowMs;
			const { progress } = stepOf(job);
			groups.set(progress, [...(groups.get(progress) ?? []), job]);
		}
		const checkedAt = new Date(nowMs).toISOString();
		for (const [progress, group] of groups) {
			const ids = group.flatMap(({ rows }) => [...rows.keys()]);
			// Before the write: a job may be checked again meanwhile.
			for (const job of group) job.isStamped = true;
			const changes = { checkedAt, ...(progress !== undefined && { progress }) };
			const written = await settle(table.updateRows(ids, changes));
			const isRefused = written instanceof RequestError;
			this.reporter.isWritable = !isRefused;
			if (!isRefused) continue;
			for (const job of group) job.isStamped = false;
			throw written;
		}
	}

	/** Keeps the changes of a final row until `writeFinal` has written them. */
	addFinal(row: JobRow, changes: JsonObject): void {
		this.unwritten.push({ row, changes });
	}

	/** One row that cannot be written holds up no other. */
	async writeFinal(table: DataTable): Promise<void> {
		const writes = this.unwritten.splice(0);
		for (const [index, write] of writes.entries()) {
			const { row, changes } = write;
			const { status, checkedAt, finishedAt } = changes;
			const written = await settle(table.update(unfinished(row), changes));
			if (!(written instanceof RequestError)) continue;
			const isRefused = written.outcome.name === 'http4xx' && !written.outcome.n8nCause;
			const again = isRefused
				? await settle(
						table.update(unfinished(row), {
							status,
							finishedAt,
							...(checkedAt !== undefined && { checkedAt }),
						}),
					)
				: written;
			if (!(again instanceof RequestError)) continue;
			if (isRefused) this.unwritable.add(rowKey(row));
			else this.unwritten.push(write);
			this.reporter.log(notWritten(String(row.uuid), again.outcome));
			if (!isRefused && scopeOf(again.outcome) !== 'item') {
				this.unwritten.push(...writes.slice(index + 1));
				return;
			}
		}
	}
}

/** A row may have been replaced by that of another job since it was read. */
const unfinished = (row: JobRow): Filter[] => [
	equals('id', row.id),
	equals('uuid', String(row.uuid)),
	UNFINISHED,
];

const rowKey = ({ id, uuid }: JobRow) => `${id} ${uuid}`;

const stepOf = ({ progress }: WrittenJob) =>
	progress === undefined ? {} : { progress: Math.floor(progress / PROGRESS_STEP) * PROGRESS_STEP };
