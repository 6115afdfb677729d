import { StoppedError } from '../errors/VeoError';
import { sleepUnlessAborted } from './abort';

const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60_000;

/**
 * Exponential backoff with jitter, shared by requests that go to the same server, so that one refusal slows all of them
 * down. `Retry-After` counts where it is longer.
 */
export class Backoff {
	private failureCount = 0;
	private slowedAtMs = -Infinity;
	private pausedUntilMs = -Infinity;
	private retryAfterMs = -Infinity;
	private wakeUp = new AbortController();

	/**
	 * Waits until a request may be sent, but not longer than `maxMs`. Returns the time then, in ms since the epoch. Throws
	 * `StoppedError` when the signal fires.
	 */
	async waitForSlot(signal?: AbortSignal, maxMs = Infinity): Promise<number> {
		const untilMs = Date.now() + maxMs;
		for (;;) {
			if (signal?.aborted) throw new StoppedError();
			const now = Date.now();
			const sendAtMs = Math.min(this.notBeforeMs, untilMs);
			if (now >= sendAtMs) return now;
			await sleepUnlessAborted(sendAtMs - now, signal, this.wakeUp.signal);
		}
	}

	/** How long no request should be sent, in ms. 0 if one may be sent now. */
	remainingMs(): number {
		return Math.max(0, this.notBeforeMs - Date.now());
	}

	succeeded(): void {
		this.failureCount = 0;
	}

	/** Slows down after a request that was sent at `sentAtMs` failed. */
	failed(sentAtMs: number, retryAfterMs?: number): void {
		const now = Date.now();
		if (retryAfterMs !== undefined) {
			this.retryAfterMs = Math.max(this.retryAfterMs, now + retryAfterMs);
		}
		// A request sent before the last slow-down belongs to the same burst of failures.
		if (sentAtMs <= this.slowedAtMs) return;
		const pauseMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.failureCount++);
		this.slowedAtMs = now;
		this.pausedUntilMs = Math.max(this.pausedUntilMs, now + pauseMs * (0.5 + Math.random() / 2));
	}

	/** Ends the current pause, but not one that the server asked for. */
	endPause(): void {
		this.pausedUntilMs = -Infinity;
		this.wakeUp.abort();
		this.wakeUp = new AbortController();
	}

	private get notBeforeMs(): number {
		return Math.max(this.pausedUntilMs, this.retryAfterMs);
	}
}
