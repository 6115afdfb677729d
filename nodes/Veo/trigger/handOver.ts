import type { INodeExecutionData, IPollFunctions, IRun } from 'n8n-workflow';
import { sleepUnlessAborted } from '../api/abort';

/** How long to check whether n8n started an execution. */
const MAX_CHECK_MS = 10_000;
const FIRST_PAUSE_MS = 20;
const MAX_PAUSE_MS = 500;

/**
 * Passes items to n8n and returns whether n8n started an execution for them. n8n reports that only when the execution has
 * ended, so `isStarted` may find out earlier.
 */
export async function handOver(
	context: IPollFunctions,
	items: INodeExecutionData[],
	isStarted?: () => Promise<boolean | undefined>,
): Promise<boolean> {
	let started: boolean | undefined;
	const ended = context.helpers.createDeferredPromise<IRun>();
	const settled = ended.promise.then(
		() => (started = true),
		() => (started = false),
	);
	context.__emit([items], undefined, ended);

	const untilMs = Date.now() + MAX_CHECK_MS;
	let pauseMs = FIRST_PAUSE_MS;
	while (started === undefined && Date.now() < untilMs) {
		await Promise.race([settled, sleepUnlessAborted(pauseMs)]);
		pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
		if (started === undefined && (await isStarted?.())) return true;
	}
	// An execution that could not be started would have been reported by now.
	return started ?? true;
}
