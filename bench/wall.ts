import { setTimeout as sleep } from 'node:timers/promises';

import type { Emulator } from '../emulator';
import { N8nHarness } from '../harness/n8nHarness';
import type { TestWorkflow } from '../harness/workflow';
import { byEstimate, fixedInterval, Floor } from './lib/floor';
import { fixed, mean, median, noTarget, seconds, target } from './lib/numbers';
import { API_KEY, indexIn, promptsOf } from './lib/prompts';
import { withPackage } from './lib/withPackage';
import type { Figures, Measurement } from './measurement';
import { withHttpRequests, withThisNode } from './wallWorkflows';

/** 27 to 33 seconds, 30 in the middle: not all a multiple of the 5 seconds of an interval. */
const durationMs = (index: number) => 27_150 + (index % 20) * 300;
const WARM_UP = 'Warm-up';

const ROUNDS = 5;
/** The ways of one round run side by side, for they mostly sleep; their beginnings and ends come one by one. */
const STAGGER_MS = 3_000;
const LONGEST_EXECUTION_MS = 300_000;

/** Makes a video of each prompt, and gives how long it took. */
type Make = (prompts: string[]) => Promise<number>;

interface Way {
	words: string;
	items: number;
	make: Make;
	/** At most so many times the slowest job. */
	limit?: number;
}

interface Took {
	wallMs: number;
	/** Beside the slowest of the jobs. */
	times: number;
	/** Status requests of a job. */
	requests: number;
}

/** How long many videos take, beside what they take at least. */
export const wall: Measurement = {
	name: 'wall',
	measure: async (say) => {
		say('starting n8n');
		return await withPackage(async () => {
			const harness = await N8nHarness.start({
				emulator: {
					durationMs: ({ prompt }) =>
						prompt.startsWith(WARM_UP) ? 0 : durationMs(indexIn(prompt)),
				},
			});
			try {
				return [await compare(harness, say)];
			} finally {
				await harness.close();
			}
		});
	},
};

async function compare(harness: N8nHarness, say: (words: string) => void): Promise<Figures> {
	const { emulator } = harness;
	const patient = {
		words: 'one item after another, fixed interval',
		items: 20,
		make: oneByOne(emulator),
	};
	const node = async (maxConcurrentJobs?: number) =>
		await inN8n(harness, withThisNode(harness, { maxConcurrentJobs }));
	const ways: Way[] = [
		{ words: 'floor: a bare undici client', items: 20, make: allAtOnce(emulator) },
		{
			words: 'HTTP Request, Wait, HTTP Request, IF',
			items: 20,
			make: await inN8n(harness, await withHttpRequests(harness)),
		},
		{ words: 'this node, Max Concurrent Jobs 20', items: 20, make: await node(20), limit: 1.15 },
		{ words: 'this node, Max Concurrent Jobs left at 10', items: 20, make: await node() },
		{ words: 'floor: a bare undici client', items: 100, make: allAtOnce(emulator) },
		{ words: 'this node, Max Concurrent Jobs 100', items: 100, make: await node(100), limit: 1.25 },
	];

	const patiently = measure(emulator, patient, 'Patient');
	// Looked at only when all the others are done.
	patiently.catch(() => undefined);
	const rounds: Took[][] = [];
	for (let round = 1; round <= ROUNDS; round++) {
		say(`round ${round} of ${ROUNDS}`);
		const all = ways.map(async (way, index) => {
			await sleep((index + 1) * STAGGER_MS);
			return await measure(emulator, way, `Round ${round} way ${index}`);
		});
		rounds.push(await Promise.all(all));
	}
	say(patient.words);
	const rows = ways.map((way, index) =>
		rowOf(
			way,
			rounds.flatMap((round) => round[index] ?? []),
		),
	);
	return {
		title: 'Wall time of jobs of about 30 seconds',
		columns: [
			'',
			'items',
			'wall time',
			'x the slowest job',
			'target',
			'',
			'status requests per job',
		],
		rows: [rowOf(patient, [await patiently]), ...rows],
		notes: [
			`Jobs of 27 to 33 seconds with honest estimates. All ways at the same time against the same emulator, their beginnings ${STAGGER_MS / 1000} seconds apart; medians of ${ROUNDS} rounds, except for one item after another, which takes as long as they all.`,
			"In n8n itself: this node, and what one builds without it (Wait for 5 seconds, checks of all items together). Their time is that of the whole execution. One item after another with a fixed interval is how n8n's own Gemini and OpenAI nodes and other video nodes wait; a bare undici client does it here, so that no overhead is counted against them. The floor sends all items at once and sleeps as long as `estimatedTime` says, at least 5 seconds.",
			"Max Concurrent Jobs is the user's own limit: left at 10, the second half of 20 items waits for the first.",
		],
	};
}

async function measure(emulator: Emulator, way: Way, name: string): Promise<Took> {
	const prompts = promptsOf(way.items).map((prompt) => `${name}: ${prompt}`);
	const wallMs = await way.make(prompts);
	const jobs = emulator.jobs.filter(({ request }) => prompts.includes(request.prompt));
	if (jobs.length !== way.items) throw new Error(`${way.words}: ${jobs.length} jobs were made`);
	const slowestMs = Math.max(...jobs.map(({ acceptedAt, finalAt }) => finalAt - acceptedAt));
	return {
		wallMs,
		times: wallMs / slowestMs,
		requests: mean(jobs.map(({ statusChecks }) => statusChecks)),
	};
}

function rowOf({ words, items, limit }: Way, all: Took[]): string[] {
	const times = median(all.map((took) => took.times));
	const print = (value: number) => `${fixed(value, 2)} x`;
	return [
		words,
		String(items),
		seconds(median(all.map(({ wallMs }) => wallMs))),
		print(times),
		...(limit === undefined ? noTarget : target(limit, times, print)),
		fixed(median(all.map(({ requests }) => requests)), 1),
	];
}

function allAtOnce({ url }: Emulator): Make {
	const floor = new Floor(url, API_KEY);
	return timed(async (prompts) => {
		await Promise.all(prompts.map((prompt) => floor.video(prompt, byEstimate)));
	});
}

function oneByOne({ url }: Emulator): Make {
	const floor = new Floor(url, API_KEY);
	return timed(async (prompts) => {
		for (const prompt of prompts) await floor.video(prompt, fixedInterval);
	});
}

function timed(make: (prompts: string[]) => Promise<void>): Make {
	return async (prompts) => {
		const startedAt = performance.now();
		await make(prompts);
		return performance.now() - startedAt;
	};
}

/** A workflow that begins with a webhook, active and warm. */
async function inN8n({ client }: N8nHarness, workflow: TestWorkflow): Promise<Make> {
	const { id } = await client.createWorkflow(workflow);
	await client.activateAndWait(id);
	const make: Make = async (prompts) => {
		const path = workflow.nodes[0].webhookId ?? '';
		const executionId = await client.runByWebhook(id, path, { prompts });
		const execution = await client.waitForExecution(executionId, LONGEST_EXECUTION_MS);
		const { status, startedAt = '', stoppedAt = '' } = execution;
		if (status !== 'success')
			throw new Error(`${workflow.name}: ${JSON.stringify(execution.error)}`);
		return Date.parse(stoppedAt) - Date.parse(startedAt);
	};
	await make(promptsOf(3).map((prompt) => `${WARM_UP}: ${prompt}`));
	return make;
}
