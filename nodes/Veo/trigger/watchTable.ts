import type { VideoStatus } from '../api/client';
import type { JsonObject } from '../api/json';
import { isKeyRefused, mayPass, scopeOf } from '../api/policy';
import { isUuid } from '../api/validation';
import { isFinal } from '../api/videoStatus';
import { givenUp, missingTable, notAVideoId, notChecked, statusFailed } from '../errors/messages';
import { type Outcome, RequestError } from '../errors/outcome';
import {
	type DataTable,
	equals,
	type Filter,
	isFilled,
	labelOf,
	type TableRef,
} from '../jobTable/dataTable';
import {
	type JobRow,
	jobTable,
	rowChanges,
	toJobRow,
	toJson,
	UNFINISHED,
} from '../jobTable/jobTable';
import { CleanUp } from './cleanUp';
import type { Deliverer } from './deliverer';
import { type Delivery, eventOf } from './deliveries';
import { RowWriter, type WrittenJob } from './rowWriter';
import type { TriggerTable } from './triggerTable';
import { type Active, isWanted, lacksUrl, recover, type Watch } from './watch';

/** All unfinished rows are read this often, the newest ones in each round. */
const FULL_SCAN_MS = 60_000;
/** Reading them takes at most this part of the time. */
const FULL_SCAN_SHARE = 0.05;
/** How many of the latest finished rows are read where nothing is new. */
const LATEST = 20;

/** Finished jobs. A row without a `uuid` never was a job. */
export const FINISHED: Filter[] = [
	{ columnName: 'finishedAt', condition: 'neq', value: null },
	...isFilled('uuid'),
];
/** Rows of jobs that are not known to be final. */
export const PENDING: Filter[] = [UNFINISHED, ...isFilled('uuid')];

interface Job extends WrittenJob {
	uuid: string;
	/** A row that somebody else wrote as final. It is checked at the API before it is delivered. */
	claimed?: Delivery;
	withoutUrlMs?: number;
	/** Whether the last full scan did not find its rows. */
	isMissed?: boolean;
}

export async function openJobTable(
	active: Pick<Active, 'n8nApi'>,
	ref: TableRef,
): Promise<DataTable> {
	const table = jobTable(active.n8nApi, ref);
	if (!(await table.exists())) throw missingTable(labelOf(ref));
	return table;
}

/** Watches the job table. */
export class TableWatch implements Watch {
	private readonly jobs = new Map<string, Job>();
	private table: DataTable | undefined;
	private fullScanMs = -Infinity;
	private readonly writer: RowWriter;
	private readonly cleanUp: CleanUp;

	constructor(
		private readonly active: Active,
		private readonly deliverer: Deliverer,
		private readonly triggerTable: TriggerTable,
		private readonly ref: TableRef,
	) {
		this.writer = new RowWriter(active.reporter);
		this.cleanUp = new CleanUp(active, triggerTable);
	}

	async round(): Promise<void> {
		const { active, deliverer, table: before } = this;
		// A table that was made again has another `id`.
		const table = await openJobTable(active, this.ref);
		this.table = table;
		this.triggerTable.beside(table);
		await deliverer.load(active.sinceMs, async (delivery) => await this.recover(table, delivery));

		const isNewTable = table.info?.id !== before?.info?.id;
		const isFull = isNewTable || Date.now() >= this.fullScanMs;
		if (!before) await this.learn(table);
		const startedMs = Date.now();
		await this.readPending(table, isFull, isNewTable);
		const readMs = Date.now();
		await this.readFinished(table, isFull);
		if (isFull) {
			deliverer.haveRead(readMs);
			const tookMs = Date.now() - startedMs;
			this.fullScanMs = Date.now() + Math.max(FULL_SCAN_MS, tookMs / FULL_SCAN_SHARE);
		}
		await this.writer.writeFinal(table);
		await deliverer.retry();
		await this.cleanUp.run(table, deliverer.text);
		// Last, because it throws.
		await this.writer.writeSteps(table, this.jobs.values());
	}

	/** How long the latest jobs took says how long the next ones take. */
	private async learn(table: DataTable): Promise<void> {
		const rows = (await table.find(FINISHED, 'finishedAt:desc')).map(toJobRow).reverse();
		for (const { status, submittedAt, finishedAt } of rows) {
			if (status === 'completed') {
				this.active.experience.addDuration(toMs(finishedAt) - toMs(submittedAt));
			}
		}
	}

	private async readPending(table: DataTable, isFull: boolean, isNewTable: boolean): Promise<void> {
		const seen = new Set<string>();
		for await (const page of table.pages(PENDING, 'id:desc')) {
			let hasNew = false;
			for (const row of page.map(toJobRow)) {
				const uuid = await this.takePending(table, row);
				if (uuid === undefined) continue;
				seen.add(uuid);
				if (this.watchRow(uuid, row)) hasNew = true;
			}
			if (!isFull && !hasNew) return;
		}
		if (!isFull) return;
		for (const [uuid, job] of this.jobs) {
			const isMissed = !seen.has(uuid) && !job.claimed;
			// The row was deleted, or somebody else finished it: the finished rows show which. One scan alone may miss a row:
			// n8n's pages shift when a row becomes final in the meantime.
			if (isMissed && (job.isMissed || isNewTable)) this.forget(uuid);
			job.isMissed = isMissed;
		}
	}

	/** The `uuid` of a row to check; undefined for a row that cannot be checked. */
	private async takePending(table: DataTable, row: JobRow): Promise<string | undefined> {
		const uuid = String(row.uuid).trim();
		if (this.writer.isDone(row)) return undefined;
		if (isUuid(uuid)) return uuid;
		const finishedAt = toTimestamp(Date.now());
		const changes = { status: 'failed', errorMessage: notAVideoId(), finishedAt };
		this.writer.addFinal(row, changes);
		await this.writer.writeFinal(table);
		const json = { ...toJson(row), ...changes };
		this.deliver({ uuid, event: 'failed', finishedMs: toMs(finishedAt) }, json);
		return undefined;
	}

	/** Returns whether the row is new. */
	private watchRow(uuid: string, row: JobRow): boolean {
		const job = this.jobs.get(uuid);
		if (job) {
			const isNew = job.rows.get(row.id)?.uuid !== row.uuid;
			job.rows.set(row.id, row);
			return isNew;
		}
		const lastCheckMs = toMs(row.checkedAt);
		const rows = new Map([[row.id, row]]);
		this.check({ uuid, rows, isStamped: true, writtenMs: lastCheckMs || -Infinity }, lastCheckMs);
		return true;
	}

	private check(job: Job, lastCheckMs: number | undefined): void {
		const { uuid, claimed } = job;
		const acceptedAtMs = claimed ? NaN : toMs(firstRow(job)?.submittedAt);
		this.jobs.set(uuid, job);
		this.active.queue.add(
			uuid,
			{
				lastCheckMs: lastCheckMs || undefined,
				acceptedAtMs: acceptedAtMs || undefined,
				// Finished jobs are verified in the order in which they finished.
				endMs: claimed?.finishedMs,
			},
			(answer) => this.onAnswer(job, answer),
		);
	}

	/** Returns when the job was last checked. */
	private forget(uuid: string): number | undefined {
		this.jobs.delete(uuid);
		return this.active.queue.delete(uuid);
	}

	/** Jobs that somebody else finished: another trigger, Generate and Wait, or anyone who may write to the table. */
	private async readFinished(table: DataTable, isFull: boolean): Promise<void> {
		const latest = (await table.find(FINISHED, 'finishedAt:desc', LATEST)).map(toJobRow);
		if (!isFull && latest.every((row) => !this.takeFinished(row))) return;
		for await (const page of table.pages(FINISHED, 'finishedAt:desc')) {
			const rows = page.map(toJobRow);
			const hasNew = rows.filter((row) => this.takeFinished(row)).length > 0;
			if (rows.some((row) => this.deliverer.isBefore(toMs(row.finishedAt)))) return;
			if (!isFull && !hasNew) return;
		}
	}

	/** Returns whether the row is one that was not known. */
	private takeFinished(row: JobRow): boolean {
		const uuid = String(row.uuid).trim();
		const delivery = { uuid, event: eventOf(row.status), finishedMs: toMs(row.finishedAt) };
		if (this.deliverer.knows(delivery) || !isUuid(uuid)) return false;
		const job = this.jobs.get(uuid);
		if (job?.claimed) return false;
		if (!isWanted(row.status, this.active.settings.events)) {
			this.forget(uuid);
			this.deliverer.skip(delivery);
			return true;
		}
		const lastCheckMs = this.forget(uuid);
		this.deliverer.expect(delivery);
		const rows = new Map([[row.id, row]]);
		const claimedJob = { uuid, rows, claimed: delivery, isStamped: true, writtenMs: Infinity };
		this.check(claimedJob, lastCheckMs);
		return true;
	}

	private onAnswer(job: Job, answer: VideoStatus | RequestError): 'again' | 'done' {
		if (answer instanceof RequestError) return this.onFailure(job, answer.outcome);
		job.isStamped = false;
		if (isFinal(answer.status)) {
			job.withoutUrlMs ??= Date.now();
			if (lacksUrl(answer, job.withoutUrlMs)) return 'again';
			return this.finish(job, answer);
		}
		if (job.claimed && firstRow(job)?.status === 'expired') return this.finishAsWritten(job);
		if (this.isTooOld(job, 1)) return this.giveUp(job);
		if (typeof answer.progress === 'number') job.progress = answer.progress;
		if (this.table && !job.claimed) this.writer.writeStatus(this.table, job, answer.status);
		return 'again';
	}

	private onFailure(job: Job, outcome: Outcome): 'again' | 'done' {
		if (isKeyRefused(outcome)) {
			this.active.onKeyRefused(outcome);
			return 'again';
		}
		this.active.reporter.log(notChecked([{ uuid: job.uuid, outcome }]));
		if (job.claimed && !mayPass(outcome)) {
			return this.finishAsWritten(job, statusFailed(job.uuid, outcome).fullText);
		}
		job.isStamped = false;
		if (scopeOf(outcome) === 'api') return 'again';
		// The first check after a long pause may meet a short outage, so such a job gets twice the time.
		return this.isTooOld(job, scopeOf(outcome) === 'moment' ? 2 : 1) ? this.giveUp(job) : 'again';
	}

	private isTooOld(job: Job, factor: number): boolean {
		const row = firstRow(job);
		const sinceMs = toMs(row?.submittedAt ?? row?.createdAt);
		return Date.now() - sinceMs > this.active.settings.giveUpAfterMs * factor;
	}

	private giveUp(job: Job): 'done' {
		const errorMessage = givenUp(this.active.settings.giveUpAfterMs);
		return this.finish(job, { uuid: job.uuid, status: 'expired', errorMessage });
	}

	/** The API says that the job is final, or it is given up. */
	private finish(job: Job, video: VideoStatus): 'done' {
		const { uuid, claimed } = job;
		const event = eventOf(video.status);
		this.jobs.delete(uuid);
		if (claimed) {
			if (claimed.event !== event) this.deliverer.skip(claimed);
			this.deliver({ ...claimed, event }, { ...knownOf(job), ...video, uuid });
			return 'done';
		}
		const finishedAt = toTimestamp(Date.now());
		const changes = { ...rowChanges(video, finishedAt), finishedAt };
		for (const row of job.rows.values()) this.writer.addFinal(row, changes);
		this.deliver(
			{ uuid, event, finishedMs: toMs(finishedAt) },
			{ ...knownOf(job), finishedAt, ...video, uuid },
		);
		// The next round tries again.
		if (this.table) void this.writer.writeFinal(this.table).catch(() => undefined);
		return 'done';
	}

	/** The API cannot confirm a row that somebody else wrote as final. */
	private finishAsWritten(job: Job, downloadHint?: string): 'done' {
		const { uuid, claimed } = job;
		this.jobs.delete(uuid);
		if (claimed) {
			const hint = downloadHint !== undefined && { downloadHint };
			this.deliver(claimed, { ...knownOf(job), uuid, ...hint });
		}
		return 'done';
	}

	private deliver(delivery: Delivery, job: JsonObject): void {
		if (this.deliverer.isDelivered(delivery)) return;
		if (isWanted(job.status, this.active.settings.events)) this.deliverer.add(delivery, job);
		else this.deliverer.skip(delivery);
	}

	/** A job of a batch that a crash interrupted, with what the table knows. */
	private async recover(table: DataTable, delivery: Delivery): Promise<JsonObject | undefined> {
		const { uuid } = delivery;
		const [found] = isUuid(uuid) ? await table.find([equals('uuid', uuid)], 'id:asc', 1) : [];
		return await recover(this.active, delivery, found && withoutUrl(toJobRow(found)));
	}
}

const firstRow = ({ rows }: Job): JobRow | undefined => rows.values().next().value;

/** What the table knows about a job. */
function knownOf(job: Job): JsonObject {
	const row = firstRow(job);
	return row ? withoutUrl(row) : {};
}

/** A row can be written by others, so its URL is never requested. */
export function withoutUrl(row: JobRow): JsonObject {
	const json = toJson(row);
	delete json.videoUrl;
	return json;
}

const toTimestamp = (ms: number) => new Date(ms).toISOString();

export const toMs = (time: unknown) => Date.parse(String(time));
