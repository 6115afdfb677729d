import { type IDataObject, type INode, NodeApiError, NodeOperationError } from 'n8n-workflow';
import { VeoError } from './VeoError';

export type NodeError = NodeApiError | NodeOperationError;

interface Shown {
	/** The input item that the error is about. */
	itemIndex?: number;
	/** The text leaves out the item, as n8n does where there is only one. */
	isOnlyItem?: boolean;
	/**
	 * Puts the description into the message, for places where n8n shows the message alone. By default for paid jobs, because
	 * the message may be all that is kept of an error.
	 */
	messageOnly?: boolean;
}

/**
 * Converts anything that was thrown to one of n8n's two node errors: `NodeOperationError` for the user's input,
 * `NodeApiError` for the API. A node error is returned as it is.
 */
export function toNodeError(node: INode, thrown: unknown, shown: Shown = {}): NodeError {
	if (thrown instanceof NodeApiError || thrown instanceof NodeOperationError) return thrown;
	const { itemIndex, isOnlyItem, messageOnly } = shown;
	const namedItem = isOnlyItem ? undefined : itemIndex;
	if (!(thrown instanceof VeoError)) {
		return new NodeOperationError(node, messageOf(thrown, namedItem), { itemIndex });
	}

	const { details } = thrown;
	const { uuid, videoUrl, httpStatus, code, lastStatus } = details;
	const isComplete = messageOnly ?? uuid !== undefined;
	const message = isComplete ? textOf(thrown, namedItem) : messageOf(thrown, namedItem);
	const options = { description: isComplete ? undefined : thrown.description, itemIndex };
	const httpCode = httpStatus?.toString();
	const error = details.isInput
		? new NodeOperationError(node, message, options)
		: new NodeApiError(node, { message }, { message, ...options, httpCode });
	// n8n replaces a message that contains a network code, such as ETIMEDOUT in the API's message.
	error.message = message;
	// n8n shows these under "Error details". It has put the message there, which is shown already.
	error.messages = details.technical === undefined ? [] : [details.technical];
	const known: IDataObject = { uuid, videoUrl, code, httpStatus, lastStatus };
	for (const [name, value] of Object.entries(known)) {
		if (value !== undefined) error.context[name] = value;
	}
	return error;
}

/** The complete text of an error, for places that hold one text. It may name an item. */
export function textOf(thrown: unknown, namedItem?: number): string {
	const message = messageOf(thrown, namedItem);
	return thrown instanceof VeoError ? `${message}. ${thrown.description}` : message;
}

function messageOf(thrown: unknown, namedItem?: number): string {
	const message = thrown instanceof Error ? thrown.message : String(thrown);
	return namedItem === undefined ? message : `${message} [item ${namedItem}]`;
}
