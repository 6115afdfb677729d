import { sleepUnlessAborted } from '../api/abort';
import type { Backoff } from '../api/backoff';
import type { VeoClient, VideoStatus } from '../api/client';
import { isKeyRefused } from '../api/policy';
import { isComplete } from '../api/videoStatus';
import { type Outcome, RequestError, settle } from '../errors/outcome';
import { Estimates } from './estimates';

export interface WaitRules {
	client: VeoClient;
	backoff: Backoff;
	signal?: AbortSignal;
	/** Minimum time between two checks. */
	intervalMs: number;
	/** Maximum time from the call. */
	maxWaitMs: number;
	/** Called with each answer that is not final. */
	onAnswer?: (video: VideoStatus) => void;
}

/** How waiting for a job ended. `last` is the last status answer, if there was one. */
export type WaitResult =
	| { ended: 'final'; last: VideoStatus }
	| { ended: 'timeout'; last?: VideoStatus; lastOutcome?: Outcome }
	| { ended: 'keyRefused'; last?: VideoStatus; lastOutcome: Outcome };

/**
 * Waits for one job. Checks at once, then after each interval, or later where the API's estimates have proved right. The
 * last check is at the end of `maxWaitMs`. A completed video without a usable URL is checked again. A failed check ends
 * the wait only if the API refuses the key: the job is paid for and goes on. Throws only `StoppedError`.
 */
export async function waitForJob(uuid: string, rules: WaitRules): Promise<WaitResult> {
	const { client, backoff, signal, intervalMs, maxWaitMs } = rules;
	const untilMs = Date.now() + maxWaitMs;
	const estimates = new Estimates();
	let last: VideoStatus | undefined;
	let lastOutcome: Outcome | undefined;

	for (;;) {
		let pauseMs = intervalMs;
		const sentAtMs = await backoff.waitForSlot(signal, untilMs - Date.now());
		if (backoff.remainingMs() > 0) return { ended: 'timeout', last, lastOutcome };

		const answer = await settle(client.status(uuid, signal));
		if (answer instanceof RequestError) {
			lastOutcome = answer.outcome;
			if (isKeyRefused(lastOutcome)) return { ended: 'keyRefused', last, lastOutcome };
			backoff.failed(sentAtMs, lastOutcome.retryAfterMs);
		} else {
			lastOutcome = undefined;
			last = answer;
			backoff.succeeded();
			if (isComplete(answer)) return { ended: 'final', last: answer };
			rules.onAnswer?.(answer);
			pauseMs = estimates.pauseMs(answer, Date.now(), intervalMs);
		}

		const leftMs = untilMs - Date.now();
		if (leftMs <= 0) return { ended: 'timeout', last, lastOutcome };
		await sleepUnlessAborted(Math.min(pauseMs, leftMs), signal);
	}
}
