import { setTimeout as sleep } from 'node:timers/promises';

import type { Emulator } from '../emulator';
import { N8nHarness } from '../harness/n8nHarness';
import type { TestWorkflow } from '../harness/workflow';
import { BareClient, byEstimate } from './lib/bareClient';
import { fixed, mean, median, noTarget, seconds, target } from './lib/numbers';
import { API_KEY, indexIn, promptsOf } from './lib/prompts';
import { withPackage } from './lib/withPackage';
import type { Figures, Log, Measurement } from './measurement';
import { withHttpRequests, withThisNode } from './wallWorkflows';

/** 27 to 33 seconds, 30 on average, mostly not multiples of the 5-second interval. */
const durationMs = (index: number) => 27_150 + (index % 20) * 300;
const WARM_UP = 'Warm-up';

const ROUNDS = 3;
/** The approaches of one round run in parallel, since they mostly sleep. Staggering keeps their starts and ends apart. */
const STAGGER_MS = 3_000;
const MAX_EXECUTION_MS = 300_000;

/** Makes a video of each prompt. Returns the wall time in milliseconds. */
type Run = (prompts: string[]) => Promise<number>;

interface Approach {
	label: string;
	items: number;
	run: Run;
	/** Target for `ratio`. */
	limit?: number;
}

interface Result {
	wallMs: number;
	/** `wallMs` divided by the duration of the slowest job. */
	ratio: number;
	/** Status requests per job. */
	requests: number;
}

/** The wall time of many videos, compared with the minimum. */
export const wall: Measurement = {
	name: 'wall',
	measure: async (log) => {
		log('starting n8n');
		return await withPackage(async () => {
			const harness = await N8nHarness.start({
				emulator: {
					durationMs: ({ prompt }) =>
						prompt.startsWith(WARM_UP) ? 0 : durationMs(indexIn(prompt)),
				},
			});
			try {
				return [await compare(harness, log)];
			} finally {
				await harness.close();
			}
		});
	},
};

async function compare(harness: N8nHarness, log: Log): Promise<Figures> {
	const { emulator } = harness;
	const node = async (maxConcurrentJobs?: number) =>
		await inN8n(harness, withThisNode(harness, { maxConcurrentJobs }));
	const approaches: Approach[] = [
		{ label: 'lower bound: bare undici client', items: 20, run: runInParallel(emulator) },
		{
			label: 'HTTP Request, Wait, HTTP Request, IF',
			items: 20,
			run: await inN8n(harness, await withHttpRequests(harness)),
		},
		{ label: 'this node, Max Concurrent Jobs 20', items: 20, run: await node(20), limit: 1.15 },
		{ label: 'this node, default Max Concurrent Jobs (10)', items: 20, run: await node() },
		{ label: 'lower bound: bare undici client', items: 100, run: runInParallel(emulator) },
		{ label: 'this node, Max Concurrent Jobs 100', items: 100, run: await node(100), limit: 1.25 },
	];

	const rounds: Result[][] = [];
	for (let round = 1; round <= ROUNDS; round++) {
		log(`round ${round} of ${ROUNDS}`);
		const all = approaches.map(async (approach, index) => {
			await sleep((index + 1) * STAGGER_MS);
			return await measure(emulator, approach, `Round ${round} approach ${index}`);
		});
		rounds.push(await Promise.all(all));
	}
	const rows = approaches.map((approach, index) =>
		rowOf(
			approach,
			rounds.flatMap((round) => round[index] ?? []),
		),
	);
	return {
		title: 'Wall time of jobs of about 30 seconds',
		columns: [
			'',
			'items',
			'wall time',
			'ratio to the slowest job',
			'target',
			'',
			'status requests per job',
		],
		rows,
		notes: [
			`Jobs of 27 to 33 seconds with correct estimates. All approaches run in parallel against the same emulator, started ${STAGGER_MS / 1000} seconds apart. Medians of ${ROUNDS} rounds.`,
			'This node and the HTTP Request workflow (Wait of 5 seconds, one check for all items) run in the real n8n; their time is that of the whole execution. The lower bound sends all items at once and sleeps as long as `estimatedTime` says, at least 5 seconds.',
			'Max Concurrent Jobs is a limit that the user sets: with 10, the second half of 20 items waits for the first.',
		],
	};
}

async function measure(emulator: Emulator, approach: Approach, name: string): Promise<Result> {
	const prompts = promptsOf(approach.items).map((prompt) => `${name}: ${prompt}`);
	const wallMs = await approach.run(prompts);
	const jobs = emulator.jobs.filter(({ request }) => prompts.includes(request.prompt));
	if (jobs.length !== approach.items) {
		throw new Error(`${approach.label}: ${jobs.length} jobs instead of ${approach.items}`);
	}
	const slowestMs = Math.max(...jobs.map(({ acceptedAt, finalAt }) => finalAt - acceptedAt));
	return {
		wallMs,
		ratio: wallMs / slowestMs,
		requests: mean(jobs.map(({ statusChecks }) => statusChecks)),
	};
}

function rowOf({ label, items, limit }: Approach, results: Result[]): string[] {
	const ratio = median(results.map((result) => result.ratio));
	const print = (value: number) => `${fixed(value, 2)} x`;
	return [
		label,
		String(items),
		seconds(median(results.map(({ wallMs }) => wallMs))),
		print(ratio),
		...(limit === undefined ? noTarget : target(limit, ratio, print)),
		fixed(median(results.map(({ requests }) => requests)), 1),
	];
}

function runInParallel({ url }: Emulator): Run {
	const client = new BareClient(url, API_KEY);
	return timed(async (prompts) => {
		await Promise.all(prompts.map((prompt) => client.video(prompt, byEstimate)));
	});
}

function timed(run: (prompts: string[]) => Promise<void>): Run {
	return async (prompts) => {
		const startedAt = performance.now();
		await run(prompts);
		return performance.now() - startedAt;
	};
}

/** Activates a workflow that starts with a webhook, and runs it once to warm it up. */
async function inN8n({ client }: N8nHarness, workflow: TestWorkflow): Promise<Run> {
	const { id } = await client.createWorkflow(workflow);
	await client.activateAndWait(id);
	const run: Run = async (prompts) => {
		const path = workflow.nodes[0].webhookId ?? '';
		const executionId = await client.runByWebhook(id, path, { prompts });
		const execution = await client.waitForExecution(executionId, MAX_EXECUTION_MS);
		const { status, startedAt = '', stoppedAt = '' } = execution;
		if (status !== 'success')
			throw new Error(`${workflow.name}: ${JSON.stringify(execution.error)}`);
		return Date.parse(stoppedAt) - Date.parse(startedAt);
	};
	await run(promptsOf(3).map((prompt) => `${WARM_UP}: ${prompt}`));
	return run;
}
