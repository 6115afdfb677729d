import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { startEmulator, type Emulator, type EmulatorOptions } from '../emulator';
import { BareClient, fixedInterval } from './lib/bareClient';
import { Child } from './lib/child';
import { fixed, mean, median, noTarget, seconds, target } from './lib/numbers';
import { API_KEY, indexIn, promptsOf } from './lib/prompts';
import type { Figures, Measurement } from './measurement';

const JOBS = 100;
/** 105 to 135 seconds, 120 on average, ending at all points of an interval. */
const durationMs = (index: number) => 105_150 + index * 300;
/** The checks of one group coincide every 5 seconds. Staggering keeps those of different groups apart. */
const STAGGER_MS = 600;

const MAX_SHARE_OF_REQUESTS = 1 / 4;
const MAX_MEDIAN_MS = 2_500;
const MAX_DELAY_MS = 5_000;
/** Medians of equal waits differ by up to this, because jobs end at different points of the intervals. */
const TOLERANCE_MS = 250;

type Estimates = NonNullable<EmulatorOptions['estimates']>;
const KINDS: Estimates[] = ['correct', 'progressOnly', 'none', 'random', 'wrong'];

interface Result {
	/** Status requests per job. */
	requests: number;
	/** Time from the end of a job until a status answer reported it. */
	medianMs: number;
	worstMs: number;
}

interface Comparison {
	estimates: Estimates;
	fixed: Result;
	node: Result;
	/** The longest round trip of a check that found a job completed. */
	roundTripMs: number;
}

/** The number of status checks per job and the delay until the end is known, compared with a fixed interval. */
export const status: Measurement = {
	name: 'status',
	measure: async (log) => {
		const children: Child[] = [];
		try {
			for (let i = 0; i < KINDS.length; i++) {
				children.push(await Child.start(join(__dirname, 'status.child.ts')));
			}
			log(`waiting for ${2 * KINDS.length * JOBS} jobs of two minutes`);
			const all = children.map(async (child, index) => await compare(child, index));
			return [tableOf(await Promise.all(all))];
		} finally {
			for (const child of children) await child.end();
		}
	},
};

async function compare(child: Child, index: number): Promise<Comparison> {
	const estimates = KINDS[index] ?? 'none';
	let roundTripMs = 0;
	const byBareClient = async ({ url }: Emulator) => {
		const client = new BareClient(url, API_KEY);
		await Promise.all(promptsOf(JOBS).map((prompt) => client.video(prompt, fixedInterval)));
	};
	const byNode = async ({ url }: Emulator) => {
		const task = { name: 'wait', baseUrl: url, count: JOBS, bytes: 0 };
		({ roundTripMs } = await child.measure(task));
	};
	const [fixed, node] = await Promise.all([
		measureWait(estimates, 2 * index * STAGGER_MS, byBareClient),
		measureWait(estimates, (2 * index + 1) * STAGGER_MS, byNode),
	]);
	return { estimates, fixed, node, roundTripMs };
}

/** Runs `wait` against its own emulator, because estimates depend on a job's index. */
async function measureWait(
	estimates: Estimates,
	delayMs: number,
	wait: (emulator: Emulator) => Promise<void>,
): Promise<Result> {
	const emulator = await startEmulator({
		estimates,
		durationMs: ({ prompt }) => durationMs(indexIn(prompt)),
	});
	try {
		await sleep(delayMs);
		await wait(emulator);
		const delays = emulator.jobs.map(
			({ finalAt, firstToldFinalAt = Infinity }) => firstToldFinalAt - finalAt,
		);
		return {
			requests: mean(emulator.jobs.map(({ statusChecks }) => statusChecks)),
			medianMs: median(delays),
			worstMs: Math.max(...delays),
		};
	} finally {
		await emulator.close();
	}
}

function tableOf(all: Comparison[]): Figures {
	const print = (requests: number) => fixed(requests, 1);
	const rows = all.flatMap(({ estimates, fixed, node, roundTripMs }) => {
		const label = estimates === 'progressOnly' ? 'progress only' : estimates;
		const isCorrect = estimates === 'correct';
		const requests = isCorrect ? fixed.requests * MAX_SHARE_OF_REQUESTS : fixed.requests;
		const medianMs = isCorrect
			? Math.min(MAX_MEDIAN_MS, fixed.medianMs)
			: fixed.medianMs + TOLERANCE_MS;
		return [
			[
				label,
				'fixed interval',
				print(fixed.requests),
				...noTarget,
				seconds(fixed.medianMs),
				...noTarget,
				seconds(fixed.worstMs),
				...noTarget,
			],
			[
				label,
				'this node',
				print(node.requests),
				...target(requests, node.requests, print),
				seconds(node.medianMs),
				...target(medianMs, node.medianMs, seconds),
				seconds(node.worstMs),
				...target(MAX_DELAY_MS + roundTripMs, node.worstMs, seconds),
			],
		];
	});
	return {
		title: 'Status requests and delay',
		columns: [
			'estimates',
			'',
			'requests per job',
			'target',
			'',
			'median delay',
			'target',
			'',
			'longest delay',
			'target',
			'',
		],
		rows,
		notes: [
			`Jobs of 105 to 135 seconds, ${JOBS} at a time for each line, all lines in parallel. The node runs in n8n-core with its default settings except Max Concurrent Jobs. The delay is the time from the end of a job until a status answer reported it.`,
			'"Fixed interval" is a bare undici client that sleeps 5 seconds after each answer, as n8n\'s own Gemini node does (its OpenAI node sleeps 10 seconds, its MiniMax node 15). Estimates: correct; progress only (no `estimatedTime`); none (neither); random; wrong (always "1 second" for half of the jobs and "1 hour" for the others).',
			`Targets with correct estimates: a quarter of the fixed interval's requests, and no longer median delay. Targets with other estimates: no more requests, and a median delay at most ${seconds(TOLERANCE_MS)} longer, which is the random variation of equal waits. Target for the longest delay: 5 seconds plus the longest round trip of a check that found a job completed.`,
		],
	};
}
