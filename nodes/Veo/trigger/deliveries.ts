import { isJsonObject, type JsonObject } from '../errors/outcome';
import type { JobRow } from '../jobTable/jobTable';

/** How late a row may turn up after the time that its `finishedAt` tells: another process wrote it, by its own clock. */
const LATEST_ROW_MS = 10 * 60_000;
/** How many deliveries are remembered one by one, at most. */
const MOST_REMEMBERED = 2_000;

/**
 * Which finished jobs one trigger has delivered, in bounded space: none that finished before `sinceMs`, and of those
 * after it the ones remembered by their row's `id`.
 */
export interface Deliveries {
	sinceMs: number;
	delivered: Delivery[];
	/** What was about to be given to n8n when this was noted. */
	begun?: HandOver;
}

/** Row `id` and time of finish. */
type Delivery = [number, number];

/** Items on their way to n8n: they are there once an execution newer than `afterId` holds `uuid`, the first of them. */
export interface HandOver {
	rows: Delivery[];
	uuid: string;
	afterId: number;
}

/** Of a trigger that was never active before: what finished earlier is none of its business. */
export const noDeliveries = (nowMs: number): Deliveries => ({ sinceMs: nowMs, delivered: [] });

export function isDelivered({ sinceMs, delivered }: Deliveries, row: JobRow): boolean {
	// Not `<`: a time that cannot be read, as users can edit their tables, is none to go by or to remember.
	return !(finishedMs(row) >= sinceMs) || delivered.some(([id]) => id === row.id);
}

/** `nowMs` bounds what a row may claim: one with a time in the future must not hide those that finish until then. */
export function withDelivered(before: Deliveries, rows: Delivery[], nowMs: number): Deliveries {
	const delivered = [...before.delivered, ...rows].sort(([, one], [, other]) => one - other);
	const latest = Math.min(nowMs, delivered.at(-1)?.[1] ?? before.sinceMs);
	const firstKept = Math.min(nowMs, delivered.at(-MOST_REMEMBERED)?.[1] ?? -Infinity);
	const sinceMs = Math.max(before.sinceMs, latest - LATEST_ROW_MS, firstKept);
	return { sinceMs, delivered: delivered.filter(([, finished]) => finished >= sinceMs) };
}

/** Reads what was stored; nothing where it is not that. */
export function parseDeliveries(stored: unknown): Deliveries | undefined {
	try {
		const json: unknown = JSON.parse(String(stored));
		return isDeliveries(json) ? json : undefined;
	} catch {
		// Users can edit their tables.
		return undefined;
	}
}

function isDeliveries(value: unknown): value is Deliveries & JsonObject {
	return (
		isJsonObject(value) &&
		typeof value.sinceMs === 'number' &&
		isDeliveryList(value.delivered) &&
		(value.begun === undefined || (isJsonObject(value.begun) && isDeliveryList(value.begun.rows)))
	);
}

const isDeliveryList = (value: unknown) =>
	Array.isArray(value) && value.every((one) => Array.isArray(one) && one.length === 2);

export const toDelivery = (row: JobRow): Delivery => [row.id, finishedMs(row)];

export const finishedMs = (row: JobRow) => Date.parse(String(row.finishedAt));
