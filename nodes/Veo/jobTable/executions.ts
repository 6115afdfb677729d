import { isJsonObject } from '../api/json';
import type { Transport } from '../api/transport';
import { unknownRetry } from '../errors/messages';
import { RequestError, settle } from '../errors/outcome';
import { requestN8n, rowsOf } from './dataTable';

/** The `id` of the workflow's newest execution; undefined if n8n does not answer. */
export async function newestExecution(
	n8nApi: Transport,
	workflowId: string,
): Promise<number | undefined> {
	const ids = await settle(executionIds(n8nApi, workflowId, 1));
	return ids instanceof RequestError ? undefined : Math.max(0, ...ids);
}

/** Whether an execution of the workflow newer than `afterId` contains `text`; undefined if n8n does not answer. */
export async function isInNewerExecution(
	n8nApi: Transport,
	workflowId: string,
	afterId: number,
	text: string,
): Promise<boolean | undefined> {
	const ids = await settle(executionIds(n8nApi, workflowId, 100));
	if (ids instanceof RequestError) return undefined;
	for (const id of ids.filter((one) => one > afterId).sort((one, other) => one - other)) {
		const path = `/executions/${id}?includeData=true`;
		const execution = await settle(requestN8n(n8nApi, { method: 'GET', path }));
		if (execution instanceof RequestError) return undefined;
		if (JSON.stringify(execution).includes(text)) return true;
	}
	return false;
}

/** The `id`s of the workflow's newest executions, running or ended. Throws `RequestError`. */
async function executionIds(
	n8nApi: Transport,
	workflowId: string,
	limit: number,
): Promise<number[]> {
	const ids: number[] = [];
	// n8n lists running executions only with this filter.
	for (const status of ['', '&status=running']) {
		const query = `workflowId=${encodeURIComponent(workflowId)}&limit=${limit}${status}`;
		const answer = await requestN8n(n8nApi, { method: 'GET', path: `/executions?${query}` });
		ids.push(...rowsOf(answer).map(({ id }) => Number(id)));
	}
	return ids;
}

/**
 * The `id` of the first execution in a chain of retries that ends with execution `id`; `id` itself if it is not a retry.
 * Throws `VeoError` if n8n does not answer.
 */
export async function firstExecution(n8nApi: Transport, id: string): Promise<string> {
	const path = `/executions/${encodeURIComponent(id)}`;
	const answer = await settle(requestN8n(n8nApi, { method: 'GET', path }));
	if (answer instanceof RequestError) throw unknownRetry(id, answer.outcome);
	const retryOf = isJsonObject(answer) ? answer.retryOf : undefined;
	return typeof retryOf === 'string' ? await firstExecution(n8nApi, retryOf) : id;
}
