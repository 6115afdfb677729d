import type { Fault } from './faults';
import type { GenerateRequest } from './jobs';
import type { RecordedRequest } from './requests';

/** One value for all jobs, or a function that gives each accepted job its own (`index` counts from 0). */
export type Setting<T extends string | number> =
	T | ((request: GenerateRequest, index: number) => T);

/** Where the status answer of a failed job holds its message: undocumented, so every candidate can be had. */
export type FailureField = 'msg' | 'error' | 'errorMessage' | 'message' | 'failReason';

export interface EmulatorOptions {
	/** Default 0: any free port. The host is always 127.0.0.1. */
	port?: number;
	/** Accepted bearer keys; default `['veo-emulator-key']`. */
	apiKeys?: string[];
	/** The account's balance; default 1,000,000. */
	credits?: number;
	/** Default 2. */
	creditsPerVideo?: number;
	/** How long a job stays `pending`; default 0. */
	queuedMs?: Setting<number>;
	/** Time from a job's acceptance until it is final; default 3000. */
	durationMs?: Setting<number>;
	/** Default `completed`. */
	outcome?: Setting<'completed' | 'failed'>;
	failureMessage?: Setting<string>;
	/** Default `errorMessage`. */
	failureField?: FailureField;
	/**
	 * `progress` and `estimatedTime` of an unfinished job. `honest` (default): true. `absent`: left out.
	 * `wild`: random at each check. `lying`: every other job always claims to be nearly done, the rest to need an hour.
	 */
	estimates?: 'honest' | 'absent' | 'wild' | 'lying';
	/** At most so many API requests in any `perMs`; beyond it code 1003, with `Retry-After` if given. Default: none. */
	rateLimit?: { requests: number; perMs: number; retryAfterSeconds?: number };
	/** Whether a code other than 0 comes with HTTP 200 (`ok`) or with the 4xx/5xx that fits it (default). */
	httpStatus?: 'ok' | 'matching';
	/** Pad each MP4 to exactly this size. The padding is made while it is sent and never held in memory. */
	videoBytes?: number;
	/** Added to each answer. */
	latencyMs?: number;
	/** What goes wrong, and when. The first fault that applies to a request strikes. */
	faults?: Fault[];
	/** For everything random: faults with a `probability`, and `wild` estimates. Default 1. */
	seed?: number;
	/** What a status check of an unknown `uuid` gets: an envelope with code 1000 (default) or a bare HTTP 404. */
	unknownUuid?: 'envelope1000' | 'http404';
	/** Called once for each request, when it is over. */
	log?: (request: RecordedRequest) => void;
}

export const defaults = {
	port: 0,
	apiKeys: ['veo-emulator-key'],
	credits: 1_000_000,
	creditsPerVideo: 2,
	queuedMs: 0,
	durationMs: 3000,
	outcome: 'completed',
	failureMessage: 'The video could not be generated',
	failureField: 'errorMessage',
	estimates: 'honest',
	httpStatus: 'matching',
	videoBytes: 0,
	latencyMs: 0,
	faults: [],
	seed: 1,
	unknownUuid: 'envelope1000',
} satisfies EmulatorOptions;

export function settingFor<T extends string | number>(
	setting: Setting<T>,
	request: GenerateRequest,
	index: number,
): T {
	return typeof setting === 'function' ? setting(request, index) : setting;
}
