import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { itemsOf } from '../harness/execution';
import { type EmulatorOptions, type Job, startEmulator } from '../emulator';
import { JOB_COLUMNS } from '../nodes/Veo/jobTable/jobTable';
import type { Tables } from '../harness/jobTables';
import { fixed, mean, median, seconds } from './lib/numbers';
import { withTables } from './lib/tables';
import type { Figures, Measurement } from './measurement';

const JOBS = 30;
const FIRST_END_MS = 75_000;
/** The ends of the jobs are spread evenly over it. */
const SPREAD_MS = 120_000;
const durationMs = (index: number) =>
	FIRST_END_MS + Math.round(((index * 0.618034) % 1) * SPREAD_MS);

interface Setup {
	label: string;
	table: string;
	estimates: EmulatorOptions['estimates'];
	/** Finished jobs that are in the table before. */
	history?: number;
	listensForWebhook?: boolean;
}

const SETUPS: Setup[] = [
	{ label: 'correct estimates', table: 'correct', estimates: 'correct' },
	{ label: 'progress only', table: 'progress', estimates: 'progressOnly' },
	{ label: 'neither', table: 'neither', estimates: 'none' },
	{ label: 'neither, 20 finished rows', table: 'history', estimates: 'none', history: 20 },
	{ label: 'wrong estimates', table: 'wrong', estimates: 'wrong' },
	{
		label: 'webhook hints, no estimates',
		table: 'hints',
		estimates: 'none',
		listensForWebhook: true,
	},
];

/** The time from the completion of a video at the API until n8n starts the workflow. */
export const triggerLatency: Measurement = {
	name: 'trigger-latency',
	measure: async (log) => {
		log('starting n8n');
		return await withTables(async (tables) => {
			log(`${SETUPS.length} triggers side by side, ${JOBS} jobs each: 4 minutes`);
			const results = [];
			for (const setup of SETUPS) results.push(await start(tables, setup));
			return [
				{
					title: 'Trigger latency',
					columns: [
						'status answers',
						'median',
						'worst',
						'checks of a job',
						'executions',
						'publishing to first check',
					],
					rows: await Promise.all(results.map(async (result) => await result())),
					notes: [
						`Time from the completion of a video at the API until the start of n8n's execution, in the real n8n. ${JOBS} videos for each line, completed over ${SPREAD_MS / 60_000} minutes.`,
						'Without estimates, progress and finished rows, a video is checked once per Poll Interval (10 seconds), so the delay is up to 10 seconds. A video that takes d seconds is then checked d / 10 times, rounded up. For the 30 durations (134.4 s in the mean) that makes 13.9 checks in the mean, so 13 would need a longer interval. A webhook hint takes effect at once, or when the last check is 5 seconds old. So about half of the hints wait, up to 5 seconds.',
					],
				} satisfies Figures,
			];
		});
	},
};

/** Activates a trigger and submits its jobs. Returns a function that waits for the deliveries and returns the result row. */
async function start(
	tables: Tables,
	{ label, table, estimates, history = 0, listensForWebhook = false }: Setup,
) {
	const { client, n8n } = tables.harness;
	// One emulator for each line, because they answer differently.
	const emulator = await startEmulator({
		estimates,
		durationMs: (_, index) => durationMs(index % JOBS),
	});
	const veoApi = await tables.credentialFor('veoApi', { baseUrl: emulator.url });
	await client.createDataTable(table, JOB_COLUMNS);
	const before = Array.from({ length: history }, (_, index) => asFinished(index));
	if (before.length > 0) await tables.insert(table, before);
	const webhookId = randomUUID();
	const workflow = tables.watching(
		{ jobTableName: table, options: { listenForWebhook: listensForWebhook } },
		{ veoApi },
	);
	Object.assign(workflow.nodes[0], { webhookId });
	const saved = await tables.harness.save(workflow);
	const publishedMs = Date.now();
	const refusal = await tables.activate(saved);
	if (refusal !== '') throw new Error(refusal);
	if (listensForWebhook) emulator.options.webhook = { url: `${n8n.url}/webhook/${webhookId}/veo` };
	const firstCheckMs = emulator.requests[0]?.receivedAt ?? NaN;
	const jobs = Array.from({ length: JOBS }, (_, index) =>
		emulator.accept({ generationType: 'text_to_video', prompt: `${table} ${index}` }),
	);
	await tables.insert(table, jobs.map(asTracked));

	return async (): Promise<string[]> => {
		const latest = Math.max(...jobs.map(({ finalAt }) => finalAt));
		// Requests to n8n during the measurement would slow it down.
		await sleep(latest + 20_000 - Date.now());
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
		await emulator.close();
		return [
			label,
			seconds(median(latencies)),
			seconds(Math.max(...latencies)),
			fixed(mean(jobs.map(({ statusChecks }) => statusChecks)), 1),
			String(executions.length),
			seconds(firstCheckMs - publishedMs),
		];
	};
}

/** A row that took as long as the jobs of the measurement, long ago. */
function asFinished(index: number) {
	const submittedMs = Date.now() - 24 * 60 * 60_000;
	return {
		uuid: `finished-${index}`,
		status: 'completed',
		submittedAt: new Date(submittedMs).toISOString(),
		finishedAt: new Date(submittedMs + durationMs(index)).toISOString(),
	};
}

/** The row that Generate inserts. */
function asTracked({ uuid, request, acceptedAt }: Job) {
	const now = new Date(acceptedAt).toISOString();
	return { uuid, status: 'pending', prompt: request.prompt, submittedAt: now, checkedAt: now };
}
