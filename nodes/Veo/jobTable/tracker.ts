import { sleepUnlessAborted } from '../api/abort';
import type { AcceptedJob, VideoStatus } from '../api/client';
import { type JsonObject, toText } from '../api/json';
import type { GenerateRequest } from '../api/parameters';
import { type RetryRules, withRetries } from '../api/retry';
import { isUuid } from '../api/validation';
import {
	idempotencyKeyInUse,
	invalidRowUuid,
	keyTakenByOther,
	sentAgain,
	tableFailed,
} from '../errors/messages';
import { RequestError, settle } from '../errors/outcome';
import { StoppedError } from '../errors/VeoError';
import { type DataTable, equals, type Filter, isFilled, MAX_PAGES, sameCells } from './dataTable';
import { type JobRow, rowChanges, toJobRow, UNFINISHED } from './jobTable';

/** Between two looks at the row of an idempotency key that another item is submitting. */
const KEY_PAUSE_MS = 1_000;
/** A request beyond its timeout by this much has ended, or its process has crashed. */
const SUBMITTING_GRACE_MS = 30_000;

/** The columns that show whether another item has claimed a row. */
const CLAIMED = ['id', 'status', 'jobKey', 'uuid'];

/** Identifies one run of the node. It is the same for an execution and its retries. */
export interface RunIdentity {
	executionId: string;
	workflowId: string;
	nodeId: string;
	runIndex: number;
}

/** Identifies one item of a run. */
export interface Tracked {
	itemIndex: number;
	requestHash: string;
	/** One key stands for one video, in all executions. */
	idempotencyKey?: string;
}

export interface ClaimRules {
	/** The `uuid` of a failed video that the claim replaces. */
	replaces?: string;
	/** The user chose to send an unclear request again. */
	isSentAgain: boolean;
	signal?: AbortSignal;
}

/**
 * Records the jobs of one run of the node in the job table: a row before the paid request is sent, and its `uuid` right
 * after. A crash in between leaves that row, and a retry of the execution finds its jobs.
 */
export class JobTracker {
	private rows = new Map<string, JobRow>();

	constructor(
		private readonly table: DataTable,
		private readonly run: RunIdentity,
		private readonly retry: RetryRules,
		/** Of a paid request, in ms. */
		private readonly requestTimeoutMs: number,
	) {}

	/** Creates the table if needed, and reads the rows of this execution. Throws `VeoError`. */
	async open(): Promise<void> {
		await this.orThrow(async () => await this.table.ensure());
		const filters = [equals('executionId', this.run.executionId)];
		await this.orThrow(async () => {
			let pages = 0;
			for await (const page of this.table.pages(filters, 'id:asc')) {
				pages++;
				for (const row of page.map(toJobRow)) this.rows.set(String(row.jobKey), row);
			}
			// A job whose row was not read would be paid for again.
			if (pages === MAX_PAGES) throw new RequestError({ name: 'shape' });
		});
	}

	/** The row that an earlier try of this execution wrote for the item. Throws `VeoError` if its `uuid` cannot be one. */
	earlier(item: Tracked): JobRow | undefined {
		return this.withUuid(this.rows.get(this.keyOf(item)));
	}

	/** Others can write rows. A row with another `uuid` must not count as one of no job: it would be paid for again. */
	private withUuid(row: JobRow | undefined): JobRow | undefined {
		if (row?.uuid === undefined || isUuid(String(row.uuid))) return row;
		throw invalidRowUuid(this.table.name, row.id);
	}

	/** Whether the request of an interrupted row was the one that the user chose to send again. */
	wasSentAgain(row: JobRow | undefined): boolean {
		return String(row?.errorMessage).startsWith(sentAgain());
	}

	/** The newest jobs of the same request that may be reused, of any execution. Throws `VeoError`. */
	async identical(requestHash: string, limit: number): Promise<JobRow[]> {
		const filters: Filter[] = [
			equals('requestHash', requestHash),
			{ columnName: 'status', condition: 'neq', value: 'failed' },
			...isFilled('uuid'),
		];
		const found = await this.orThrow(async () => await this.table.find(filters, 'id:desc', limit));
		return found.map(toJobRow).filter(({ uuid }) => isUuid(String(uuid)));
	}

	/**
	 * The row of the item's idempotency key; undefined if the key is new or its last request was refused. Throws `VeoError`
	 * if the key stands for another request, or if the row's `uuid` cannot be one.
	 */
	async findByKey(item: Tracked): Promise<JobRow | undefined> {
		return this.checkRowOfKey(item, await this.rowOfKey(item));
	}

	/** The lowest row id of a key is the one that counts. */
	private async rowOfKey({ idempotencyKey }: Tracked): Promise<JsonObject | undefined> {
		if (idempotencyKey === undefined) return undefined;
		const filters = [equals('idempotencyKey', idempotencyKey)];
		const [found] = await this.orThrow(async () => await this.table.find(filters, 'id:asc', 1));
		return found;
	}

	private checkRowOfKey(
		{ idempotencyKey, requestHash }: Tracked,
		found: JsonObject | undefined,
	): JobRow | undefined {
		const row = this.withUuid(found && toJobRow(found));
		if (row?.uuid !== undefined && row.requestHash !== requestHash) {
			throw idempotencyKeyInUse(String(idempotencyKey), String(row.uuid));
		}
		return row;
	}

	/**
	 * Claims the item's idempotency key right before its paid request. Returns `claimed`, or the row of the job that has the
	 * key already, after waiting while another item submits it, or `unclear` if that item was interrupted. Throws `VeoError`,
	 * and `StoppedError`.
	 */
	async claim(
		item: Tracked,
		request: GenerateRequest,
		rules: ClaimRules,
	): Promise<'claimed' | 'unclear' | JobRow> {
		const jobKey = this.keyOf(item);
		const changes = this.submittingRow(item, request, rules.isSentAgain);
		for (;;) {
			const found = await this.rowOfKey(item);
			const row = this.checkRowOfKey(item, found);
			if (found === undefined || row === undefined) {
				await this.orThrow(
					async () => await this.table.upsert([equals('jobKey', jobKey)], changes),
				);
				if ((await this.findByKey(item))?.jobKey === jobKey) return 'claimed';
				// Another item inserted its row for the key first. This row never becomes a job.
				await this.notAccepted(item, keyTakenByOther(), false, { idempotencyKey: null });
				continue;
			}
			if (row.uuid !== undefined && row.uuid !== rules.replaces) return row;
			const isUnclear = row.status === 'submitting' && this.isInterrupted(row, jobKey);
			if (isUnclear && !rules.isSentAgain) return 'unclear';
			if (row.status !== 'submitting' || isUnclear) {
				// Only one of several items changes the row: the filter no longer matches for the others.
				const unchanged = sameCells(found, CLAIMED);
				await this.orThrow(async () => await this.table.update(unchanged, changes));
				const after = await this.findByKey(item);
				if (after?.jobKey === jobKey && after.status === 'submitting') return 'claimed';
			}
			if (rules.signal?.aborted) throw new StoppedError();
			await sleepUnlessAborted(KEY_PAUSE_MS, rules.signal);
		}
	}

	/** Whether the process that was submitting a row has crashed, or did not get a clear answer. */
	private isInterrupted({ jobKey, submittedAt, errorMessage }: JobRow, own: string): boolean {
		const isAnswered = typeof errorMessage === 'string' && errorMessage !== sentAgain();
		if (jobKey === own || isAnswered) return true;
		const sinceMs = Date.now() - Date.parse(String(submittedAt));
		return !(sinceMs <= this.requestTimeoutMs + SUBMITTING_GRACE_MS);
	}

	/** Writes the row before the paid request. Throws `VeoError`: without the row, nothing must be paid. */
	async submitting(item: Tracked, request: GenerateRequest, isSentAgain: boolean): Promise<void> {
		const row = this.submittingRow(item, request, isSentAgain);
		await this.orThrow(async () => await this.table.upsert(this.filtersOf(item), row));
	}

	/** Writes the `uuid` of an accepted job. Returns whether that worked. */
	async accepted(item: Tracked, { uuid, status }: AcceptedJob): Promise<boolean> {
		// `checkedAt` counts as the last check, so that the trigger does not check at once.
		return await this.write(item, {
			uuid,
			status: toText(status) || 'pending',
			errorMessage: null,
			checkedAt: timestamp(),
		});
	}

	/** Writes the outcome of a paid request without a job. */
	async notAccepted(
		item: Tracked,
		reason: string,
		isUnclear: boolean,
		more: JsonObject = {},
	): Promise<void> {
		await this.write(
			item,
			isUnclear
				? { errorMessage: reason, ...more }
				: { status: 'failed', errorMessage: reason, finishedAt: timestamp(), ...more },
		);
	}

	/** Writes a status answer, and the `uuid`: it may not have been written when the job was accepted. */
	async checked(item: Tracked, video: VideoStatus): Promise<void> {
		const changes = { uuid: video.uuid, ...rowChanges(video, timestamp()) };
		await this.write(item, changes, [UNFINISHED]);
	}

	private submittingRow(item: Tracked, request: GenerateRequest, isSentAgain: boolean): JsonObject {
		const { executionId, workflowId } = this.run;
		const { prompt, generationType, aspectRatio, imageUrl = null } = request;
		return {
			uuid: null,
			status: 'submitting',
			progress: null,
			videoUrl: null,
			...{ prompt, generationType, aspectRatio, imageUrl },
			errorMessage: isSentAgain ? sentAgain() : null,
			...(item.idempotencyKey !== undefined && { idempotencyKey: item.idempotencyKey }),
			jobKey: this.keyOf(item),
			requestHash: item.requestHash,
			...{ executionId, workflowId },
			submittedAt: timestamp(),
			checkedAt: null,
			finishedAt: null,
		};
	}

	private async write(item: Tracked, changes: JsonObject, also: Filter[] = []): Promise<boolean> {
		const filters = [...this.filtersOf(item), ...also];
		const update = async () => await this.table.update(filters, changes);
		return !((await settle(withRetries(update, this.retry))) instanceof RequestError);
	}

	private async orThrow<T>(request: () => Promise<T>): Promise<T> {
		const result = await settle(withRetries(request, this.retry));
		if (result instanceof RequestError) throw tableFailed(this.table.name, result.outcome);
		return result;
	}

	private keyOf({ itemIndex, requestHash }: Tracked): string {
		const { executionId, nodeId, runIndex } = this.run;
		return [executionId, nodeId, runIndex, itemIndex, requestHash.slice(0, 16)].join('/');
	}

	private filtersOf(item: Tracked): Filter[] {
		return [equals('jobKey', this.keyOf(item))];
	}
}

const timestamp = () => new Date().toISOString();
