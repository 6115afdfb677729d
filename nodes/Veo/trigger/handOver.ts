import type { INodeExecutionData, IPollFunctions, IRun } from 'n8n-workflow';
import type { Transport } from '../api/transport';
import { newestExecution } from '../jobs/executions';
import { systemClock } from '../transport';

/** How long to look for a sign that n8n took the items, and the first pause, which doubles. */
const LOOK_FOR_MS = 10_000;
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 500;

/**
 * Gives items to n8n and tells whether it took them: whether there is an execution for them, so that they are safe
 * whatever dies next. n8n says so itself only once the execution has ended, so its API is asked as well, where there is
 * a credential for it.
 */
export async function handOver(
	context: IPollFunctions,
	items: INodeExecutionData[],
	n8nApi?: Transport,
): Promise<boolean> {
	const workflowId = context.getWorkflow().id ?? '';
	const before = n8nApi && (await newestExecution(n8nApi, workflowId));
	let taken: boolean | undefined;
	const ended = context.helpers.createDeferredPromise<IRun>();
	const settled = ended.promise.then(
		() => (taken = true),
		() => (taken = false),
	);
	context.__emit([items], undefined, ended);

	const untilMs = systemClock.now() + LOOK_FOR_MS;
	// Soon at first: should n8n die before this is remembered, it is given the items again.
	let pauseMs = FIRST_PAUSE_MS;
	while (taken === undefined && systemClock.now() < untilMs) {
		await Promise.race([settled, systemClock.sleep(pauseMs)]);
		pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
		if (!n8nApi || before === undefined || taken !== undefined) continue;
		const newest = await newestExecution(n8nApi, workflowId);
		if (newest !== undefined && newest > before) return true;
	}
	// It is running, and n8n had every chance to say that it could not be started.
	return taken ?? true;
}
