import { setTimeout as sleep } from 'node:timers/promises';
import type { INode, INodeExecutionData } from 'n8n-workflow';
import { type Emulator, startEmulator } from '../../emulator';
import { type Ran, retryRun, type RunOptions, startNode, storeFile } from '../../harness/core';
import { readLedger } from './ledger';
import { type Conditions, findViolations, type Violation } from './violations';
import { Gate } from './gate';
import { findLeaks, type Places } from './leaks';
import type { Scenario } from './scenario';
import { readSeen, type Seen } from './seen';

/** The result of one run. */
export interface Result {
	seed: number;
	wallMs: number;
	paidRequests: number;
	accepted: number;
	violations: Violation[];
	/** For `--only`: the executions as the user sees them. */
	seen: Seen[];
	/** For `--only`: the requests that the API received. */
	requests: string[];
}

export type World = Pick<Places, 'otherHostReceived'>;

/** A run that takes longer is stopped and reported. */
const MAX_RUN_MS = 240_000;
/** Stop ends a run within a second. The rest is for parallel runs on the same machine. */
const MAX_STOP_MS = 3000;

/** Runs a scenario and checks its result. When `end` fires, it is stopped and not checked. */
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
		let conditions: Conditions = {
			items: scenario.prompts.length,
			onError: scenario.onError,
			stopped: scenario.stopAfterMs !== undefined,
			answersLost: gate !== undefined,
		};
		const inspectRun = (ran: Ran): Seen => {
			const one = readSeen(ran, conditions.stopped);
			violations.push(...findViolations(conditions, readLedger(emulator, scenario.prompts), one));
			seen.push(one);
			return one;
		};

		const first = await runAndStop(options, scenario, end);
		violations.push(...first.violations);
		if (end.aborted) return undefined;
		let last = inspectRun(first.ran);
		if (scenario.uiRetry && first.ran.error) {
			if (scenario.uiRetry.faultsGone) emulator.options.faults = [];
			emulator.credits += scenario.uiRetry.credits;
			const again = await withinLimit(retryRun(first.ran, options), end);
			if (!again) return undefined;
			conditions = { ...conditions, retriedByUser: true };
			last = inspectRun(again);
		}

		// Requests that the node did not wait for would arrive within this time.
		await sleep(200);
		const execution = seen.flatMap(({ everything }) => everything);
		const ledger = readLedger(emulator, scenario.prompts);
		violations.push(
			...findViolations(conditions, ledger, last),
			...findLeaks(scenario.apiKey, { ...world, execution, requests: emulator.requests }),
		);
		return {
			seed: scenario.seed,
			wallMs: Date.now() - startedAt,
			paidRequests: ledger.paidRequests,
			accepted: ledger.jobs.length,
			violations: distinct(violations),
			seen,
			requests: requestLines(emulator, startedAt),
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
	void after(MAX_RUN_MS, () => {
		violations.push({ kind: 'other', text: `Did not end within ${MAX_RUN_MS / 1000} s` });
		stop();
	});
	const ran = await running.done;
	over.abort();
	end.removeEventListener('abort', stop);

	// With Retry On Fail, n8n runs a stopped node again, after a pause.
	const pausesMs = (scenario.tries - 1) * scenario.waitBetweenTriesMs;
	const tookMs = stoppedAt === undefined ? 0 : Date.now() - stoppedAt - pausesMs;
	if (tookMs > MAX_STOP_MS) {
		violations.push({ kind: 'other', text: `Ended ${tookMs} ms after Stop` });
	}
	return { ran, violations };
}

/** The harness cannot stop a retry. One that takes too long, or longer than `end`, is left running. */
async function withinLimit(retry: Promise<Ran>, end: AbortSignal): Promise<Ran | undefined> {
	const over = new AbortController();
	const signal = AbortSignal.any([end, over.signal]);
	const tooLong = sleep(MAX_RUN_MS, undefined, { signal }).then(
		() => {
			throw new Error(`A retry did not end within ${MAX_RUN_MS / 1000} s`);
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
		// The run has ended before.
	}
}

/** A PNG of one pixel. */
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

function requestLines(emulator: Emulator, startedAt: number): string[] {
	return emulator.requests.map(({ method, path, receivedAt, answered, uuid, fault }) => {
		const parts = [`${receivedAt - startedAt} ms`, method, path, '->', answered ?? 'no answer'];
		if (method === 'POST' && uuid) parts.push(`(${uuid})`);
		if (fault) parts.push(JSON.stringify(fault));
		return parts.join(' ');
	});
}
