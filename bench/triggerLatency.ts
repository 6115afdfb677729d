import { setTimeout as sleep } from 'node:timers/promises';

import { itemsOf } from '../harness/execution';
import type { Job } from '../emulator';
import { JOB_COLUMNS } from '../nodes/Veo/jobTable/jobTable';
import { FIRST_CHECK_MS, type Tables } from '../harness/jobTables';
import { fixed, mean, median, seconds } from './lib/numbers';
import { withTables } from './lib/tables';
import type { Figures, Measurement } from './measurement';

const JOBS = 30;
/** n8n polls once a minute, and may take that long for the first time. */
const FIRST_FINISHES_MS = 75_000;
/** Over two of n8n's polls, at moments of which no two lie alike to a poll or to a round. */
const SPREAD_MS = 120_000;
const durationMs = (index: number) =>
	FIRST_FINISHES_MS + Math.round(((index * 0.618034) % 1) * SPREAD_MS);

interface Way {
	words: string;
	table: string;
	options: object;
}

const WAYS: Way[] = [
	{ words: 'Keep Checking, every 10 s (the default)', table: 'every_10', options: {} },
	{ words: 'Keep Checking, every 5 s', table: 'every_5', options: { pollInterval: 5 } },
	{ words: 'without Keep Checking', table: 'by_poll', options: { keepChecking: false } },
];

/** How long it takes from the moment when the API has finished a video until n8n has started the workflow. */
export const triggerLatency: Measurement = {
	name: 'trigger-latency',
	measure: async (say) => {
		say('starting n8n');
		return await withTables(async (tables) => {
			tables.harness.emulator.options.durationMs = (_, index) => durationMs(index % JOBS);
			const minutes = Math.ceil((FIRST_FINISHES_MS + SPREAD_MS + FIRST_CHECK_MS) / 60_000);
			say(`${WAYS.length} triggers side by side, ${JOBS} jobs each: ${minutes} minutes`);
			const ends = [];
			for (const way of WAYS) ends.push(await begin(tables, way));
			return [
				{
					title: 'From finished to started',
					columns: ['Veo Trigger', 'median', 'worst', 'checks of a job', 'executions'],
					rows: await Promise.all(ends.map(async (end) => await end())),
					notes: [
						`From the moment when the API has finished a video until the start of the execution that n8n makes of it, in the real n8n: ${JOBS} videos for each line, which finish spread over ${SPREAD_MS / 60_000} minutes.`,
					],
				} satisfies Figures,
			];
		});
	},
};

/** Switches a trigger on and submits the jobs; gives what waits for their deliveries and makes the table's row of them. */
async function begin(tables: Tables, { words, table, options }: Way) {
	const { client, emulator } = tables.harness;
	await client.createDataTable(table, JOB_COLUMNS);
	const saved = await tables.watch({ jobTableName: table, options });
	// By turns, so that the jobs of each trigger have the same durations.
	const jobs = Array.from({ length: JOBS }, (_, index) =>
		emulator.accept({ generationType: 'text_to_video', prompt: `${table} ${index}` }),
	);
	await tables.insert(table, jobs.map(asTracked));

	return async (): Promise<string[]> => {
		const latest = Math.max(...jobs.map(({ finalAt }) => finalAt));
		// Asking n8n meanwhile would slow it down.
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
			words,
			seconds(median(latencies)),
			seconds(Math.max(...latencies)),
			fixed(mean(jobs.map(({ statusChecks }) => statusChecks)), 1),
			String(executions.length),
		];
	};
}

/** The row that Generate leaves. */
function asTracked({ uuid, request, acceptedAt }: Job) {
	const now = new Date(acceptedAt).toISOString();
	return { uuid, status: 'pending', prompt: request.prompt, submittedAt: now, checkedAt: now };
}
