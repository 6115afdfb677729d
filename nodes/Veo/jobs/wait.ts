import { orAborted } from '../api/abort';
import type { Backoff } from '../api/backoff';
import type { AcceptedJob, VeoClient, VideoStatus } from '../api/client';
import { toText } from '../api/json';
import { isKeyRefused } from '../api/policy';
import { isComplete } from '../api/videoStatus';
import { type Outcome, RequestError } from '../errors/outcome';
import { CheckQueue } from './checkQueue';
import { Experience } from './experience';

export interface WaitRules {
	client: VeoClient;
	backoff: Backoff;
	/** Ends all waits. */
	signal: AbortSignal;
	/** Longest pause between two checks of a job about whose end nothing is known. */
	intervalMs: number;
	/** Maximum time of each wait. */
	maxWaitMs: number;
}

/** How waiting for a job ended. `last` is the last status answer, if there was one. */
export type WaitResult =
	| { ended: 'final'; last: VideoStatus }
	| { ended: 'timeout'; last?: VideoStatus; lastOutcome?: Outcome }
	| { ended: 'keyRefused'; last?: VideoStatus; lastOutcome: Outcome };

/** Waits for the jobs of one run, which learn from each other when to check. */
export class JobWaiter {
	private readonly queue: CheckQueue;
	/** By `uuid`: items of one run may wait for the same job. */
	private readonly waits = new Map<string, Promise<WaitResult>>();

	constructor(private readonly rules: WaitRules) {
		this.queue = new CheckQueue({ ...rules, experience: new Experience() });
		void this.queue.run();
	}

	/**
	 * Waits for a job. Checks at once, then when `CheckPlan` says so, and for the last time at the end of `maxWaitMs`. A
	 * completed video without a usable URL is checked again. A failed check ends the wait only if the API refuses the key:
	 * the job is paid for and goes on. `onAnswer` is called with each answer that is not final. Throws only `StoppedError`.
	 */
	async wait(job: AcceptedJob, onAnswer?: (video: VideoStatus) => void): Promise<WaitResult> {
		const { signal, maxWaitMs } = this.rules;
		const untilMs = Date.now() + maxWaitMs;
		for (;;) {
			const other = this.waits.get(job.uuid);
			if (!other) break;
			const result = await other;
			// That wait began earlier, so it also ends earlier.
			if (result.ended !== 'timeout') return result;
		}
		const wait = orAborted(this.check(job, untilMs, onAnswer), [signal]).finally(() =>
			this.waits.delete(job.uuid),
		);
		this.waits.set(job.uuid, wait);
		return await wait;
	}

	private async check(
		{ uuid, createdAt }: AcceptedJob,
		untilMs: number,
		onAnswer?: (video: VideoStatus) => void,
	): Promise<WaitResult> {
		let last: VideoStatus | undefined;
		let lastOutcome: Outcome | undefined;
		return await new Promise((resolve) => {
			const end = (result: WaitResult) => {
				resolve(result);
				return 'done' as const;
			};
			const endLate = () => end({ ended: 'timeout', last, lastOutcome });
			this.queue.add(
				uuid,
				{ acceptedAtMs: Date.parse(toText(createdAt)) || undefined },
				(answer) => {
					if (answer instanceof RequestError) {
						lastOutcome = answer.outcome;
						if (isKeyRefused(lastOutcome)) return end({ ended: 'keyRefused', last, lastOutcome });
					} else {
						lastOutcome = undefined;
						last = answer;
						if (isComplete(answer)) return end({ ended: 'final', last: answer });
						onAnswer?.(answer);
					}
					return Date.now() < untilMs ? 'again' : endLate();
				},
				{ atMs: untilMs, onMissed: endLate },
			);
		});
	}
}
