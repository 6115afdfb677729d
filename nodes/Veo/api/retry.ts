import { RequestError, settle } from '../errors/outcome';
import type { Backoff } from './backoff';
import { mayPass } from './policy';

/** A longer `Retry-After` is not waited for. */
export const MAX_RETRY_AFTER_MS = 10 * 60_000;

export interface RetryRules {
	backoff: Backoff;
	/** Maximum number of repetitions of one request. */
	maxRetries: number;
	signal?: AbortSignal;
}

/**
 * Sends a request that costs nothing, and repeats it while the policy and the rules allow it. Throws the last
 * `RequestError`, or `StoppedError`.
 */
export async function withRetries<T>(
	send: () => Promise<T>,
	{ backoff, maxRetries, signal }: RetryRules,
): Promise<T> {
	for (let retries = 0; ; retries++) {
		const sentAtMs = await backoff.waitForSlot(signal, MAX_RETRY_AFTER_MS);
		const remainingMs = backoff.remainingMs();
		if (remainingMs > 0) throw new RequestError({ name: 'http429', retryAfterMs: remainingMs });
		const result = await settle(send());
		if (!(result instanceof RequestError)) {
			backoff.succeeded();
			return result;
		}
		const { outcome } = result;
		const isRepeatable = mayPass(outcome);
		// Back off before throwing, so that parallel items slow down too.
		if (isRepeatable) backoff.failed(sentAtMs, outcome.retryAfterMs);
		if (!isRepeatable || retries >= maxRetries) throw result;
		if (outcome.retryAfterMs !== undefined && outcome.retryAfterMs > MAX_RETRY_AFTER_MS) {
			throw result;
		}
	}
}
