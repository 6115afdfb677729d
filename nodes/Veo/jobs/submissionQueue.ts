import { orAborted } from '../api/abort';
import { Backoff } from '../api/backoff';
import { isThrottled, PaidPermit } from '../api/policy';
import { MAX_RETRY_AFTER_MS } from '../api/retry';
import { RequestError, settle } from '../errors/outcome';

export interface SubmissionRules {
	/** Maximum number of repetitions after faults that may pass. Refusals for now do not count. */
	maxRetries: number;
	/** How long an item waits for a slot, from the first refusal, in ms. */
	maxSlotWaitMs: number;
	/** Ends the waiting, but not a request that is being sent. */
	signal?: AbortSignal;
}

/**
 * Sends the paid requests of one run. They are sent in parallel until the API refuses one for now (too many requests, or
 * too many jobs at a time). Then the items wait in line, and the first one tries again and again, with backoff.
 */
export class SubmissionQueue {
	private readonly backoff = new Backoff();
	private waiting = 0;
	private lastRefusal: RequestError | undefined;
	/** Resolves when the last item in line has left it. Never rejects. */
	private last: Promise<unknown> = Promise.resolve();

	constructor(private readonly rules: SubmissionRules) {}

	/**
	 * Sends a paid request with its permit. Repeats it only with a new permit, which needs proof that it was not accepted.
	 * Throws the last `RequestError`, or `StoppedError`.
	 */
	async submit<T>(firstPermit: PaidPermit, send: (permit: PaidPermit) => Promise<T>): Promise<T> {
		const { maxRetries, maxSlotWaitMs, signal } = this.rules;
		let permit = firstPermit;
		let deadlineMs = Infinity;
		let leaveLine: (() => void) | undefined;
		const waitInLine = async () => {
			if (leaveLine) return;
			deadlineMs = Date.now() + maxSlotWaitMs;
			leaveLine = await this.joinLine(signal);
		};

		try {
			for (let retries = 0; ;) {
				if (this.waiting > 0) await waitInLine();
				const sentAtMs = await this.backoff.waitForSlot(signal, deadlineMs - Date.now());
				const remainingMs = this.backoff.remainingMs();
				if (remainingMs > 0) {
					throw (
						this.lastRefusal ?? new RequestError({ name: 'http429', retryAfterMs: remainingMs })
					);
				}
				const result = await settle(send(permit));
				if (!(result instanceof RequestError)) {
					this.backoff.succeeded();
					return result;
				}
				const { outcome } = result;
				const next = PaidPermit.afterOutcome(outcome);
				if (!next) throw result;
				permit = next;
				const { retryAfterMs } = outcome;
				this.backoff.failed(sentAtMs, retryAfterMs && Math.min(retryAfterMs, MAX_RETRY_AFTER_MS));
				if (isThrottled(outcome)) {
					this.lastRefusal = result;
					await waitInLine();
				} else if (++retries > maxRetries) {
					throw result;
				}
			}
		} finally {
			leaveLine?.();
		}
	}

	/** A video of the run has ended, so that a slot may be free. The next attempt is made now, unless Retry-After is later. */
	jobEnded(): void {
		if (this.waiting > 0) this.backoff.endPause();
	}

	/** Resolves when the item is the first in line. Returns a function that leaves the line. Throws `StoppedError`. */
	private async joinLine(signal?: AbortSignal): Promise<() => void> {
		const before = this.last;
		let leave = () => {};
		const left = new Promise<void>((resolve) => (leave = resolve));
		this.waiting++;
		this.last = before.then(async () => await left);
		const leaveLine = () => {
			this.waiting--;
			leave();
		};
		await orAborted(before, [signal]).catch((thrown: unknown) => {
			leaveLine();
			throw thrown;
		});
		return leaveLine;
	}
}
