import type { ExecutionError, ITriggerFunctions } from 'n8n-workflow';

/** n8n's trigger context with what only newer versions have. */
export interface TriggerContext extends Omit<ITriggerFunctions, 'emit'> {
	emit(
		data: Parameters<ITriggerFunctions['emit']>[0],
		responsePromise?: Parameters<ITriggerFunctions['emit']>[1],
		donePromise?: Parameters<ITriggerFunctions['emit']>[2],
		/** n8n starts no second execution with the same key. Since a version between 2.15 and 2.20. */
		deduplicationKey?: string,
	): void;
	/** Since n8n 2.8. */
	saveFailedExecution?(error: ExecutionError): void;
}

/** Identifies a trigger in this n8n. */
export const triggerKeyOf = (context: Pick<TriggerContext, 'getWorkflow' | 'getNode'>) =>
	`${context.getWorkflow().id}/${context.getNode().id}`;
