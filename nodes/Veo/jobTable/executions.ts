import { isJsonObject } from '../api/json';
import type { Transport } from '../api/transport';
import { isUuid } from '../api/validation';
import { endlessRetries, unknownRetry } from '../errors/messages';
import { RequestError, settle } from '../errors/outcome';
import { requestN8n, rowsOf } from './dataTable';

const MAX_LISTED = 100;
/** A longer chain of retries may be a circle. */
const MAX_RETRIES = 100;

/** The `id` of the workflow's newest execution; undefined if n8n does not answer. */
export async function newestExecution(
	n8nApi: Transport,
	workflowId: string,
): Promise<number | undefined> {
	const executions = await settle(newestExecutions(n8nApi, workflowId, 1));
	if (executions instanceof RequestError) return undefined;
	return Math.max(0, ...executions.map(({ id }) => id));
}

/**
 * Whether a trigger has started an execution of the workflow after `afterId`; undefined if n8n does not answer. Reads no
 * execution's data, which may be larger than n8n can return.
 */
export async function hasNewerExecution(
	n8nApi: Transport,
	workflowId: string,
	afterId: number,
): Promise<boolean | undefined> {
	const executions = await settle(newestExecutions(n8nApi, workflowId, MAX_LISTED));
	if (executions instanceof RequestError) return undefined;
	return executions.some(({ id, mode }) => id > afterId && mode === 'trigger');
}

/** The workflow's newest executions, running or ended. Throws `RequestError`. */
async function newestExecutions(n8nApi: Transport, workflowId: string, limit: number) {
	const executions: Array<{ id: number; mode: unknown }> = [];
	// n8n lists running executions only with this filter.
	for (const status of ['', '&status=running']) {
		const query = `workflowId=${encodeURIComponent(workflowId)}&limit=${limit}${status}`;
		const answer = await requestN8n(n8nApi, { method: 'GET', path: `/executions?${query}` });
		executions.push(...rowsOf(answer).map(({ id, mode }) => ({ id: Number(id), mode })));
	}
	return executions;
}

/**
 * The `id` of the first execution in a chain of retries that ends with execution `id`; `id` itself if it is not a retry.
 * Throws `VeoError` if n8n does not answer, and if the chain does not end: its first videos would be paid for again.
 */
export async function firstExecution(n8nApi: Transport, id: string): Promise<string> {
	let first = id;
	for (let retries = 0; retries < MAX_RETRIES; retries++) {
		const path = `/executions/${encodeURIComponent(first)}`;
		const answer = await settle(requestN8n(n8nApi, { method: 'GET', path }));
		if (answer instanceof RequestError) throw unknownRetry(first, answer.outcome);
		const retryOf = isJsonObject(answer) ? answer.retryOf : undefined;
		if (typeof retryOf !== 'string') return first;
		if (!isUuid(retryOf)) throw unknownRetry(first, { name: 'shape' });
		first = retryOf;
	}
	throw endlessRetries(id);
}
