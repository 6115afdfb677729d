import { setTimeout as sleep } from 'node:timers/promises';

import { itemsOf } from '../harness/execution';
import type { Job } from '../emulator';
import { JOB_COLUMNS } from '../nodes/Veo/jobTable/jobTable';
import { FIRST_CHECK_MS, type Tables } from '../harness/jobTables';
import { fixed, mean, median, seconds } from './lib/numbers';
import { withTables } from './lib/tables';
import type { Figures, Measurement } from './measurement';

const JOBS = 30;
/** The first poll of n8n may come a minute after publishing. */
const FIRST_END_MS = 75_000;
/** Covers two polls of n8n. The ends of the jobs are spread evenly over it. */
const SPREAD_MS = 120_000;
const durationMs = (index: number) =>
	FIRST_END_MS + Math.round(((index * 0.618034) % 1) * SPREAD_MS);

interface Setup {
	label: string;
	table: string;
	options: object;
}

const SETUPS: Setup[] = [
	{ label: 'Keep Checking, every 10 s (the default)', table: 'every_10', options: {} },
	{ label: 'Keep Checking, every 5 s', table: 'every_5', options: { pollInterval: 5 } },
	{ label: 'without Keep Checking', table: 'by_poll', options: { keepChecking: false } },
];

/** The time from the completion of a video at the API until n8n starts the workflow. */
export const triggerLatency: Measurement = {
	name: 'trigger-latency',
	measure: async (log) => {
		log('starting n8n');
		return await withTables(async (tables) => {
			tables.harness.emulator.options.durationMs = (_, index) => durationMs(index % JOBS);
			const minutes = Math.ceil((FIRST_END_MS + SPREAD_MS + FIRST_CHECK_MS) / 60_000);
			log(`${SETUPS.length} triggers side by side, ${JOBS} jobs each: ${minutes} minutes`);
			const results = [];
			for (const setup of SETUPS) results.push(await start(tables, setup));
			return [
				{
					title: 'Trigger latency',
					columns: ['Veo Trigger', 'median', 'worst', 'checks of a job', 'executions'],
					rows: await Promise.all(results.map(async (result) => await result())),
					notes: [
						`Time from the completion of a video at the API until the start of n8n's execution, in the real n8n. ${JOBS} videos for each line, completed over ${SPREAD_MS / 60_000} minutes.`,
					],
				} satisfies Figures,
			];
		});
	},
};

/** Activates a trigger and submits its jobs. Returns a function that waits for the deliveries and returns the result row. */
async function start(tables: Tables, { label, table, options }: Setup) {
	const { client, emulator } = tables.harness;
	await client.createDataTable(table, JOB_COLUMNS);
	const saved = await tables.watch({ jobTableName: table, options });
	const jobs = Array.from({ length: JOBS }, (_, index) =>
		emulator.accept({ generationType: 'text_to_video', prompt: `${table} ${index}` }),
	);
	await tables.insert(table, jobs.map(asTracked));

	return async (): Promise<string[]> => {
		const latest = Math.max(...jobs.map(({ finalAt }) => finalAt));
		// Requests to n8n during the measurement would slow it down.
		await sleep(latest + FIRST_CHECK_MS - Date.now());
		const items = await tables.deliveries(saved, JOBS);
		if (items.length !== JOBS) throw new Error(`${items.length} deliveries of ${JOBS} videos`);
		const finalAt = new Map<unknown, number>(jobs.map((job) => [job.uuid, job.finalAt]));
		const executions = await tables.executions(saved.id, 'success');
		const latencies = executions.flatMap((execution) =>
			itemsOf(execution, 'Finished').map(({ json }) => {
				const finished = finalAt.get(json.uuid) ?? NaN;
				return Date.parse(String(execution.startedAt)) - finished;
			}),
		);
		return [
			label,
			seconds(median(latencies)),
			seconds(Math.max(...latencies)),
			fixed(mean(jobs.map(({ statusChecks }) => statusChecks)), 1),
			String(executions.length),
		];
	};
}

/** The row that Generate inserts. */
function asTracked({ uuid, request, acceptedAt }: Job) {
	const now = new Date(acceptedAt).toISOString();
	return { uuid, status: 'pending', prompt: request.prompt, submittedAt: now, checkedAt: now };
}
