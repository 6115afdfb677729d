import type { VideoStatus } from '../api/client';
import { missingTable } from '../api/messages';
import type { JsonObject } from '../api/outcome';
import type { Transport } from '../api/transport';
import { DataTable, type Filter, timeFilter } from '../jobs/dataTable';
import {
	type Deliveries,
	isDelivered,
	noDeliveries,
	parseDeliveries,
	withDelivered,
} from '../jobs/deliveries';
import { type JobRow, jobTable, toJobRow, toJson } from '../jobs/jobTable';
import { refreshJobs } from '../jobs/refresh';
import { equals } from '../jobs/tracker';
import { systemClock } from '../transport';
import { handOver } from './handOver';
import { isWanted, type Watch, type WatchContext } from './watch';

/** How many items an execution is given at most. */
const LARGEST_HAND_OVER = 100;

/** A finished job that has a `uuid`; a row without one never was a job. */
const FINISHED: Filter[] = [
	{ columnName: 'finishedAt', condition: 'neq', value: null },
	{ columnName: 'uuid', condition: 'isNotEmpty', value: null },
];

/**
 * Watches the job table. What this trigger delivered is kept in a second Data Table, one row for each trigger: n8n's
 * static data would be saved only along with the next items, so a restart would deliver the last ones again.
 */
export function watchTable(
	watching: WatchContext,
	n8nApi: Transport,
	tableName: string,
	activeSinceMs: number,
): Watch {
	const { context, client, options, toItem } = watching;
	const table = jobTable(n8nApi, tableName);
	const triggers = new DataTable(n8nApi, `${tableName}_triggers`, {
		trigger: 'string',
		deliveries: 'string',
	});
	const key = equals('trigger', `${context.getWorkflow().id}/${context.getNode().id}`);
	const clock = systemClock;

	const open = async () => {
		if (!(await table.exists())) throw missingTable(tableName);
	};

	const load = async (): Promise<Deliveries> => {
		await triggers.ensure();
		const [row] = await triggers.find([key], 'id:asc', 1);
		return parseDeliveries(row?.deliveries) ?? (await save(noDeliveries(activeSinceMs)));
	};

	const save = async (deliveries: Deliveries): Promise<Deliveries> => {
		const row = { trigger: key.value, deliveries: JSON.stringify(deliveries) };
		await triggers.upsert([key], row);
		return deliveries;
	};

	const undelivered = async (deliveries: Deliveries): Promise<JobRow[]> => {
		// A millisecond earlier, for a database may take the "Z" that follows for something greater.
		const filters = [...FINISHED, timeFilter('finishedAt', 'gte', deliveries.sinceMs - 1)];
		const rows: JobRow[] = [];
		for await (const page of table.pages(filters, 'finishedAt:asc')) {
			rows.push(...page.map(toJobRow).filter((row) => !isDelivered(deliveries, row)));
			if (rows.length >= LARGEST_HAND_OVER) break;
		}
		return rows.slice(0, LARGEST_HAND_OVER);
	};

	const deliver = async (videos: Map<number, VideoStatus>): Promise<void> => {
		for (let deliveries = await load(), full = true; full;) {
			const rows = await undelivered(deliveries);
			if (rows.length === 0) return;
			const wanted = rows.filter(({ status }) => isWanted(status, options.events));
			const items = [];
			for (const row of wanted) items.push(await toItem(toJson(row), videos.get(row.id)));
			if (items.length > 0 && !(await handOver(context, items, n8nApi))) return;
			deliveries = await save(withDelivered(deliveries, rows));
			full = rows.length === LARGEST_HAND_OVER;
		}
	};

	return {
		async round(untilMs) {
			await open();
			const log = (message: string) => context.logger.warn(message);
			const videos = await refreshJobs({ table, client, clock, ...options, untilMs, log });
			await deliver(videos);
		},
		async sample(): Promise<JsonObject | undefined> {
			await open();
			const rows = (await table.find(FINISHED, 'finishedAt:desc')).map(toJobRow);
			const latest = rows.find(({ status }) => isWanted(status, options.events));
			return latest && toJson(latest);
		},
	};
}
