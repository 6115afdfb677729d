import type { INodeExecutionData } from 'n8n-workflow';
import type { VideoStatus } from '../api/client';
import { missingTable, notTaken } from '../errors/messages';
import type { Transport } from '../api/transport';
import { DataTable, type Filter, filled } from '../jobTable/dataTable';
import {
	type Deliveries,
	finishedMs,
	type HandOver,
	isDelivered,
	noDeliveries,
	parseDeliveries,
	toDelivery,
	withDelivered,
} from './deliveries';
import { isInNewerExecution, newestExecution } from '../jobTable/executions';
import { type JobRow, jobTable, toJobRow, toJson } from '../jobTable/jobTable';
import { PENDING, refreshJobs } from './refresh';
import { equals } from '../jobTable/tracker';
import { systemClock as clock } from '../http/request';
import { handOver } from './handOver';
import { firstFinished, isWanted, type Watch, type WatchContext } from './watch';

/** How many items an execution is given at most. */
const LARGEST_HAND_OVER = 100;
/** How many jobs are asked about for a test event. */
const MOST_SAMPLED = 5;

/** A finished job that has a `uuid`; a row without one never was a job. */
const FINISHED: Filter[] = [
	{ columnName: 'finishedAt', condition: 'neq', value: null },
	...filled('uuid'),
];

/**
 * Where the triggers of all job tables keep what they delivered. Its name holds no job table's name: n8n's own Data Table
 * node, told a name, also finds tables whose name merely contains it.
 */
const TRIGGER_TABLE = 'veo_triggers';

/**
 * Watches the job table. What this trigger delivered is kept in a second Data Table, one row for each trigger: n8n's
 * static data would be saved only along with the next items, so a restart would deliver the last ones again.
 */
export function watchTable(watching: WatchContext, n8nApi: Transport, tableName: string): Watch {
	const { context, options, toItem, log } = watching;
	const table = jobTable(n8nApi, tableName);
	const triggers = new DataTable(n8nApi, TRIGGER_TABLE, {
		trigger: 'string',
		deliveries: 'string',
	});
	const { id: workflowId = '' } = context.getWorkflow();
	const trigger = equals('trigger', `${tableName}/${workflowId}/${context.getNode().id}`);

	const open = async () => {
		if (!(await table.exists())) throw missingTable(tableName);
	};

	const load = async (): Promise<Deliveries> => {
		await triggers.ensure();
		const [row] = await triggers.find([trigger], 'id:asc', 1);
		const stored = parseDeliveries(row?.deliveries);
		if (!stored) return await save(noDeliveries(watching.activeSinceMs));
		const { begun, ...deliveries } = stored;
		if (!begun) return deliveries;
		// n8n died in the middle of a hand-over, or did not take it.
		return await save(
			(await isTaken(begun)) ? withDelivered(deliveries, begun.rows, clock.now()) : deliveries,
		);
	};

	const isTaken = async ({ afterId, uuid }: HandOver) =>
		await isInNewerExecution(n8nApi, workflowId, afterId, uuid);

	/** Notes beforehand what is given to n8n, so that it is not given again should n8n die before it is noted as taken. */
	const give = async (deliveries: Deliveries, rows: JobRow[], items: INodeExecutionData[]) => {
		const afterId = await newestExecution(n8nApi, workflowId);
		if (afterId === undefined) return await handOver(context, items);
		const first = rows.find(({ status }) => isWanted(status, options.events));
		const begun = { rows: rows.map(toDelivery), uuid: String(first?.uuid), afterId };
		await save({ ...deliveries, begun });
		return await handOver(context, items, async () => await isTaken(begun));
	};

	const save = async (deliveries: Deliveries): Promise<Deliveries> => {
		const row = { trigger: trigger.value, deliveries: JSON.stringify(deliveries) };
		await triggers.upsert([trigger], row);
		return deliveries;
	};

	/** The finished jobs that are yet to be delivered, in the order in which they finished. */
	const undelivered = async (deliveries: Deliveries): Promise<JobRow[]> => {
		// By `id`: a row may come twice when others finish while the pages are read.
		const rows = new Map<number, JobRow>();
		for await (const page of table.pages(FINISHED, 'finishedAt:desc')) {
			const jobs = page.map(toJobRow);
			for (const row of jobs) if (!isDelivered(deliveries, row)) rows.set(row.id, row);
			if (jobs.some((row) => finishedMs(row) < deliveries.sinceMs)) break;
		}
		return [...rows.values()].reverse();
	};

	const deliver = async (untilMs: number, videos: Map<number, VideoStatus>): Promise<void> => {
		let deliveries = await load();
		const waiting = await undelivered(deliveries);
		while (waiting.length > 0) {
			const rows: JobRow[] = [];
			const items = [];
			// Downloads take their time; what is ready when it is up is delivered, and the rest the next time.
			for (let row; rows.length < LARGEST_HAND_OVER && (row = waiting.shift());) {
				rows.push(row);
				if (!isWanted(row.status, options.events)) continue;
				items.push(await toItem(toJson(row), videos.get(row.id)));
				if (clock.now() > untilMs) break;
			}
			if (items.length > 0 && !(await give(deliveries, rows, items))) {
				log(notTaken(items.length));
				return;
			}
			deliveries = await save(withDelivered(deliveries, rows.map(toDelivery), clock.now()));
			if (clock.now() > untilMs) return;
		}
	};

	return {
		async open() {
			await open();
			await load();
		},
		async round(untilMs) {
			await open();
			const videos = new Map<number, VideoStatus>();
			const onFinal = (row: JobRow, video: VideoStatus) => videos.set(row.id, video);
			try {
				await refreshJobs({ ...watching, ...options, table, clock, untilMs, onFinal });
			} finally {
				// What is known to be finished must not wait for what cannot be asked about.
				await deliver(untilMs, videos);
			}
		},
		async sample() {
			await open();
			const rows = (await table.find(FINISHED, 'finishedAt:desc')).map(toJobRow);
			const latest = rows.find(({ status }) => isWanted(status, options.events));
			if (latest) return toJson(latest);
			// Where no trigger has been switched on yet, nobody has looked whether one is finished.
			const pending = (await table.find(PENDING, 'id:desc', MOST_SAMPLED)).map(toJobRow);
			const video = await firstFinished(
				pending.map(({ uuid }) => String(uuid)),
				watching,
			);
			const row = pending.find(({ uuid }) => uuid === video?.uuid);
			return row && { ...toJson(row), ...video };
		},
	};
}
