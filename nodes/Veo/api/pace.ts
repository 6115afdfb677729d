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
	 * Waits until a request may be sent, at most until `untilMs`, and gives the time then. Throws `Stopped` when the
	 * signal fires.
	 */
	async turn(signal?: AbortSignal, untilMs = Infinity): Promise<number> {
		for (;;) {
			if (signal?.aborted) throw new Stopped();
			const now = this.clock.now();
			const sendAtMs = Math.min(this.notBeforeMs, untilMs);
			if (now >= sendAtMs) return now;
			await this.clock.sleep(sendAtMs - now, signal);
		}
	}

	/** Whether a request sent now would come too soon. */
	tooSoon(): boolean {
		return this.clock.now() < this.notBeforeMs;
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
