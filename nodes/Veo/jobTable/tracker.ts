import type { AcceptedJob, VideoStatus } from '../api/client';
import type { JsonObject } from '../api/json';
import type { GenerateRequest } from '../api/parameters';
import { type RetryRules, withRetries } from '../api/retry';
import { tableFailed } from '../errors/messages';
import { RequestError, settle } from '../errors/outcome';
import { type DataTable, equals, type Filter, isFilled } from './dataTable';
import { type JobRow, rowChanges, toJobRow, UNFINISHED } from './jobTable';

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
		/** Whether a finished video of the same request is returned instead of a new one. */
		private readonly reuseIdentical: boolean,
	) {}

	/** Creates the table if needed, and reads the rows of this execution. Throws `VeoError`. */
	async open(): Promise<void> {
		await this.orThrow(async () => await this.table.ensure());
		const filters = [equals('executionId', this.run.executionId)];
		await this.orThrow(async () => {
			for await (const page of this.table.pages(filters, 'id:asc')) {
				for (const row of page.map(toJobRow)) this.rows.set(String(row.jobKey), row);
			}
		});
	}

	/** The row that an earlier try of this execution wrote for the item. */
	earlier(item: Tracked): JobRow | undefined {
		return this.rows.get(this.keyOf(item));
	}

	/** A finished video of the same request, if it is to be reused. Throws `VeoError`. */
	async finishedBefore({ requestHash }: Tracked): Promise<JobRow | undefined> {
		if (!this.reuseIdentical) return undefined;
		const filters: Filter[] = [
			equals('requestHash', requestHash),
			equals('status', 'completed'),
			...isFilled('videoUrl'),
		];
		const [found] = await this.orThrow(async () => await this.table.find(filters, 'id:desc', 1));
		return found && toJobRow(found);
	}

	/** Writes the row before the paid request. Throws `VeoError`: without the row, nothing must be paid. */
	async submitting(item: Tracked, request: GenerateRequest): Promise<void> {
		const { executionId, workflowId } = this.run;
		const { prompt, generationType, aspectRatio, imageUrl = null } = request;
		const row = {
			status: 'submitting',
			...{ prompt, generationType, aspectRatio, imageUrl, executionId, workflowId },
			jobKey: this.keyOf(item),
			requestHash: item.requestHash,
			submittedAt: timestamp(),
			errorMessage: null,
			finishedAt: null,
		};
		await this.orThrow(async () => await this.table.upsert(this.filtersOf(item), row));
	}

	/** Writes the `uuid` of an accepted job. Returns whether that worked. */
	async accepted(item: Tracked, { uuid, status }: AcceptedJob): Promise<boolean> {
		// `checkedAt` counts as the last check, so that the trigger does not check at once.
		return await this.write(item, { uuid, status: status ?? 'pending', checkedAt: timestamp() });
	}

	/** Writes the outcome of a paid request without a job. */
	async notAccepted(item: Tracked, reason: string, isUnclear: boolean): Promise<void> {
		await this.write(
			item,
			isUnclear
				? { errorMessage: reason }
				: { status: 'failed', errorMessage: reason, finishedAt: timestamp() },
		);
	}

	/** Writes a status answer. */
	async checked(item: Tracked, video: VideoStatus): Promise<void> {
		await this.write(item, rowChanges(video, timestamp()), [UNFINISHED]);
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
