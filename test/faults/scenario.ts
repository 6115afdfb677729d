import {
	type EmulatorOptions,
	type Fault,
	type FaultAction,
	failedWithCode,
	fileType,
	lateFile,
	lateVideoUrl,
	maxAcceptedJobs,
	maxRunningJobs,
	random,
	randomFaults,
	refuse,
	tooManyTasks,
	tooManyTasksForms,
} from '../../emulator';
import { keyFor } from './logs';

/** One execution, its faults, and what the user does. All of it is derived from the seed. */
export interface Scenario {
	seed: number;
	apiKey: string;
	operation: 'generate' | 'generateAndWait';
	image: 'none' | 'url' | 'file';
	/** One per item. They identify the item of a job. Only items with an idempotency key may have the same one. */
	prompts: string[];
	/** Track Job. `keyed`: with the prompt as the idempotency key. */
	track: 'off' | 'on' | 'keyed';
	/** The probability that a request to n8n's own API fails. */
	tableFaults: number;
	/** Another workflow started the execution, and its retry starts this workflow as a new execution. */
	isSubWorkflow: boolean;
	onError: 'stopWorkflow' | 'continueRegularOutput' | 'continueErrorOutput';
	/** Max Tries of Retry On Fail. 1: off. */
	tries: number;
	waitBetweenTriesMs: number;
	downloadVideo: boolean;
	options: {
		pollInterval: number;
		maxWaitTime: number;
		maxRetries: number;
		requestTimeout: number;
		maxConcurrentJobs: number;
		onTimeout: 'error' | 'returnStatus';
		makeAgain: number;
		onUnclear: 'error' | 'sendAgain';
	};
	emulator: EmulatorOptions;
	/** How many submissions of each item become a video that fails. */
	failures: number[];
	/** The items whose submissions the API refuses for good. */
	refused: number[];
	/** What the API does with and without faults. */
	lasting: Fault[];
	/** The API is not reachable for some time. */
	closed?: { fromMs: number; forMs: number };
	/** The user stops the execution this long after its start. */
	stopAfterMs?: number;
	/** The user follows the message of a failed execution, after removing the faults and adding credits. */
	uiRetry?: { faultsGone: boolean; credits: number; prefersContinue: boolean };
}

export function createScenario(seed: number, otherOrigin: string): Scenario {
	const draw = draws(seed);
	const { between, chance, pick } = draw;
	const apiKey = keyFor(seed);
	const track = pick(['off', 'off', 'on', 'keyed'] as const);
	const prompts = Array.from({ length: between(1, 8) }, (_, i) => {
		const take = track === 'keyed' && chance(0.3) ? between(0, i) : i;
		return `A fox, run ${seed}, take ${take}.`;
	});
	const operation = pick(['generate', 'generateAndWait', 'generateAndWait'] as const);
	const stopped = chance(0.15);
	const failing = pick([0, 0, 0.2, 0.5]);
	const failures = prompts.map(() => (chance(failing) ? pick([1, 1, 2, Infinity]) : 0));
	const refused = prompts.flatMap((_, itemIndex) => (chance(0.04) ? [itemIndex] : []));
	const limits = chance(0.2) ? [submissionLimit(draw)] : [];
	const onUnclear = chance(0.3) ? 'sendAgain' : 'error';
	return {
		seed,
		apiKey,
		operation,
		image: pick(['none', 'none', 'url', 'file'] as const),
		prompts,
		track,
		tableFaults: track !== 'off' && !stopped && chance(0.3) ? 0.1 : 0,
		isSubWorkflow: track === 'keyed' && !stopped && chance(0.5),
		onError: pick(['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'] as const),
		tries: chance(0.5) ? between(2, 3) : 1,
		waitBetweenTriesMs: between(1, 500),
		downloadVideo: operation === 'generateAndWait' && chance(0.4),
		options: {
			pollInterval: 5,
			// An item waits for a slot as long as the ones before it need.
			maxWaitTime: limits.length > 0 ? 60 : between(6, chance(0.7) ? 12 : 20),
			maxRetries: between(0, 2),
			// An answer that is late only because of the load must not be sent again.
			requestTimeout: onUnclear === 'sendAgain' ? 4 : between(1, 2),
			// At most two batches, to limit the duration of a run.
			maxConcurrentJobs: between(Math.ceil(prompts.length / 2), 10),
			onTimeout: pick(['error', 'returnStatus'] as const),
			makeAgain: chance(0.3) ? between(1, 2) : 0,
			onUnclear,
		},
		emulator: {
			apiKeys: [apiKey],
			seed,
			...account(draw, prompts, failures),
			faults: faultsFor(seed, draw, apiKey, otherOrigin, prompts),
		},
		failures,
		refused,
		lasting: [
			...refused.map((itemIndex) =>
				refuse(pick([400, 422]), pick([FLAGGED, { code: 1000, msg: 'prompt flagged' }]), {
					prompt: prompts[itemIndex],
				}),
			),
			...limits,
			...lateResults(draw),
		],
		...(chance(0.15) && { closed: { fromMs: between(0, 3000), forMs: between(500, 8000) } }),
		...(stopped && { stopAfterMs: between(0, 8000) }),
		// The retry of a stopped execution has no memory, so that only the job table knows its jobs.
		...((!stopped || track !== 'off') &&
			chance(0.8) && {
				uiRetry: {
					faultsGone: chance(0.75),
					credits: pick([0, 1000, 1000]),
					prefersContinue: chance(0.4),
				},
			}),
	};
}

const FLAGGED = { detail: 'prompt flagged' };

/** The service allows some jobs at a time, or some in each period. */
function submissionLimit({ between, chance, pick }: Draws): Fault {
	const retryAfter = chance(0.3) ? between(1, 4) : undefined;
	const refusal = tooManyTasks(pick(tooManyTasksForms), retryAfter);
	return chance(0.5)
		? maxRunningJobs(between(2, 3), refusal)
		: maxAcceptedJobs({ jobs: between(2, 4), perMs: between(2, 6) * 1000 }, refusal);
}

/** Late URLs and files, failures under an error code, and other types of files. */
function lateResults({ between, chance, pick }: Draws): Fault[] {
	const extent = () => (chance(0.5) ? { requests: 1 } : { ms: between(500, 4000) });
	const code = pick([1000, 4242, 5000]);
	return [
		...(chance(0.3)
			? [failedWithCode(code, 'rejected by the content policy', pick([200, 400, 500]))]
			: []),
		...(chance(0.25)
			? [lateVideoUrl({ ...extent(), ...pick([{}, { as: '' }, { as: null }] as const) })]
			: []),
		...(chance(0.25)
			? [lateFile({ ...extent(), as: pick([403, 404, 503, 'empty', 'html']) })]
			: []),
		...(chance(0.2)
			? [pick([fileType('application/mp4'), fileType('text/plain'), fileType(undefined)])]
			: []),
	];
}

/** One video and no faults. */
export function calmScenario(): Scenario {
	const apiKey = keyFor(0);
	return {
		seed: 0,
		apiKey,
		operation: 'generateAndWait',
		image: 'none',
		prompts: ['A fox'],
		track: 'off',
		tableFaults: 0,
		isSubWorkflow: false,
		onError: 'stopWorkflow',
		tries: 1,
		waitBetweenTriesMs: 0,
		downloadVideo: false,
		options: {
			pollInterval: 5,
			maxWaitTime: 20,
			maxRetries: 0,
			requestTimeout: 10,
			maxConcurrentJobs: 1,
			onTimeout: 'error',
			makeAgain: 0,
			onUnclear: 'error',
		},
		emulator: { apiKeys: [apiKey], durationMs: 0 },
		failures: [0],
		refused: [],
		lasting: [],
	};
}

/** The behaviour of the API without faults. */
function account(
	{ between, chance, pick }: Draws,
	prompts: string[],
	failures: number[],
): EmulatorOptions {
	const maxMs = pick([500, 4000, 8000, 60_000]);
	const durations = Array.from({ length: 64 }, () => between(100, maxMs));
	return {
		durationMs: (_, index) => durations[index % 64] ?? 0,
		outcome: ({ prompt }, _, attempt) =>
			attempt < (failures[prompts.indexOf(prompt)] ?? 0) ? 'failed' : 'completed',
		queuedMs: between(0, 1000),
		failureField: pick(['msg', 'error', 'errorMessage', 'message', 'failReason'] as const),
		estimates: pick(['correct', 'none', 'random', 'wrong'] as const),
		httpStatus: pick(['ok', 'matching'] as const),
		unknownUuid: pick(['envelope1000', 'http404'] as const),
		latencyMs: pick([0, 0, 20, 200]),
		...(chance(0.15) && { credits: 2 * between(0, prompts.length - 1) }),
		...(chance(0.15) && {
			rateLimit: {
				requests: between(2, 8),
				perMs: between(1, 5) * 1000,
				...(chance(0.5) && { retryAfterSeconds: between(1, 3) }),
			},
		}),
	};
}

function faultsFor(
	seed: number,
	draw: Draws,
	apiKey: string,
	otherOrigin: string,
	prompts: string[],
): Fault[] {
	const { between, chance, pick } = draw;
	const faults = randomFaults(seed, between(0, 8))
		.filter(({ on, do: action }) => on !== 'video' || !endless.includes(action.type))
		.map((fault) => ({ ...fault, do: redirectTo(fault.do, otherOrigin) }))
		.map((fault) => {
			// Some faults affect a single item, some are repeated.
			if (fault.on !== 'upload' && chance(0.2)) return { ...fault, prompt: pick(prompts) };
			if (chance(0.15)) {
				// A file is tried for two minutes, so the faults of files end before.
				const occurrence = fault.on === 'video' ? { first: 3 } : ('every' as const);
				return { ...fault, occurrence, probability: 0.5 };
			}
			return fault;
		});
	if (chance(0.3)) faults.unshift(echo(draw, apiKey));
	if (chance(0.1)) faults.push(videoElsewhere(otherOrigin));
	return faults;
}

/** Downloads that end only at the node's own limits of 2 GB or 30 minutes take too long here. */
const endless: Array<FaultAction['type']> = ['endless', 'trickle'];

/** Directs a redirect to the other host. */
function redirectTo(action: FaultAction, origin: string): FaultAction {
	if (action.type !== 'http' || action.headers?.location === undefined) return action;
	return { ...action, headers: { location: `${origin}/elsewhere` } };
}

/** An answer that contains the key. */
function echo({ between, pick }: Draws, apiKey: string): Fault {
	const msg = `The key "${apiKey}" is not for this`;
	const action = pick<FaultAction>([
		{ type: 'envelope', code: pick([1000, 1002, 5000, 7777]), msg },
		{ type: 'envelope', code: 1000, msg: 'No', data: { errorMessage: msg }, status: 400 },
		{ type: 'http', status: pick([400, 403, 500]), body: msg },
		{ type: 'json', value: { error: msg }, status: pick([200, 404, 500]) },
		{ type: 'alter', data: { debug: { authorization: `Bearer ${apiKey}` } } },
		{ type: 'alter', envelope: { msg } },
	]);
	const on = pick(['generate', 'status', 'upload'] as const);
	const occurrence = [between(1, 3), between(4, 6)];
	return {
		on,
		occurrence,
		...(on === 'generate' && { accept: action.type === 'alter' }),
		do: action,
	};
}

const videoElsewhere = (origin: string): Fault => ({
	on: 'status',
	jobStatus: 'completed',
	occurrence: { first: 2 },
	do: { type: 'alter', data: { videoUrl: `${origin}/video.mp4` } },
});

type Draws = ReturnType<typeof draws>;

function draws(seed: number) {
	const next = random(seed);
	const chance = (probability: number) => next() < probability;
	/** Inclusive. */
	const between = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
	const pick = <T>(list: readonly T[]): T => {
		const picked = list[between(0, list.length - 1)];
		if (picked === undefined) throw new Error('The list is empty');
		return picked;
	};
	return { chance, between, pick };
}

/** Derives the seeds of the runs from one seed. */
export function seedsOf(seed: number, runs: number): number[] {
	const next = random(seed);
	return Array.from({ length: runs }, () => Math.floor(next() * 2 ** 31));
}
