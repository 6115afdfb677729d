import {
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
	NodeApiError,
	NodeOperationError,
} from 'n8n-workflow';
import type { UploadedImage } from '../api/client';
import { VeoFailure } from '../api/failure';
import type { JsonObject } from '../api/outcome';
import { Stopped } from '../api/transport';
import { inPool } from '../jobs/pool';
import { noteUuids } from './customData';
import type { Session } from './session';

type NodeFailure = NodeApiError | NodeOperationError;

/**
 * Looks at every input item with `check`, which sends nothing, then runs `work` for each, at most `limit` at a time.
 * Gives one output item per input item, in their order. An item that fails ends the run, unless the user chose to
 * continue; one that `check` refuses ends it before anything is paid for. Throws the two n8n node errors, nothing else.
 */
export async function runItems<T>(
	session: Session,
	limit: number,
	check: (session: Session, itemIndex: number) => Promise<T>,
	work: (itemIndex: number, checked: T) => Promise<Pick<INodeExecutionData, 'json' | 'binary'>>,
): Promise<INodeExecutionData[]> {
	const { context, submissions } = session;
	let failed = false;

	const fail = (thrown: unknown, itemIndex: number): INodeExecutionData => {
		failed = true;
		const failure = toNodeFailure(context, thrown, itemIndex);
		if (thrown instanceof VeoFailure && thrown.facts.uuid) noteUuids(context, [thrown.facts.uuid]);
		if (context.continueOnFail() && !(thrown instanceof Stopped)) {
			return failedItem(context, failure, thrown, itemIndex);
		}
		session.endEarly();
		throw failure;
	};

	const items = context.getInputData().map((_, itemIndex) => itemIndex);
	const checked = await inPool(
		items,
		1,
		async (itemIndex) =>
			await check(session, itemIndex).then(
				(value) => ({ itemIndex, value }),
				(thrown: unknown) => ({ itemIndex, output: fail(thrown, itemIndex) }),
			),
	);

	const one = async (item: (typeof checked)[number]): Promise<INodeExecutionData> => {
		if ('output' in item) return item.output;
		const { itemIndex, value } = item;
		return await work(itemIndex, value).then(
			(result) => ({ ...result, pairedItem: { item: itemIndex } }),
			(thrown: unknown) => fail(thrown, itemIndex),
		);
	};
	const outputs = await inPool(checked, limit, one).catch((thrown: NodeFailure) => {
		// The videos of other items are paid for all the same: nobody must have to search for them.
		const accepted = submissions.accepted();
		noteUuids(
			context,
			accepted.map(({ uuid }) => uuid),
		);
		const others = accepted.filter(({ uuid }) => uuid !== thrown.context.uuid);
		if (others.length > 0) thrown.description = [thrown.description, othersText(others)].join(' ');
		throw thrown;
	});

	// A node that succeeded is not run again. One with failed items may be, for n8n retries those too.
	if (!failed) submissions.forgetRun();
	return outputs;
}

/** An answer of the API as n8n's type for it: both are what JSON can hold. */
export const asJson = (data: JsonObject | UploadedImage) => data as IDataObject;

function othersText(others: Array<{ itemIndex: number; uuid: string }>): string {
	const list = others.map(({ itemIndex, uuid }) => `${uuid} [item ${itemIndex}]`).join(', ');
	return `Other videos that the API accepted in this execution: ${list}. A retry takes them up again and pays for none of them twice.`;
}

/** What n8n shows of something thrown while an item was worked on. */
export function toNodeFailure(
	context: IExecuteFunctions,
	thrown: unknown,
	itemIndex: number,
): NodeFailure {
	if (thrown instanceof NodeApiError || thrown instanceof NodeOperationError) return thrown;
	const node = context.getNode();
	if (!(thrown instanceof VeoFailure)) {
		const message = thrown instanceof Error ? thrown.message : String(thrown);
		return new NodeOperationError(node, `${message} [item ${itemIndex}]`, { itemIndex });
	}

	const { what, next, facts } = thrown;
	const { uuid, httpStatus, code, details, lastStatus } = facts;
	const headline = `${what} [item ${itemIndex}]`;
	// Whoever has a paid job finds all that is needed in the message itself, wherever it ends up.
	const message = uuid ? `${headline}. ${next}` : headline;
	const description = [uuid ? undefined : next, details].filter(Boolean).join(' ') || undefined;
	const failure = facts.input
		? new NodeOperationError(node, message, { description, itemIndex })
		: new NodeApiError(
				node,
				{ message },
				{ message, description, itemIndex, httpCode: httpStatus?.toString() },
			);
	const known: IDataObject = { uuid, code, httpStatus, lastStatus };
	for (const [name, value] of Object.entries(known)) {
		if (value !== undefined) failure.context[name] = value;
	}
	return failure;
}

function failedItem(
	context: IExecuteFunctions,
	failure: NodeFailure,
	thrown: unknown,
	itemIndex: number,
): INodeExecutionData {
	const uuid = failure.context.uuid;
	const text =
		thrown instanceof VeoFailure
			? `${thrown.what} [item ${itemIndex}]. ${thrown.next}`
			: failure.message;
	const item: INodeExecutionData = {
		json: { error: text, ...(typeof uuid === 'string' && { uuid }) },
		pairedItem: { item: itemIndex },
	};
	if (context.getNode().onError === 'continueErrorOutput') {
		// n8n sends an item to the error output by this property, but then drops the rest of the item's data wherever it
		// still finds the property afterwards. The copy it makes in between leaves out what is not enumerable.
		Object.defineProperty(item, 'error', { value: failure, enumerable: false });
	}
	return item;
}
