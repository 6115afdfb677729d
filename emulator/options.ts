import type { Fault } from './faults';
import type { GenerateRequest } from './jobs';
import type { RecordedRequest } from './requests';
import type { WebhookOptions } from './webhooks';

/**
 * One value for all jobs, or a function called for each accepted job. `index` is the number of jobs accepted before,
 * `attempt` the number of those with the same prompt.
 */
export type Setting<T extends string | number> =
	T | ((request: GenerateRequest, index: number, attempt: number) => T);

/** Where the status answer of a failed job has its message. The API reference does not say, so all candidates exist. */
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
	/** Default `completed`. `failing` makes settings for jobs that fail at first or always. */
	outcome?: Setting<'completed' | 'failed'>;
	failureMessage?: Setting<string>;
	/** Default `errorMessage`. */
	failureField?: FailureField;
	/**
	 * `progress` and `estimatedTime` of an unfinished job. `correct` is the default.
	 * `progressOnly`: without `estimatedTime`. `none`: without both. `random`: random at each check.
	 * `wrong`: always "1 second left" for every other job, "1 hour left" for the rest.
	 */
	estimates?: 'correct' | 'progressOnly' | 'none' | 'random' | 'wrong';
	/** At most `requests` API requests in any `perMs`, then code 1003, with `Retry-After` if given. Default: no limit. */
	rateLimit?: { requests: number; perMs: number; retryAfterSeconds?: number };
	/** Whether a code other than 0 comes with HTTP 200 (`ok`) or with the matching 4xx/5xx (default). */
	httpStatus?: 'ok' | 'matching';
	/** Pads each MP4 to this size in bytes. The padding is generated while it is sent. */
	videoBytes?: number;
	/**
	 * Gives each status answer a fresh, signed `videoUrl` that works for this long. Other URLs of the file, and expired
	 * ones, get HTTP 403. Default: one unsigned URL that always works.
	 */
	videoUrlLifetimeMs?: number;
	/** Milliseconds added to each answer. */
	latencyMs?: number;
	/** What goes wrong, and when. The first fault that matches a request is applied. */
	faults?: Fault[];
	/** Seeds faults with a `probability` and `random` estimates. Default 1. */
	seed?: number;
	/** The answer to a status check of an unknown `uuid`: an envelope with code 1000 (default) or a bare HTTP 404. */
	unknownUuid?: 'envelope1000' | 'http404';
	/** A webhook to call when a job ends. Applies to jobs accepted from then on. Default: none. */
	webhook?: WebhookOptions;
	/** Called once for each request, when its connection is done with it. */
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
	estimates: 'correct',
	httpStatus: 'matching',
	videoBytes: 0,
	latencyMs: 0,
	faults: [],
	seed: 1,
	unknownUuid: 'envelope1000',
} satisfies EmulatorOptions;

/** Resolves a setting for one job. */
export function settingFor<T extends string | number>(
	setting: Setting<T>,
	request: GenerateRequest,
	index: number,
	attempt: number,
): T {
	return typeof setting === 'function' ? setting(request, index, attempt) : setting;
}
