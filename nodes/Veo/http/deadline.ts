import { onAbort, orAborted } from '../api/abort';
import type { NoAnswer } from '../api/transport';
import { StoppedError } from '../errors/VeoError';
import { toNoAnswer } from './networkFailures';

/** setTimeout overflows above this value and fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const toTimerMs = (ms: number) => Math.min(Math.ceil(ms), MAX_TIMER_MS);

/**
 * Runs `work` until it ends, the time is up or `stop` fires. Its signal fires at both. AbortSignal.any would take half of
 * our CPU time per request. Throws only `StoppedError`.
 */
export async function withDeadline<T>(
	timeoutMs: number,
	stop: AbortSignal | undefined,
	work: (signal: AbortSignal) => Promise<T>,
): Promise<{ done: T } | NoAnswer> {
	const deadline = AbortSignal.timeout(toTimerMs(timeoutMs));
	const either = new AbortController();
	const remove = [deadline, stop].map((one) => one && onAbort(one, () => either.abort()));
	// n8n's helper replaces our signal by the execution's own, so its promise may outlive the deadline.
	const result = await orAborted(work(either.signal), [either.signal])
		.then(
			(done) => ({ done }),
			(thrown: unknown) =>
				deadline.aborted ? ({ noAnswer: 'timeout' } as const) : toNoAnswer(thrown),
		)
		.finally(() => remove.forEach((one) => one?.()));
	if (stop?.aborted) throw new StoppedError();
	return result;
}
