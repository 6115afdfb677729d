import { createHash } from 'crypto';
import { isJsonObject, type JsonObject, parseJson } from '../api/json';

/** How long after its `finishedAt` a row may appear: another process wrote it, by its own clock. */
const MAX_ROW_DELAY_MS = 10 * 60_000;
const MAX_REMEMBERED = 2_000;

export type Event = 'completed' | 'failed';

/** One item for one trigger. Tables and rows do not matter: a table may be cleared, renamed or made again. */
export interface Delivery {
	uuid: string;
	event: Event;
	/** When the job became final, in ms since the epoch. */
	finishedMs: number;
}

/** Items that are being passed to n8n as one execution. */
export interface Batch {
	/** The same for the same items. n8n starts no second execution with it, where it has deduplication keys. */
	key: string;
	jobs: Delivery[];
	/** When it was begun. Records of earlier versions lack it. */
	atMs?: number;
	/** The newest execution before, where n8n has no deduplication keys. */
	afterId?: number;
}

/** A job that was given up counts as failed. */
export const eventOf = (status: unknown): Event =>
	status === 'completed' ? 'completed' : 'failed';

const idOf = ({ uuid, event }: Delivery) => shortHash(`${event} ${uuid}`);

/** 66 bits: enough to tell thousands of deliveries apart, in a third of the space of a UUID. */
const shortHash = (text: string) =>
	createHash('sha256').update(text).digest('base64url').slice(0, 11);

export const batchKey = (triggerKey: string, jobs: Delivery[]) =>
	`veo-${createHash('sha256')
		.update([triggerKey, ...jobs.map(idOf)].join('\n'))
		.digest('base64url')}`;

/**
 * What one trigger has delivered: all that finished before `sinceMs` counts as delivered; later deliveries are listed.
 * The latest earlier ones are listed too, because a job whose row is pending again finishes again.
 */
export class Deliveries {
	private constructor(
		private sinceMs: number,
		private readonly delivered: Map<string, number>,
		/** Passed to n8n, but not yet recorded as delivered. */
		readonly begun: Batch[],
	) {}

	/** For a trigger that was never active before: it does not deliver what finished earlier. */
	static none(nowMs: number): Deliveries {
		return new Deliveries(nowMs, new Map(), []);
	}

	/** Parses a stored value; undefined if it is not valid, as users can edit their tables. */
	static parse(stored: unknown): Deliveries | undefined {
		const json = typeof stored === 'string' ? parseJson(stored) : undefined;
		if (!isJsonObject(json) || typeof json.sinceMs !== 'number') return undefined;
		const { sinceMs, delivered, begun } = json;
		if (!Array.isArray(delivered) || !Array.isArray(begun)) return undefined;
		if (!delivered.every(isEntry) || !begun.every(isBatch)) return undefined;
		return new Deliveries(sinceMs, new Map(delivered), begun);
	}

	toString(): string {
		const { sinceMs, begun } = this;
		return JSON.stringify({ sinceMs, delivered: [...this.delivered], begun });
	}

	/** How many deliveries are listed. */
	get size(): number {
		return this.delivered.size;
	}

	/** A job whose time is unknown counts as delivered. */
	has(job: Delivery): boolean {
		return !(job.finishedMs >= this.sinceMs) || this.delivered.has(idOf(job));
	}

	isBefore(finishedMs: number): boolean {
		return finishedMs < this.sinceMs;
	}

	add(jobs: Delivery[]): void {
		for (const job of jobs) this.delivered.set(idOf(job), job.finishedMs);
	}

	/**
	 * Moves the bound, never past `untilMs`: what finished later may not be read yet, or not be delivered. Deliveries with
	 * a later time do not count, so that a time in the future hides no job that finishes before it.
	 */
	trim(untilMs: number): void {
		const past = [...this.delivered]
			.filter(([, ms]) => ms <= untilMs)
			.sort(([, one], [, other]) => other - one);
		const latest = past[0]?.[1] ?? -Infinity;
		const firstKept = past[MAX_REMEMBERED - 1]?.[1] ?? -Infinity;
		this.sinceMs = Math.max(this.sinceMs, latest - MAX_ROW_DELAY_MS, firstKept);
		// A row may be added again, or have a later time because another process finished it too. So twice as many are kept.
		for (const [id, ms] of past.slice(2 * MAX_REMEMBERED)) {
			if (ms < this.sinceMs) this.delivered.delete(id);
		}
	}

	/** It is known whether n8n took a batch. */
	end(batch: Batch): void {
		const index = this.begun.indexOf(batch);
		if (index >= 0) this.begun.splice(index, 1);
	}

	/** n8n started no execution for them after all. */
	remove(jobs: Delivery[]): void {
		for (const job of jobs) this.delivered.delete(idOf(job));
	}
}

function isEntry(value: unknown): value is [string, number] {
	return Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'number';
}

function isBatch(value: unknown): value is Batch & JsonObject {
	return (
		isJsonObject(value) &&
		typeof value.key === 'string' &&
		Array.isArray(value.jobs) &&
		value.jobs.every(
			(job) =>
				isJsonObject(job) && typeof job.uuid === 'string' && typeof job.finishedMs === 'number',
		)
	);
}
