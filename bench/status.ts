import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { startEmulator, type Emulator, type EmulatorOptions } from '../emulator';
import { Child } from './lib/child';
import { fixedInterval, Floor } from './lib/floor';
import { fixed, mean, median, noTarget, seconds, target } from './lib/numbers';
import { API_KEY, indexIn, promptsOf } from './lib/prompts';
import type { Figures, Measurement } from './measurement';

const JOBS = 100;
/** 105 to 135 seconds, 120 in the middle, and ends at all points of an interval. */
const durationMs = (index: number) => 105_150 + index * 300;
/** The checks of one group come together, every 5 seconds; those of several groups shall not. */
const STAGGER_MS = 600;

const LARGEST_PART_OF_REQUESTS = 1 / 4;
const LONGEST_MEDIAN_MS = 2_500;
const LONGEST_MS = 5_000;
/** The medians of two waits alike differ by less than this, for their jobs end at other points of their intervals. */
const CHANCE_MS = 250;

type Estimates = NonNullable<EmulatorOptions['estimates']>;
const KINDS: Estimates[] = ['honest', 'absent', 'wild', 'lying'];

interface Watched {
	/** Status requests, for one job. */
	requests: number;
	/** From the end of a job until it was known. */
	medianMs: number;
	worstMs: number;
}

interface Compared {
	estimates: Estimates;
	fixed: Watched;
	node: Watched;
	/** The longest in which the node found a job finished. */
	roundTripMs: number;
}

/** How often the node asks for a job, and how soon it knows of its end, beside a fixed interval. */
export const status: Measurement = {
	name: 'status',
	measure: async (say) => {
		const children: Child[] = [];
		try {
			for (let i = 0; i < KINDS.length; i++) {
				children.push(await Child.start(join(__dirname, 'status.child.ts')));
			}
			say(`waiting for ${2 * KINDS.length * JOBS} jobs of two minutes`);
			const all = children.map(async (child, index) => await compare(child, index));
			return [tableOf(await Promise.all(all))];
		} finally {
			for (const child of children) await child.end();
		}
	},
};

async function compare(child: Child, index: number): Promise<Compared> {
	const estimates = KINDS[index] ?? 'absent';
	let roundTripMs = 0;
	const byFloor = async ({ url }: Emulator) => {
		const floor = new Floor(url, API_KEY);
		await Promise.all(promptsOf(JOBS).map((prompt) => floor.video(prompt, fixedInterval)));
	};
	const byNode = async ({ url }: Emulator) => {
		const task = { name: 'wait', baseUrl: url, count: JOBS, bytes: 0 };
		({ roundTripMs } = await child.measure(task));
	};
	const [fixed, node] = await Promise.all([
		watch(estimates, 2 * index * STAGGER_MS, byFloor),
		watch(estimates, (2 * index + 1) * STAGGER_MS, byNode),
	]);
	return { estimates, fixed, node, roundTripMs };
}

/** Lets the jobs be waited for, against an emulator of their own: what one is told depends on the others. */
async function watch(
	estimates: Estimates,
	delayMs: number,
	wait: (emulator: Emulator) => Promise<void>,
): Promise<Watched> {
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

function tableOf(all: Compared[]): Figures {
	const print = (requests: number) => fixed(requests, 1);
	const rows = all.flatMap(({ estimates, fixed, node, roundTripMs }) => {
		const isHonest = estimates === 'honest';
		const requests = isHonest ? fixed.requests * LARGEST_PART_OF_REQUESTS : fixed.requests;
		const medianMs = isHonest
			? Math.min(LONGEST_MEDIAN_MS, fixed.medianMs)
			: fixed.medianMs + CHANCE_MS;
		return [
			[
				estimates,
				'fixed interval',
				print(fixed.requests),
				...noTarget,
				seconds(fixed.medianMs),
				...noTarget,
				seconds(fixed.worstMs),
				...noTarget,
			],
			[
				estimates,
				'this node',
				print(node.requests),
				...target(requests, node.requests, print),
				seconds(node.medianMs),
				...target(medianMs, node.medianMs, seconds),
				seconds(node.worstMs),
				...target(LONGEST_MS + roundTripMs, node.worstMs, seconds),
			],
		];
	});
	return {
		title: 'Status requests, and how soon the end is known',
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
			`Jobs of 105 to 135 seconds, ${JOBS} at a time for each line, all lines at the same time; the node in n8n-core with its default settings but for Max Concurrent Jobs. The delay is the time from the end of a job until a status answer said so.`,
			'The fixed interval is a bare undici client that sleeps 5 seconds after each answer, as n8n\'s own Gemini and OpenAI nodes and other video nodes do. Estimates are true (honest), left out (absent), random (wild), or always "1 second" for one half of the jobs and "1 hour" for the other (lying).',
			`Targets: with honest estimates a quarter of the fixed interval's requests, and no later; with others as many requests, and a median at most ${seconds(CHANCE_MS)} above, by which two equal waits differ by chance. The longest: 5 seconds and the longest round trip in which the node found a job finished.`,
		],
	};
}
