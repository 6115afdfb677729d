import { isJsonObject, type JsonObject } from '../api/json';
import type { JobRow } from '../jobTable/jobTable';

/** How long after its `finishedAt` a row may appear: another process wrote it, by its own clock. */
const MAX_ROW_DELAY_MS = 10 * 60_000;
const MAX_REMEMBERED = 2_000;

/**
 * The finished jobs that one trigger has delivered, in bounded space: all that finished before `sinceMs` count as
 * delivered; later ones are listed by the `id` of their row.
 */
export interface Deliveries {
	sinceMs: number;
	delivered: Delivery[];
	/** Items that were being passed to n8n when this was saved. */
	begun?: HandOver;
}

/** The row's `id` and its `finishedAt` in ms since the epoch. */
type Delivery = [number, number];

/** n8n has taken the items when an execution newer than `afterId` contains `uuid`, the first of them. */
export interface HandOver {
	rows: Delivery[];
	uuid: string;
	afterId: number;
}

/** For a trigger that was never active before: it does not deliver what finished earlier. */
export const noDeliveries = (nowMs: number): Deliveries => ({ sinceMs: nowMs, delivered: [] });

export function isDelivered({ sinceMs, delivered }: Deliveries, row: JobRow): boolean {
	// Not `<`: users can edit their tables, and a time that cannot be parsed counts as delivered.
	return !(finishedMs(row) >= sinceMs) || delivered.some(([id]) => id === row.id);
}

/** A row with a time after `nowMs` must not hide rows that finish before it. */
export function withDelivered(before: Deliveries, rows: Delivery[], nowMs: number): Deliveries {
	const delivered = [...before.delivered, ...rows].sort(([, one], [, other]) => one - other);
	const latest = Math.min(nowMs, delivered.at(-1)?.[1] ?? before.sinceMs);
	const firstKept = Math.min(nowMs, delivered.at(-MAX_REMEMBERED)?.[1] ?? -Infinity);
	const sinceMs = Math.max(before.sinceMs, latest - MAX_ROW_DELAY_MS, firstKept);
	return { sinceMs, delivered: delivered.filter(([, finished]) => finished >= sinceMs) };
}

/** Parses a stored value; undefined if it is not valid, as users can edit their tables. */
export function parseDeliveries(stored: unknown): Deliveries | undefined {
	try {
		const json: unknown = JSON.parse(String(stored));
		return isDeliveries(json) ? json : undefined;
	} catch {
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
