import { orFailed, RequestFailed } from './client';
import type { Pace } from './backoff';
import { PaidPermit, POLICY } from './policy';

/** A `Retry-After` beyond this is not waited for: the user hears of it instead. */
const LONGEST_RETRY_AFTER_MS = 10 * 60_000;

export interface RetryRules {
	pace: Pace;
	/** How often a request may be repeated, at most. */
	maxRetries: number;
	signal?: AbortSignal;
}

/**
 * Sends a request that costs nothing, and repeats it as long as the policy and the rules allow. Throws the last
 * `RequestFailed`, or `Stopped`.
 */
export async function withRetries<T>(
	kind: 'status' | 'upload' | 'download',
	send: () => Promise<T>,
	rules: RetryRules,
): Promise<T> {
	return await repeat(send, rules, (failed) => POLICY[failed.outcome.name][kind] === 'again');
}

/**
 * Sends the paid request with its permit, and repeats it only with a permit made from proof that it was not accepted.
 * Throws the last `RequestFailed`, or `Stopped`.
 */
export async function submitWithRetries<T>(
	permit: PaidPermit,
	send: (permit: PaidPermit) => Promise<T>,
	rules: RetryRules,
): Promise<T> {
	let next: PaidPermit = permit;
	return await repeat(
		async () => await send(next),
		rules,
		({ outcome }) => {
			const another = PaidPermit.afterOutcome(outcome);
			if (another) next = another;
			return another !== undefined;
		},
	);
}

async function repeat<T>(
	send: () => Promise<T>,
	{ pace, maxRetries, signal }: RetryRules,
	mayRepeat: (failed: RequestFailed) => boolean,
): Promise<T> {
	for (let retries = 0; ; retries++) {
		const sentAtMs = await pace.turn(signal, LONGEST_RETRY_AFTER_MS);
		const leftMs = pace.pauseMs();
		if (leftMs > 0) throw new RequestFailed({ name: 'http429', retryAfterMs: leftMs });
		const result = await orFailed(send());
		if (!(result instanceof RequestFailed)) {
			pace.succeeded();
			return result;
		}
		const { retryAfterMs } = result.outcome;
		const again = mayRepeat(result);
		// Told before it is thrown: other items of the run are about to send as well.
		if (again) pace.failed(sentAtMs, retryAfterMs);
		if (!again || retries >= maxRetries) throw result;
		if (retryAfterMs !== undefined && retryAfterMs > LONGEST_RETRY_AFTER_MS) throw result;
	}
}
