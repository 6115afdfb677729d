import type { Clock } from './clock';
import { Stopped } from './transport';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * How fast one run may send. All its requests share it, so that one refusal slows them all, not each in its turn:
 * exponential back-off with jitter, and `Retry-After` as the API's own word on it.
 */
export class Pace {
	private failuresInARow = 0;
	private slowedAtMs = -Infinity;
	private notBeforeMs = -Infinity;

	constructor(private readonly clock: Clock) {}

	/**
	 * Waits until a request may be sent, at most `longestMs`, and gives the time then. Throws `Stopped` when the signal
	 * fires.
	 */
	async turn(signal?: AbortSignal, longestMs = Infinity): Promise<number> {
		const untilMs = this.clock.now() + longestMs;
		for (;;) {
			if (signal?.aborted) throw new Stopped();
			const now = this.clock.now();
			const sendAtMs = Math.min(this.notBeforeMs, untilMs);
			if (now >= sendAtMs) return now;
			await this.clock.sleep(sendAtMs - now, signal);
		}
	}

	/** How much too soon a request would come that was sent now. */
	pauseMs(): number {
		return Math.max(0, this.notBeforeMs - this.clock.now());
	}

	tooSoon(): boolean {
		return this.pauseMs() > 0;
	}

	succeeded(): void {
		this.failuresInARow = 0;
	}

	/** Slows down after a failure of a request that was sent at `sentAtMs`. */
	failed(sentAtMs: number, retryAfterMs?: number): void {
		const now = this.clock.now();
		if (retryAfterMs !== undefined) {
			this.notBeforeMs = Math.max(this.notBeforeMs, now + retryAfterMs);
		}
		// What was sent before the last slowing down tells nothing new.
		if (sentAtMs <= this.slowedAtMs) return;
		const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.failuresInARow++);
		this.slowedAtMs = now;
		this.notBeforeMs = Math.max(this.notBeforeMs, now + pauseMs * (0.5 + this.clock.random() / 2));
	}
}
