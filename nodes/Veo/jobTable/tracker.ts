import { type AcceptedJob, orFailed, RequestFailed, type VideoStatus } from '../api/client';
import type { Clock } from '../api/clock';
import { tableFailed } from '../errors/messages';
import type { JsonObject } from '../errors/outcome';
import type { GenerateRequest } from '../api/parameters';
import { type RetryRules, withRetries } from '../api/retry';
import { type DataTable, type Filter, filled } from './dataTable';
import { type JobRow, toJobRow } from './jobTable';
import { isFinal } from '../api/videoStatus';

/** What tells one try of a run from another that n8n makes of the same execution. */
export interface RunIdentity {
	executionId: string;
	workflowId: string;
	nodeId: string;
	runIndex: number;
}

export interface Tracked {
	itemIndex: number;
	requestHash: string;
}

/**
 * Keeps the jobs of one run of the node in the job table: a row before the paid request is sent, its `uuid` right
 * after. So a process that dies in between leaves a trace, and an execution that n8n runs again finds its jobs.
 */
export class JobTracker {
	private rows = new Map<string, JobRow>();

	constructor(
		private readonly table: DataTable,
		private readonly run: RunIdentity,
		private readonly clock: Clock,
		private readonly retry: RetryRules,
		/** Whether a finished video of the same request is given again instead of a new one. */
		private readonly reuseIdentical: boolean,
	) {}

	/** Makes the table if need be, and reads what it knows of this execution. Throws `VeoFailure`. */
	async open(): Promise<void> {
		await this.orThrow(async () => await this.table.ensure());
		const filters = [equals('executionId', this.run.executionId)];
		await this.orThrow(async () => {
			for await (const page of this.table.pages(filters, 'id:asc')) {
				for (const row of page.map(toJobRow)) this.rows.set(String(row.jobKey), row);
			}
		});
	}

	/** The row that an earlier try of this execution left for the item. */
	earlier(item: Tracked): JobRow | undefined {
		return this.rows.get(this.keyOf(item));
	}

	/** A finished video of the same request, where the user wants it given again. Throws `VeoFailure`. */
	async finishedBefore({ requestHash }: Tracked): Promise<JobRow | undefined> {
		if (!this.reuseIdentical) return undefined;
		const filters: Filter[] = [
			equals('requestHash', requestHash),
			equals('status', 'completed'),
			...filled('videoUrl'),
		];
		const [found] = await this.orThrow(async () => await this.table.find(filters, 'id:desc', 1));
		return found && toJobRow(found);
	}

	/** Before the paid request: throws `VeoFailure` where the row could not be written, and nothing must be paid. */
	async submitting(item: Tracked, request: GenerateRequest): Promise<void> {
		const { executionId, workflowId } = this.run;
		const { prompt, generationType, aspectRatio, imageUrl = null } = request;
		const row = {
			status: 'submitting',
			...{ prompt, generationType, aspectRatio, imageUrl, executionId, workflowId },
			jobKey: this.keyOf(item),
			requestHash: item.requestHash,
			submittedAt: this.timestamp(),
			errorMessage: null,
			finishedAt: null,
		};
		await this.orThrow(async () => await this.table.upsert(this.filterOf(item), row));
	}

	/** The `uuid` into the row. Tells whether that could be written. */
	async accepted(item: Tracked, { uuid, status }: AcceptedJob): Promise<boolean> {
		// Checked just now, in a way; so the trigger does not ask at once again.
		return await this.write(item, {
			uuid,
			status: status ?? 'pending',
			checkedAt: this.timestamp(),
		});
	}

	async notAccepted(item: Tracked, why: string, unclear: boolean): Promise<void> {
		await this.write(
			item,
			unclear
				? { errorMessage: why }
				: { status: 'failed', errorMessage: why, finishedAt: this.timestamp() },
		);
	}

	async checked(item: Tracked, video: VideoStatus): Promise<void> {
		await this.write(item, rowChanges(video, this.timestamp()), [UNFINISHED]);
	}

	private async write(item: Tracked, changes: JsonObject, also: Filter[] = []): Promise<boolean> {
		const filters = [...this.filterOf(item), ...also];
		const update = async () => await this.table.update(filters, changes);
		return !((await orFailed(withRetries('status', update, this.retry))) instanceof RequestFailed);
	}

	private async orThrow<T>(call: () => Promise<T>): Promise<T> {
		const result = await orFailed(withRetries('status', call, this.retry));
		if (result instanceof RequestFailed) throw tableFailed(this.table.name, result.outcome);
		return result;
	}

	private keyOf({ itemIndex, requestHash }: Tracked): string {
		const { executionId, nodeId, runIndex } = this.run;
		return [executionId, nodeId, runIndex, itemIndex, requestHash.slice(0, 16)].join('/');
	}

	private filterOf(item: Tracked): Filter[] {
		return [equals('jobKey', this.keyOf(item))];
	}

	private timestamp(): string {
		return new Date(this.clock.now()).toISOString();
	}
}

export const equals = (columnName: string, value: string | number | null): Filter => ({
	columnName,
	condition: 'eq',
	value,
});

/** A row that is final stays as it is, whoever else looks: by its `finishedAt` triggers know what they delivered. */
export const UNFINISHED = equals('finishedAt', null);

/** What a status answer changes in the job's row. */
export function rowChanges(video: VideoStatus, now: string): JsonObject {
	const { status, videoUrl, progress, errorMessage } = video;
	return {
		status,
		checkedAt: now,
		...(typeof videoUrl === 'string' && { videoUrl }),
		...(typeof progress === 'number' && { progress }),
		...(typeof errorMessage === 'string' && { errorMessage }),
		...(isFinal(status) && { finishedAt: now }),
	};
}
