import type { INodeExecutionData, IPollFunctions, IRun } from 'n8n-workflow';
import { systemClock } from '../http/request';

/** How long to look for a sign that n8n took the items, and the first pause, which doubles. */
const LOOK_FOR_MS = 10_000;
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 500;

/**
 * Gives items to n8n and tells whether it took them: whether there is an execution for them, so that they are safe
 * whatever dies next. n8n says so itself only once the execution has ended, so `isThere` may know a quicker way.
 */
export async function handOver(
	context: IPollFunctions,
	items: INodeExecutionData[],
	isThere?: () => Promise<boolean | undefined>,
): Promise<boolean> {
	let taken: boolean | undefined;
	const ended = context.helpers.createDeferredPromise<IRun>();
	const settled = ended.promise.then(
		() => (taken = true),
		() => (taken = false),
	);
	context.__emit([items], undefined, ended);

	const untilMs = systemClock.now() + LOOK_FOR_MS;
	let pauseMs = FIRST_PAUSE_MS;
	while (taken === undefined && systemClock.now() < untilMs) {
		await Promise.race([settled, systemClock.sleep(pauseMs)]);
		pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
		if (taken === undefined && (await isThere?.())) return true;
	}
	// It is running, and n8n had every chance to say that it could not be started.
	return taken ?? true;
}
