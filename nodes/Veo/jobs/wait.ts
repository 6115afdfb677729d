import { onAbort } from '../api/abort';
import type { Backoff } from '../api/backoff';
import type { VeoClient, VideoStatus } from '../api/client';
import { isKeyRefused } from '../api/policy';
import { isComplete } from '../api/videoStatus';
import { type Outcome, RequestError } from '../errors/outcome';
import { StoppedError } from '../errors/VeoError';
import { CheckQueue } from './checkQueue';
import { Experience } from './experience';

export interface WaitRules {
	client: VeoClient;
	backoff: Backoff;
	/** Ends all waiting. */
	signal: AbortSignal;
	/** Longest pause between two checks of a job about whose end nothing is known. */
	intervalMs: number;
	/** Maximum time for each job, from the call of `wait`. */
	maxWaitMs: number;
}

export interface WaitOptions {
	/** When the API accepted the job, if that is known. */
	acceptedAtMs?: number;
	/** Called with each answer that is not final. */
	onAnswer?: (video: VideoStatus) => void;
}

/** How waiting for a job ended. `last` is the last status answer, if there was one. */
export type WaitResult =
	| { ended: 'final'; last: VideoStatus }
	| { ended: 'timeout'; last?: VideoStatus; lastOutcome?: Outcome }
	| { ended: 'keyRefused'; last?: VideoStatus; lastOutcome: Outcome };

/** The jobs of one run. They share one queue of status checks, so that they learn from each other. */
export class JobWaits {
	private readonly closed = new AbortController();
	private readonly queue: CheckQueue;
	private readonly waits = new Map<string, Promise<WaitResult>>();

	constructor(private readonly rules: WaitRules) {
		const { signal } = this.closed;
		this.queue = new CheckQueue({ ...rules, experience: new Experience(), signal });
		void this.queue.run();
	}

	/**
	 * Waits for one job. The first check is made at once, the last one after `maxWaitMs`. A completed video without a usable
	 * URL is checked again. A failed check ends the wait only if the API refuses the key: the job is paid for and continues.
	 * Throws only `StoppedError`.
	 */
	async wait(uuid: string, options: WaitOptions = {}): Promise<WaitResult> {
		// Two items have the same job if they have the same idempotency key.
		const same = this.waits.get(uuid);
		if (same) return await same;
		const wait = this.start(uuid, options);
		this.waits.set(uuid, wait);
		return await wait.finally(() => this.waits.delete(uuid));
	}

	/** Ends the checks. */
	close(): void {
		this.closed.abort();
	}

	private async start(uuid: string, options: WaitOptions): Promise<WaitResult> {
		const { signal, maxWaitMs } = this.rules;
		const { acceptedAtMs, onAnswer } = options;
		let last: VideoStatus | undefined;
		let lastOutcome: Outcome | undefined;
		let removeListener = () => {};
		const result = new Promise<WaitResult>((resolve, reject) => {
			removeListener = onAbort(signal, () => {
				this.queue.delete(uuid);
				reject(new StoppedError());
			});
			if (signal.aborted) return;
			const deadline = {
				atMs: Date.now() + maxWaitMs,
				onPassed: () => resolve({ ended: 'timeout', last, lastOutcome }),
			};
			this.queue.add(uuid, { acceptedAtMs, deadline }, (answer) => {
				if (answer instanceof RequestError) {
					lastOutcome = answer.outcome;
					if (!isKeyRefused(lastOutcome)) return 'again';
					resolve({ ended: 'keyRefused', last, lastOutcome });
					return 'done';
				}
				lastOutcome = undefined;
				last = answer;
				if (isComplete(answer)) {
					resolve({ ended: 'final', last: answer });
					return 'done';
				}
				onAnswer?.(answer);
				return 'again';
			});
		});
		return await result.finally(removeListener);
	}
}
