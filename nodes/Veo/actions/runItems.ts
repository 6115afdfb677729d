import {
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
	NodeApiError,
	NodeOperationError,
} from 'n8n-workflow';
import type { UploadedImage } from '../api/client';
import { VeoFailure } from '../errors/VeoError';
import { othersAccepted, othersUnclear } from '../errors/messages';
import type { JsonObject } from '../errors/outcome';
import { Stopped } from '../api/transport';
import { inPool } from '../jobs/pool';
import type { Submissions } from '../jobs/submissions';
import { type NodeFailure, nodeFailure } from '../errors/nodeErrors';
import { noteUuids } from './highlightedData';
import { isAgentTool, type Session } from './session';

/** An item that was looked at: with what it asks for, or with what comes out for it already. */
type Checked<T> = { itemIndex: number } & ({ value: T } | { output: INodeExecutionData });

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

	const checkOne = async (itemIndex: number): Promise<Checked<T>> =>
		await check(session, itemIndex).then(
			(value) => ({ itemIndex, value }),
			(thrown: unknown) => ({ itemIndex, output: fail(thrown, itemIndex) }),
		);
	const workOne = async (checked: Checked<T>): Promise<INodeExecutionData> => {
		if ('output' in checked) return checked.output;
		const { itemIndex, value } = checked;
		return await work(itemIndex, value).then(
			(result) => ({ ...result, pairedItem: { item: itemIndex } }),
			(thrown: unknown) => fail(thrown, itemIndex),
		);
	};

	// At once, while the execution that is being stopped has yet to be saved.
	const noteAccepted = () =>
		noteUuids(
			context,
			submissions.accepted().map(({ uuid }) => uuid),
		);
	session.stop?.addEventListener('abort', noteAccepted);

	const items = context.getInputData().map((_, itemIndex) => itemIndex);
	const outputs = await inPool(items, 1, checkOne)
		.then(async (checked) => await inPool(checked, limit, workOne))
		.catch((thrown: NodeFailure) => {
			// The videos of other items are paid for all the same: nobody must have to search for them.
			noteAccepted();
			tellOfOthers(thrown, submissions);
			throw thrown;
		})
		.finally(() => session.stop?.removeEventListener('abort', noteAccepted));

	// A node that succeeded is not run again. One with failed items may be, for n8n retries those too.
	if (!failed) submissions.forgetAsked();
	return outputs;
}

/** An answer of the API as n8n's type for it: both are what JSON can hold. */
export const asJson = (data: JsonObject | UploadedImage) => data as IDataObject;

/** What the message of one item leaves out: which other items were paid for, or may have been. */
function tellOfOthers(failure: NodeFailure, submissions: Submissions): void {
	const accepted = submissions
		.accepted()
		.filter(({ uuid }) => uuid !== failure.context.uuid)
		.map(({ itemIndex, uuid }) => `${uuid} [item ${itemIndex}]`);
	const unclear = submissions
		.unclear()
		.filter(({ itemIndex }) => itemIndex !== failure.context.itemIndex)
		.map(({ itemIndex, what }) => `${what} [item ${itemIndex}].`);
	const texts = [
		failure.description,
		accepted.length > 0 && othersAccepted(accepted),
		unclear.length > 0 && othersUnclear(unclear),
	];
	failure.description = texts.filter(Boolean).join(' ');
}

/**
 * What comes out where the run cannot even begin. n8n itself would give the input items, as if they had succeeded, to a
 * user who chose to continue. Throws the two n8n node errors.
 */
export function failAll(context: IExecuteFunctions, thrown: unknown): INodeExecutionData[] {
	if (!context.continueOnFail() || thrown instanceof Stopped) {
		throw toNodeFailure(context, thrown, 0);
	}
	return context.getInputData().map((_, itemIndex) => {
		return failedItem(context, toNodeFailure(context, thrown, itemIndex), thrown, itemIndex);
	});
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
	const { uuid, httpStatus, code, lastStatus } = facts;
	const headline = `${what} [item ${itemIndex}]`;
	// Whoever has a paid job finds all that is needed in the message itself, wherever it ends up. And an agent, which n8n
	// gives a node type of its own, is told nothing but the message.
	const tellsAll = uuid !== undefined || isAgentTool(node);
	const message = tellsAll ? `${headline}. ${next}` : headline;
	const description = tellsAll ? undefined : next;
	const failure = nodeFailure(node, thrown, message, { description, itemIndex });
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
