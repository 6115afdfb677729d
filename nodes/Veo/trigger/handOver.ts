import type { INodeExecutionData, IPollFunctions, IRun } from 'n8n-workflow';
import { isJsonObject } from '../api/outcome';
import type { Transport } from '../api/transport';
import { systemClock } from '../transport';

/** How long to look for a sign that n8n took the items, and how often. */
const LOOK_FOR_MS = 10_000;
const LOOK_EVERY_MS = 200;

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
	const before = n8nApi && (await newestExecution(n8nApi, context));
	let taken: boolean | undefined;
	const ended = context.helpers.createDeferredPromise<IRun>();
	ended.promise.then(
		() => (taken = true),
		() => (taken = false),
	);
	context.__emit([items], undefined, ended);

	const untilMs = systemClock.now() + LOOK_FOR_MS;
	while (taken === undefined && systemClock.now() < untilMs) {
		await systemClock.sleep(LOOK_EVERY_MS);
		if (!n8nApi || before === undefined || taken !== undefined) continue;
		const newest = await newestExecution(n8nApi, context);
		if (newest !== undefined && newest > before) return true;
	}
	// It is running, and n8n had every chance to say that it could not be started.
	return taken ?? true;
}

/** The `id` of the workflow's newest execution, running or ended; nothing where n8n does not tell. */
async function newestExecution(
	n8nApi: Transport,
	context: IPollFunctions,
): Promise<number | undefined> {
	const workflowId = encodeURIComponent(context.getWorkflow().id ?? '');
	let newest: number | undefined;
	for (const status of ['', '&status=running']) {
		const path = `/executions?workflowId=${workflowId}&limit=1${status}`;
		const answer = await n8nApi({ method: 'GET', path });
		if ('noAnswer' in answer || answer.httpStatus !== 200) return undefined;
		const json: unknown = JSON.parse(answer.body);
		const list = isJsonObject(json) && Array.isArray(json.data) ? json.data : [];
		const id = isJsonObject(list[0]) ? Number(list[0].id) : 0;
		newest = Math.max(newest ?? 0, id);
	}
	return newest;
}
