import { orFailed, RequestFailed } from '../api/client';
import { unknownRetry } from '../api/messages';
import { isJsonObject } from '../api/outcome';
import type { Transport } from '../api/transport';
import { askN8n } from './dataTable';

/** The `id` of the workflow's newest execution, running or ended; nothing where n8n does not tell. */
export async function newestExecution(
	n8nApi: Transport,
	workflowId: string,
): Promise<number | undefined> {
	let newest = 0;
	// n8n lists the running ones only when asked for them.
	for (const status of ['', '&status=running']) {
		const path = `/executions?workflowId=${encodeURIComponent(workflowId)}&limit=1${status}`;
		const answer = await orFailed(askN8n(n8nApi, { method: 'GET', path }));
		if (answer instanceof RequestFailed || !isJsonObject(answer)) return undefined;
		const latest: unknown = Array.isArray(answer.data) ? answer.data[0] : undefined;
		if (isJsonObject(latest)) newest = Math.max(newest, Number(latest.id));
	}
	return newest;
}

/**
 * The `id` of the execution that the one with this `id` is a retry of, or a retry of a retry; its own where it is none.
 * Throws `VeoFailure` where n8n does not tell.
 */
export async function firstExecution(n8nApi: Transport, id: string): Promise<string> {
	const path = `/executions/${encodeURIComponent(id)}`;
	const answer = await orFailed(askN8n(n8nApi, { method: 'GET', path }));
	if (answer instanceof RequestFailed) throw unknownRetry(id, answer.outcome);
	const retryOf = isJsonObject(answer) ? answer.retryOf : undefined;
	return typeof retryOf === 'string' ? await firstExecution(n8nApi, retryOf) : id;
}
