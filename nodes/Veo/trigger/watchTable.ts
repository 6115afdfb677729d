import type { INodeExecutionData, IPollFunctions } from 'n8n-workflow';
import type { VideoStatus } from '../api/client';
import type { Transport } from '../api/transport';
import { missingTable, notDelivered } from '../errors/messages';
import { DataTable, equals, type Filter, isFilled } from '../jobTable/dataTable';
import { isInNewerExecution, newestExecution } from '../jobTable/executions';
import { type JobRow, jobTable, toJobRow, toJson } from '../jobTable/jobTable';
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
import { handOver } from './handOver';
import { PENDING, refreshJobs } from './refresh';
import {
	type Checks,
	firstFinished,
	isWanted,
	type ToItem,
	type TriggerOptions,
	type Watch,
} from './watch';

/** Maximum number of items in one execution. */
const MAX_ITEMS = 100;
/** Maximum number of status checks for a test event. */
const MAX_SAMPLED = 5;

/** Finished jobs. A row without a `uuid` never was a job. */
const FINISHED: Filter[] = [
	{ columnName: 'finishedAt', condition: 'neq', value: null },
	...isFilled('uuid'),
];

/**
 * The table in which the triggers of all job tables record their deliveries. Its name contains no job table's name: n8n's
 * Data Table node finds tables by a part of their name.
 */
const TRIGGER_TABLE = 'veo_triggers';

/**
 * Watches the job table. Deliveries are recorded in a second Data Table, one row for each trigger: n8n saves static data
 * only when the trigger emits, so a restart would deliver the last jobs again.
 */
export function watchTable(
	context: IPollFunctions,
	n8nApi: Transport,
	tableName: string,
	checks: Checks,
	options: TriggerOptions,
	activeSinceMs: number,
	toItem: ToItem,
): Watch {
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
		if (!stored) return await save(noDeliveries(activeSinceMs));
		const { begun, ...deliveries } = stored;
		if (!begun) return deliveries;
		// n8n crashed during a hand-over, or did not start the execution.
		return await save(
			(await isTaken(begun)) ? withDelivered(deliveries, begun.rows, Date.now()) : deliveries,
		);
	};

	const isTaken = async ({ afterId, uuid }: HandOver) =>
		await isInNewerExecution(n8nApi, workflowId, afterId, uuid);

	/** Records the hand-over first, so that a crash of n8n before it is recorded as taken does not repeat it. */
	const emit = async (deliveries: Deliveries, rows: JobRow[], items: INodeExecutionData[]) => {
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

	/** The finished jobs that have not been delivered, in the order in which they finished. */
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
			// Downloads take time. What is ready at `untilMs` is delivered now, the rest in the next round.
			for (let row; rows.length < MAX_ITEMS && (row = waiting.shift());) {
				rows.push(row);
				if (!isWanted(row.status, options.events)) continue;
				items.push(await toItem(toJson(row), videos.get(row.id)));
				if (Date.now() > untilMs) break;
			}
			if (items.length > 0 && !(await emit(deliveries, rows, items))) {
				checks.log(notDelivered(items.length));
				return;
			}
			deliveries = await save(withDelivered(deliveries, rows.map(toDelivery), Date.now()));
			if (Date.now() > untilMs) return;
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
				await refreshJobs(table, checks, { ...options, untilMs, onFinal });
			} finally {
				// Finished jobs are delivered even if others could not be checked.
				await deliver(untilMs, videos);
			}
		},
		async sample() {
			await open();
			const rows = (await table.find(FINISHED, 'finishedAt:desc')).map(toJobRow);
			const latest = rows.find(({ status }) => isWanted(status, options.events));
			if (latest) return toJson(latest);
			// Without an active trigger, no row becomes final, so the API is asked.
			const pending = (await table.find(PENDING, 'id:desc', MAX_SAMPLED)).map(toJobRow);
			const video = await firstFinished(
				pending.map(({ uuid }) => String(uuid)),
				checks.client,
				options.events,
			);
			const row = pending.find(({ uuid }) => uuid === video?.uuid);
			return row && { ...toJson(row), ...video };
		},
	};
}
