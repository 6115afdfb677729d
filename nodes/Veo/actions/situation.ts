import type { IExecuteFunctions } from 'n8n-workflow';
import type { Situation } from '../errors/messages';
import { isAgentTool } from '../shared/node';

/** What an item that fails does to the current execution. */
export function situationOf(context: IExecuteFunctions): Situation {
	if (isAgentTool(context.getNode())) return 'tool';
	if (context.continueOnFail()) return 'continues';
	// n8n's mode for an execution that another workflow started.
	return context.getMode() === 'integrated' ? 'subWorkflow' : 'stops';
}
