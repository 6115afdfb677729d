import { setTimeout as sleep } from 'node:timers/promises';
import type { INode, INodeExecutionData } from 'n8n-workflow';
import { type Emulator, random, startEmulator } from '../../emulator';
import {
	type Ran,
	retryRun,
	runNode,
	type RunOptions,
	startNode,
	storeFile,
} from '../../harness/core';
import { N8N_KEY, Tables } from '../integration/triggerTables';
import { readLedger } from './ledger';
import {
	type Conditions,
	findViolations,
	incomplete,
	videosDue,
	type Violation,
} from './violations';
import { Gate } from './gate';
import { findLeaks, type Places } from './leaks';
import type { Scenario } from './scenario';
import { readSeen, type Seen } from './seen';
import { followMessage, type Way, wouldFailAgain } from './user';

/** The result of one run. */
export interface Result {
	seed: number;
	wallMs: number;
	paidRequests: number;
	accepted: number;
	/** Retries by the user. */
	retries: number;
	/** Videos that had to come out. */
	due: number;
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
	const { seed, prompts, lasting, apiKey } = scenario;
	const emulator = await startEmulator({
		...scenario.emulator,
		faults: [...(scenario.emulator.faults ?? []), ...lasting],
	});
	const tables = scenario.track === 'off' ? undefined : await Tables.start();
	if (tables) failNowAndThen(tables, scenario);
	const gate = scenario.closed && (await Gate.start(emulator.port));
	const over = new AbortController();
	const outage = gate && closeForAWhile(gate, scenario, over.signal);
	try {
		const options = await toRunOptions(scenario, gate?.port ?? emulator.port, tables);
		const runs: Seen[] = [];
		const violations: Violation[] = [];
		const conditions: Conditions = {
			items: prompts.length,
			requestOf: prompts.map((prompt) => prompts.indexOf(prompt)),
			onError: scenario.onError,
			executions: 1,
			retriesByUser: 0,
			makeAgain: scenario.options.makeAgain,
			sendsAgain: scenario.options.onUnclear === 'sendAgain',
			stopped: scenario.stopAfterMs !== undefined,
			answersLost: gate !== undefined,
		};
		const ledger = () => readLedger(emulator, prompts);
		// The retry of a calling workflow is a new execution. The user still has the earlier one.
		const withEarlier = (one: Seen): Seen => {
			if (!scenario.isSubWorkflow) return one;
			return {
				...one,
				texts: runs.flatMap(({ texts }) => texts),
				unclear: runs.flatMap(({ unclear }) => unclear),
				late: runs.flatMap(({ late }) => late),
			};
		};
		const inspectRun = (ran: Ran): Seen => {
			const one = readSeen(ran, conditions.stopped);
			runs.push(one);
			violations.push(...findViolations(conditions, ledger(), withEarlier(one)));
			return one;
		};

		const first = await runAndStop(options, scenario, end);
		violations.push(...first.violations);
		if (end.aborted) return undefined;
		let { ran } = first;
		let last = inspectRun(ran);
		let due = 0;
		const isHealed = scenario.uiRetry?.faultsGone === true;
		if (scenario.uiRetry) {
			if (isHealed) {
				await outage;
				await heal(emulator, tables, scenario);
			}
			emulator.credits += scenario.uiRetry.credits;
			// Stop shows no message, so the user retries. The second retry follows the message of the first.
			// A retry before anything was paid is a first try.
			for (let left = conditions.stopped ? 2 : 1; left > 0 && ran.error && runs.length < 4;) {
				if (ledger().jobs.length > 0) left--;
				const failsAgain = wouldFailAgain(scenario, ledger(), last, emulator.credits);
				const way = followMessage(last.message ?? '', scenario, failsAgain);
				const again = await withinLimit(
					retry(ran, options, way, scenario, tables, runs.length),
					end,
				);
				if (!again) return undefined;
				conditions.executions = runs.length + 1;
				if (way.how === 'continue') conditions.onError = 'continueRegularOutput';
				else if (!scenario.isSubWorkflow && conditions.onError === 'stopWorkflow') {
					conditions.retriesByUser = Number(conditions.retriesByUser) + 1;
				}
				conditions.answersLost ||= conditions.stopped;
				conditions.stopped = false;
				ran = again;
				last = inspectRun(ran);
			}
			if (isHealed) {
				const found = await getByStatus(runs, options, end);
				if (end.aborted) return undefined;
				due = videosDue(conditions, ledger(), runs).length;
				// A completed video without a usable URL is returned as it is where On Timeout says so.
				const withFile = scenario.downloadVideo && scenario.options.onTimeout === 'error';
				violations.push(...incomplete(conditions, ledger(), [...runs, ...found], withFile));
			}
		}

		// Requests that the node did not wait for would arrive within this time.
		await sleep(200);
		const execution = runs.flatMap(({ everything }) => everything);
		const places = { ...world, execution, requests: emulator.requests };
		violations.push(
			...findViolations(conditions, ledger(), withEarlier(last)),
			...findLeaks(apiKey, places),
			...findLeaks(N8N_KEY, places),
		);
		return {
			seed,
			wallMs: Date.now() - startedAt,
			paidRequests: ledger().paidRequests,
			accepted: ledger().jobs.length,
			retries: runs.length - 1,
			due,
			violations: distinct(violations),
			seen: runs,
			requests: requestLines(emulator, startedAt),
		};
	} finally {
		over.abort();
		await outage;
		await gate?.close();
		await tables?.close();
		await emulator.close();
	}
}

/** n8n's own API answers some requests with HTTP 500. */
function failNowAndThen(tables: Tables, { seed, tableFaults }: Scenario): void {
	const draw = random(seed);
	tables.refuse = () => (draw() < tableFaults ? { status: 500 } : undefined);
}

/** Without faults, new videos are made quickly. Waits until those that were accepted have ended. */
async function heal(
	emulator: Emulator,
	tables: Tables | undefined,
	{ lasting }: Scenario,
): Promise<void> {
	Object.assign(emulator.options, { faults: lasting, durationMs: 500, rateLimit: undefined });
	if (tables) tables.refuse = () => undefined;
	const ended = Math.max(0, ...emulator.jobs.map(({ finalAt }) => finalAt - Date.now()));
	await sleep(ended);
}

/** Retry in the executions list, or the retry of the calling workflow, which starts a new execution. */
async function retry(
	ran: Ran,
	options: RunOptions,
	way: Way,
	scenario: Scenario,
	tables: Tables | undefined,
	earlier: number,
): Promise<Ran> {
	const { parameters, node } = options;
	const changed: RunOptions = {
		...options,
		executionId: String(earlier + 1),
		parameters: {
			...parameters,
			options: { ...scenario.options, ...keyOption(scenario), ...(way.waitsLonger && LONGER) },
		},
		node: { ...node, ...(way.how === 'continue' && { onError: 'continueRegularOutput' }) },
	};
	if (scenario.isSubWorkflow) return await runNode(changed);
	tables?.retryOf.set(String(earlier + 1), String(earlier));
	// n8n starts the retry of a stopped execution without its memory.
	const isStopped = earlier === 1 && scenario.stopAfterMs !== undefined;
	if (isStopped) return await runNode({ ...changed, mode: 'retry' });
	return await retryRun(ran, changed);
}

const LONGER = { maxWaitTime: 90 };

/** After this time, a user tries again to get a video whose URL is late. */
const LATE_URL_MS = 2000;

/** The user gets the videos of failed items with Get Status, where their messages say so. */
async function getByStatus(
	runs: readonly Seen[],
	options: RunOptions,
	end: AbortSignal,
): Promise<Seen[]> {
	const found: Seen[] = [];
	for (const { uuid, error } of runs.at(-1)?.outputs.flat() ?? []) {
		if (!uuid || !error?.includes('Get Status with this ID') || end.aborted) continue;
		const parameters = { ...options.parameters, operation: 'getStatus', uuid };
		// A URL or a file that is late makes the message say "Use Get Status with this ID again".
		for (let tries = 0; tries < 3; tries++) {
			const ran = await runNode({ ...options, parameters, items: [{ json: {} }] });
			const one = readSeen(ran, false);
			found.push(one);
			if (!one.texts.some((text) => text.includes('Get Status with this ID'))) break;
			await sleep(LATE_URL_MS);
		}
	}
	return found;
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
	const wait = async (ms = 0) => await sleep(ms, true, { signal: over }).catch(() => false);
	// The run may end before.
	if (!(await wait(closed?.fromMs))) return;
	await gate.close();
	if (!(await wait(closed?.forMs))) return;
	if (!(await gate.open())) throw new Error(`The port ${gate.port} is in use`);
}

/** A PNG of one pixel. */
const IMAGE = Buffer.from(
	'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
	'base64',
);

async function toRunOptions(
	scenario: Scenario,
	port: number,
	tables: Tables | undefined,
): Promise<RunOptions> {
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
			trackJob: tables !== undefined,
			jobTableName: 'veo_jobs',
			options: { ...options, ...keyOption(scenario) },
		},
		items: await Promise.all(items),
		node,
		credentials: {
			veoApi: { apiKey, baseUrl: `http://127.0.0.1:${port}/api` },
			...(tables && { veoJobTableApi: { apiKey: N8N_KEY, baseUrl: tables.url } }),
		},
		executionId: '1',
		...(scenario.isSubWorkflow && { mode: 'integrated' }),
	};
}

const keyOption = ({ track }: Scenario) =>
	track === 'keyed' ? { idempotencyKey: '={{ $json.prompt }}' } : {};

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
