import { orFailed, RequestFailed } from '../api/client';
import { unknownRetry } from '../errors/messages';
import { isJsonObject } from '../errors/outcome';
import type { Transport } from '../api/transport';
import { askN8n, rowsOf } from './dataTable';

/** The `id` of the workflow's newest execution; nothing where n8n does not tell. */
export async function newestExecution(
	n8nApi: Transport,
	workflowId: string,
): Promise<number | undefined> {
	const ids = await orFailed(executionIds(n8nApi, workflowId, 1));
	return ids instanceof RequestFailed ? undefined : Math.max(0, ...ids);
}

/**
 * Whether an execution of the workflow that is newer than `afterId` holds this text; nothing where n8n does not tell.
 */
export async function isInNewerExecution(
	n8nApi: Transport,
	workflowId: string,
	afterId: number,
	text: string,
): Promise<boolean | undefined> {
	const ids = await orFailed(executionIds(n8nApi, workflowId, 100));
	if (ids instanceof RequestFailed) return undefined;
	for (const id of ids.filter((one) => one > afterId).sort((one, other) => one - other)) {
		const path = `/executions/${id}?includeData=true`;
		const execution = await orFailed(askN8n(n8nApi, { method: 'GET', path }));
		if (execution instanceof RequestFailed) return undefined;
		if (JSON.stringify(execution).includes(text)) return true;
	}
	return false;
}

/** The `id`s of the workflow's newest executions, running or ended. Throws `RequestFailed`. */
async function executionIds(
	n8nApi: Transport,
	workflowId: string,
	limit: number,
): Promise<number[]> {
	const ids: number[] = [];
	// n8n lists the running ones only when asked for them.
	for (const status of ['', '&status=running']) {
		const query = `workflowId=${encodeURIComponent(workflowId)}&limit=${limit}${status}`;
		const answer = await askN8n(n8nApi, { method: 'GET', path: `/executions?${query}` });
		ids.push(...rowsOf(answer).map(({ id }) => Number(id)));
	}
	return ids;
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
