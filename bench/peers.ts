import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

import { N8nHarness } from '../harness/n8nHarness';
import { fixed, MB, mean, median, megabytes, seconds } from './lib/numbers';
import { residentMemory, resetPeakMemory } from './lib/processMemory';
import { withPackage } from './lib/withPackage';
import type { Figures, Log, Measurement } from './measurement';
import { ComparedNode } from './peers/inN8n';
import { NODES } from './peers/nodes';
import { type Job, type Scenario, StandIn } from './peers/standIn';

/** 27 to 33 seconds, 30 on average, spread evenly for any number of items. */
const durationMs = (index: number) => 27_000 + ((index * 0.618034) % 1) * 6_000;
const ITEMS = [1, 2, 5, 10];
/** Only for this node: the others would take up to 16 minutes. */
const MORE_ITEMS = 20;

const DEFAULT_CONCURRENT = 10;

const PAID_ITEMS = 5;
/** An item in the middle. */
const AFFECTED = 2;
const RETRY_ON_FAIL = { retryOnFail: true };

const WAIT_AFTER_STOP_MS = 40_000;
const STOPPED_BYTES = 40 * MB;
const STOPPED_BYTES_PER_SECOND = 4 * MB;
const STOP_AFTER_MS = 2_000;

const WARM_UP_BYTES = 5 * MB;
const LARGE_BYTES = 200 * MB;
const MEMORY_ROUNDS = 3;
/** n8n may take this long to collect its garbage. */
const COLLECTION_MS = 2_000;

const wallScenario = (items: number) => `wall time of ${items}`;
const SCENARIOS: Record<string, Scenario> = {
	...Object.fromEntries(
		[...ITEMS, MORE_ITEMS].map((items) => [wallScenario(items), { durationMs }]),
	),
	refused: { refused: AFFECTED },
	uncheckable: { uncheckable: AFFECTED },
	'uncheckable, retried': { uncheckable: AFFECTED },
	'stopped waiting': { durationMs: () => 10 * 60_000 },
	'stopped download': { bytes: STOPPED_BYTES, bytesPerSecond: STOPPED_BYTES_PER_SECOND },
	'warm-up': { bytes: WARM_UP_BYTES },
	large: { bytes: LARGE_BYTES },
};

/** This node beside the nodes of n8n itself that make videos, in one n8n at the same time. */
export const peers: Measurement = {
	name: 'peers',
	measure: async (log) =>
		await withPackage(async () => {
			const standIn = await StandIn.start(SCENARIOS);
			try {
				const sideBySide = await measureSideBySide(standIn, log);
				return tablesOf(sideBySide, await measureMemory(standIn, log));
			} finally {
				await standIn.close();
			}
		}),
};

/** Accepted jobs, and items that the node emitted. */
interface Outcome {
	paid: number;
	delivered: number;
}

interface SideBySide {
	label: string;
	wallMs: Map<number, number>;
	checksPerVideo: number;
	refused: Outcome;
	uncheckable: Outcome;
	uncheckableRetried: Outcome;
	checksAfterStop: number;
	bytesAfterStop: number;
}

/** All nodes and scenarios in one n8n at the same time: they mostly sleep. */
async function measureSideBySide(standIn: StandIn, log: Log): Promise<SideBySide[]> {
	log('starting n8n');
	const harness = await N8nHarness.start();
	try {
		log('wall times, faults and Stop, all at the same time');
		const all = NODES.map(
			async (compared) =>
				await measureNode(await ComparedNode.create(harness, standIn, compared), standIn),
		);
		return await Promise.all(all);
	} finally {
		await harness.close();
	}
}

async function measureNode(node: ComparedNode, standIn: StandIn): Promise<SideBySide> {
	const [wallMs, refused, uncheckable, uncheckableRetried, checksAfterStop, bytesAfterStop] =
		await Promise.all([
			wallTimes(node),
			outcomeOf(node, standIn, 'refused', RETRY_ON_FAIL),
			outcomeOf(node, standIn, 'uncheckable'),
			outcomeOf(node, standIn, 'uncheckable, retried', RETRY_ON_FAIL),
			afterStop(node, standIn, 'stopped waiting', ({ checkedAt }) => checkedAt.length),
			afterStop(node, standIn, 'stopped download', ({ sentBytes }) => sentBytes),
		]);
	const jobs = ITEMS.flatMap((items) => standIn.jobs(node.api, wallScenario(items)));
	const checksPerVideo = mean(jobs.map(({ checkedAt }) => checkedAt.length));
	return {
		label: node.label,
		wallMs,
		checksPerVideo,
		refused,
		uncheckable,
		uncheckableRetried,
		checksAfterStop,
		bytesAfterStop,
	};
}

/** The wall time by number of items. */
async function wallTimes(node: ComparedNode): Promise<Map<number, number>> {
	const counts = node.api === 'veo' ? [...ITEMS, MORE_ITEMS] : ITEMS;
	const all = counts.map(async (items): Promise<[number, number]> => {
		const ended = await node.run(wallScenario(items), items);
		if (ended.items !== items) throw new Error(`${node.label}: ${ended.items} of ${items} videos`);
		return [items, ended.wallMs];
	});
	return new Map(await Promise.all(all));
}

async function outcomeOf(
	node: ComparedNode,
	standIn: StandIn,
	scenario: string,
	settings?: typeof RETRY_ON_FAIL,
): Promise<Outcome> {
	const { items } = await node.run(scenario, PAID_ITEMS, settings);
	return { paid: standIn.jobs(node.api, scenario).length, delivered: items };
}

/** How much a figure of the job still grows after the execution was stopped. */
async function afterStop(
	node: ComparedNode,
	standIn: StandIn,
	scenario: string,
	figure: (job: Job) => number,
): Promise<number> {
	const id = await node.start(scenario, 1);
	const current = () => standIn.jobs(node.api, scenario).map(figure)[0] ?? 0;
	await node.harness.waitUntil(() => current() > 0);
	// In the middle of a wait, or of the transfer.
	await sleep(STOP_AFTER_MS);
	await node.harness.client.stopExecution(id);
	const before = current();
	await sleep(WAIT_AFTER_STOP_MS);
	return current() - before;
}

/** The peak of n8n's memory while each node downloads a large file. Each has its own, new n8n. */
async function measureMemory(standIn: StandIn, log: Log): Promise<number[]> {
	const peaks = NODES.map((): number[] => []);
	const script = pathToFileURL(join(__dirname, 'peers', 'collectGarbage.mjs')).href;
	const n8nEnv = { NODE_OPTIONS: `--import=${script}` };
	for (let round = 1; round <= MEMORY_ROUNDS; round++) {
		log(`memory, round ${round} of ${MEMORY_ROUNDS}`);
		const nodes: ComparedNode[] = [];
		try {
			const all = NODES.map(async (compared) => {
				const node = await ComparedNode.create(
					await N8nHarness.start({ n8nEnv }),
					standIn,
					compared,
				);
				nodes.push(node);
				await node.run('warm-up', 1);
				return node;
			});
			for (const [index, node] of (await Promise.all(all)).entries()) {
				const peak = await peakOf(node);
				log(`${node.label}: ${megabytes(peak)}`);
				peaks[index]?.push(peak);
			}
		} finally {
			for (const { harness } of nodes) await harness.close();
		}
	}
	return peaks.map(median);
}

async function peakOf(node: ComparedNode): Promise<number> {
	const pid = node.harness.n8n.pid();
	if (pid === undefined) throw new Error('n8n is not running');
	process.kill(pid, 'SIGUSR2');
	await sleep(COLLECTION_MS);
	const before = resetPeakMemory(pid);
	const { items } = await node.run('large', 1);
	if (items !== 1) throw new Error(`${node.label}: the download failed`);
	return residentMemory(pid, 'VmHWM') - before;
}

function tablesOf(nodes: SideBySide[], peaks: number[]): Figures[] {
	const labels = nodes.map(({ label }) => label);
	const print = ({ paid, delivered }: Outcome) => `${paid} paid, ${delivered} delivered`;
	const row = (name: string, cell: (node: SideBySide, index: number) => string) => [
		name,
		...nodes.map(cell),
	];
	const wall = [...ITEMS, MORE_ITEMS].map((items) =>
		row(String(items), ({ wallMs }) => {
			const ms = wallMs.get(items);
			return ms === undefined ? 'not run' : seconds(ms);
		}),
	);
	return [
		{
			title: "Wall time beside n8n's own video nodes",
			columns: ['items', ...labels],
			rows: wall,
			takeaway: wallTakeaway(nodes),
			notes: [
				`n8n includes three nodes that make videos: OpenAI (Sora), Google Gemini (Veo) and MiniMax. They run here unmodified, each with the defaults of its form, in the same n8n and at the same time as this node. Each job takes 27 to 33 seconds. Each file has 1 MB and is downloaded. The time is that of the whole execution.`,
				`All nodes send their requests to a stand-in for their APIs (\`bench/peers/standIn.ts\`), which has the same jobs, faults and files for all. No API sends an estimate, so this node checks at a fixed interval too; with estimates, as the API reference has them, it needs fewer checks (see the table about status requests). What depends on the real services is not compared: their speed, prices, limits and videos.`,
				`This node works on ${DEFAULT_CONCURRENT} items at a time by default; the others work on one item after another. Their ${MORE_ITEMS} items were not run, because they take up to 16 minutes.`,
			],
		},
		{
			title: "Faults, Stop and memory beside n8n's own video nodes",
			columns: ['', ...labels],
			takeaway: faultsTakeaway(nodes),
			rows: [
				row('status checks per video', ({ checksPerVideo }) => fixed(checksPerVideo, 1)),
				row('a submission is refused, Retry On Fail', ({ refused }) => print(refused)),
				row('a status check fails', ({ uncheckable }) => print(uncheckable)),
				row('a status check fails, Retry On Fail', (node) => print(node.uncheckableRetried)),
				row('status checks after Stop', ({ checksAfterStop }) => String(checksAfterStop)),
				row('bytes sent after Stop', ({ bytesAfterStop }) => megabytes(bytesAfterStop)),
				row(`memory, file of ${megabytes(LARGE_BYTES)}`, (_, index) =>
					megabytes(peaks[index] ?? NaN),
				),
			],
			notes: [
				'Status checks per video: of the wall times above. Fewer checks mean less load on the API, but a later result.',
				`Faults: ${PAID_ITEMS} items, of which the third gets one answer that is not the normal one: HTTP 429 instead of an accepted job, or HTTP 502 for its first status check. "Paid" counts the accepted jobs, "delivered" the items that the node emits. Retry On Fail has its defaults (3 tries). It is off by default.`,
				`Stop: the execution is stopped while the node waits for a job, or during a download of ${megabytes(STOPPED_BYTES)} at ${megabytes(STOPPED_BYTES_PER_SECOND)} per second. What arrives at the stand-in is counted for ${WAIT_AFTER_STOP_MS / 1000} seconds.`,
				`Memory: the peak of n8n's main process (Linux's \`VmHWM\`) during one download, above its memory before. Each measurement uses a new n8n, after a download of ${megabytes(WARM_UP_BYTES)} and a garbage collection. Medians of ${MEMORY_ROUNDS}. This node and OpenAI's stream the file; the others hold it. Streams hold less than 1 MB: the rest is chunks that V8 has not collected yet, which it does after about 60 MB. So figures of the same node vary by that much, and they depend on how fast the file arrives.`,
			],
		},
	];
}

function wallTakeaway([own, ...others]: SideBySide[]): string {
	const items = Math.max(...ITEMS);
	const of = (node?: SideBySide) => node?.wallMs.get(items) ?? NaN;
	const print = (ms: number) => fixed(ms / 1000, 0);
	const all = others.map(of);
	return `${items} videos of about 30 seconds took ${print(of(own))} seconds with this node, and ${print(Math.min(...all))} to ${print(Math.max(...all))} seconds with n8n's own video nodes, which make one video after another.`;
}

function faultsTakeaway([own, ...others]: SideBySide[]): string {
	const outcomesOf = (nodes: SideBySide[]) =>
		nodes.flatMap((node) => [node.refused, node.uncheckable, node.uncheckableRetried]);
	const paid = (nodes: SideBySide[]) =>
		Math.max(...outcomesOf(nodes).map((outcome) => outcome.paid));
	const delivered = (nodes: SideBySide[]) =>
		Math.min(...outcomesOf(nodes).map((outcome) => outcome.delivered));
	const all = own ? [own] : [];
	return `With one refused submission or one failed status check among ${PAID_ITEMS} items, this node paid for at most ${paid(all)} videos and delivered at least ${delivered(all)}. n8n's own video nodes paid for up to ${paid(others)} and delivered as few as ${delivered(others)}.`;
}
