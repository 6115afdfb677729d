import { type INode, NodeApiError, NodeOperationError } from 'n8n-workflow';
import type { VeoFailure } from './VeoError';

export type NodeFailure = NodeApiError | NodeOperationError;

/** `failure` as n8n shows it: with this message, whether the user's input is at fault or the API. */
export function nodeFailure(
	node: INode,
	{ facts }: VeoFailure,
	message: string,
	more: { description?: string; itemIndex?: number },
): NodeFailure {
	const httpCode = facts.httpStatus?.toString();
	const failure = facts.input
		? new NodeOperationError(node, message, more)
		: new NodeApiError(node, { message }, { message, ...more, httpCode });
	// n8n puts words of its own in place of a message that holds a network code, as the API's words may: `ETIMEDOUT`, say.
	failure.message = message;
	// n8n shows these in the details, and has put the message itself there.
	failure.messages = facts.details === undefined ? [] : [facts.details];
	return failure;
}
