import { setTimeout as sleep } from 'node:timers/promises';
import type { INode, INodeExecutionData } from 'n8n-workflow';
import { type Emulator, startEmulator } from '../../emulator';
import { type Ran, retryRun, type RunOptions, startNode, storeFile } from '../../harness/core';
import { readBooks } from './ledger';
import { type Asked, check, type Violation } from './violations';
import { Gate } from './gate';
import { findLeaks, type Places } from './leaks';
import type { Scenario } from './scenario';
import { readSeen, type Seen } from './seen';

/** What one run came to. */
export interface Result {
	seed: number;
	wallMs: number;
	paidRequests: number;
	accepted: number;
	violations: Violation[];
	/** For a closer look: the executions as their user sees them. */
	seen: Seen[];
	/** The requests as the API got them, in words. */
	requests: string[];
}

export type World = Pick<Places, 'otherHostHeard'>;

/** No run may last longer. It is stopped then, and its lasting is a broken rule. */
const LONGEST_RUN_MS = 240_000;
/** Stop ends a run within a second. The other seconds are for the runs beside it, which share the machine. */
const LONGEST_STOP_MS = 3000;

/** Lets a scenario happen and checks it. `end` stops it early; then nothing is checked. */
export async function execute(
	scenario: Scenario,
	world: World,
	end: AbortSignal,
): Promise<Result | undefined> {
	const startedAt = Date.now();
	const emulator = await startEmulator(scenario.emulator);
	const gate = scenario.closed && (await Gate.start(emulator.port));
	const over = new AbortController();
	const outage = gate && closeForAWhile(gate, scenario, over.signal);
	try {
		const options = await toRunOptions(scenario, gate?.port ?? emulator.port);
		const seen: Seen[] = [];
		const violations: Violation[] = [];
		const asked: Asked = {
			items: scenario.prompts.length,
			onError: scenario.onError,
			stopped: scenario.stopAfterMs !== undefined,
			answersLost: gate !== undefined,
		};
		const look = (ran: Ran): Seen => {
			const sight = readSeen(ran, asked.stopped);
			violations.push(...check(asked, readBooks(emulator, scenario.prompts), sight));
			seen.push(sight);
			return sight;
		};

		const first = await runAndStop(options, scenario, end);
		violations.push(...first.violations);
		if (end.aborted) return undefined;
		let last = look(first.ran);
		if (scenario.uiRetry && first.ran.error) {
			if (scenario.uiRetry.faultsGone) emulator.options.faults = [];
			emulator.credits += scenario.uiRetry.credits;
			const again = await withinLimit(retryRun(first.ran, options), end);
			if (!again) return undefined;
			last = look(again);
		}

		// Whatever the node left under way would arrive by now.
		await sleep(200);
		const execution = seen.flatMap(({ everything }) => everything);
		const books = readBooks(emulator, scenario.prompts);
		violations.push(
			...check(asked, books, last),
			...findLeaks(scenario.apiKey, { ...world, execution, requests: emulator.requests }),
		);
		return {
			seed: scenario.seed,
			wallMs: Date.now() - startedAt,
			paidRequests: books.paidRequests,
			accepted: books.jobs.length,
			violations: distinct(violations),
			seen,
			requests: inWords(emulator, startedAt),
		};
	} finally {
		over.abort();
		await outage;
		await gate?.close();
		await emulator.close();
	}
}

async function runAndStop(options: RunOptions, scenario: Scenario, end: AbortSignal) {
	const running = await startNode(options);
	const over = new AbortController();
	const after = async (ms: number, stop: () => void) =>
		await sleep(ms, undefined, { signal: over.signal }).then(stop, () => undefined);
	const violations: Violation[] = [];
	let stoppedAt: number | undefined;

	const stop = () => {
		stoppedAt ??= Date.now();
		running.stop();
	};
	end.addEventListener('abort', stop, { once: true });
	if (end.aborted) stop();
	if (scenario.stopAfterMs !== undefined) void after(scenario.stopAfterMs, stop);
	void after(LONGEST_RUN_MS, () => {
		violations.push({ kind: 'other', text: `Went on for ${LONGEST_RUN_MS / 1000} s` });
		stop();
	});
	const ran = await running.done;
	over.abort();
	end.removeEventListener('abort', stop);

	// n8n itself runs a stopped node once more, if told to, and waits before each try.
	const pausesMs = (scenario.tries - 1) * scenario.waitBetweenTriesMs;
	const tookMs = stoppedAt === undefined ? 0 : Date.now() - stoppedAt - pausesMs;
	if (tookMs > LONGEST_STOP_MS) {
		violations.push({ kind: 'other', text: `Went on for ${tookMs} ms after Stop` });
	}
	return { ran, violations };
}

/** A retry has no Stop in the harness: one that lasts too long is left to itself, as are all when `end` fires. */
async function withinLimit(retry: Promise<Ran>, end: AbortSignal): Promise<Ran | undefined> {
	const over = new AbortController();
	const signal = AbortSignal.any([end, over.signal]);
	const tooLong = sleep(LONGEST_RUN_MS, undefined, { signal }).then(
		() => {
			throw new Error(`A retry went on for ${LONGEST_RUN_MS / 1000} s`);
		},
		() => undefined,
	);
	return await Promise.race([retry, tooLong]).finally(() => over.abort());
}

async function closeForAWhile(gate: Gate, { closed }: Scenario, over: AbortSignal): Promise<void> {
	const wait = async (ms = 0) => await sleep(ms, undefined, { signal: over });
	try {
		await wait(closed?.fromMs);
		await gate.close();
		await wait(closed?.forMs);
		await gate.open();
	} catch {
		// The run was over first.
	}
}

/** The smallest PNG that there is. */
const IMAGE = Buffer.from(
	'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
	'base64',
);

async function toRunOptions(scenario: Scenario, port: number): Promise<RunOptions> {
	const { operation, image, prompts, options, downloadVideo, onError, tries, apiKey } = scenario;
	const items = prompts.map(async (prompt): Promise<INodeExecutionData> => {
		if (image !== 'file') return { json: { prompt } };
		return {
			json: { prompt },
			binary: { data: await storeFile(IMAGE, { mimeType: 'image/png', fileName: 'fox.png' }) },
		};
	});
	const node: Partial<INode> = {
		onError,
		...(tries > 1 && {
			retryOnFail: true,
			maxTries: tries,
			waitBetweenTries: scenario.waitBetweenTriesMs,
		}),
	};
	return {
		parameters: {
			operation,
			generationType: image === 'none' ? 'text_to_video' : 'image_to_video',
			imageSource: image === 'file' ? 'binary' : 'url',
			imageUrl: 'https://example.com/fox.png',
			prompt: '={{ $json.prompt }}',
			downloadVideo,
			options: { ...options },
		},
		items: await Promise.all(items),
		node,
		credentials: { veoApi: { apiKey, baseUrl: `http://127.0.0.1:${port}/api` } },
	};
}

function distinct(violations: Violation[]): Violation[] {
	return [...new Map(violations.map((one) => [one.text, one])).values()];
}

function inWords(emulator: Emulator, startedAt: number): string[] {
	return emulator.requests.map(({ method, path, receivedAt, answered, uuid, fault }) => {
		const words = [`${receivedAt - startedAt} ms`, method, path, '->', answered ?? 'nothing yet'];
		if (method === 'POST' && uuid) words.push(`(${uuid})`);
		if (fault) words.push(JSON.stringify(fault));
		return words.join(' ');
	});
}
