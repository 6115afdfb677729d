import { orFailed, RequestFailed, type VeoClient, type VideoStatus } from '../api/client';
import type { Clock } from '../api/clock';
import type { Outcome } from '../errors/outcome';
import type { Pace } from '../api/backoff';
import { POLICY } from '../api/policy';
import { Estimates } from './estimates';
import { isFinal } from '../api/videoStatus';

export interface WaitRules {
	client: VeoClient;
	clock: Clock;
	pace: Pace;
	signal?: AbortSignal;
	/** Between two checks of one job, at least. */
	intervalMs: number;
	/** From now until the job is given back unfinished. */
	maxWaitMs: number;
}

/** How waiting for a job ended. `last` is the last status answer, if there was one. */
export type Waited =
	| { ended: 'final'; last: VideoStatus }
	| { ended: 'timeout'; last?: VideoStatus; lastOutcome?: Outcome }
	| { ended: 'refused'; last?: VideoStatus; lastOutcome: Outcome };

/**
 * Waits for one job: checks first, then sleeps for an interval, or longer where the API's estimates have proved right,
 * and never past the end of the wait, on which the last check falls. A check that fails never ends the wait, unless the
 * API refuses the key. Throws only `Stopped`.
 */
export async function waitForJob(uuid: string, rules: WaitRules): Promise<Waited> {
	const { client, clock, pace, signal, intervalMs, maxWaitMs } = rules;
	const untilMs = clock.now() + maxWaitMs;
	const estimates = new Estimates();
	let last: VideoStatus | undefined;
	let lastOutcome: Outcome | undefined;

	for (;;) {
		let pauseMs = intervalMs;
		const sentAtMs = await pace.turn(signal, untilMs - clock.now());
		if (pace.tooSoon()) return { ended: 'timeout', last, lastOutcome };

		const answer = await orFailed(client.status(uuid, signal));
		if (answer instanceof RequestFailed) {
			lastOutcome = answer.outcome;
			if (POLICY[lastOutcome.name].wait === 'final') {
				return { ended: 'refused', last, lastOutcome };
			}
			pace.failed(sentAtMs, lastOutcome.retryAfterMs);
		} else {
			lastOutcome = undefined;
			last = answer;
			pace.succeeded();
			if (isFinal(answer.status)) return { ended: 'final', last: answer };
			pauseMs = estimates.pauseMs(answer, clock.now(), intervalMs);
		}

		const leftMs = untilMs - clock.now();
		if (leftMs <= 0) return { ended: 'timeout', last, lastOutcome };
		await clock.sleep(Math.min(pauseMs, leftMs), signal);
	}
}
