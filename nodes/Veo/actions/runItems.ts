import {
	type IExecuteFunctions,
	type INodeExecutionData,
	NodeApiError,
	NodeOperationError,
} from 'n8n-workflow';
import {
	acceptedBefore,
	otherVideosAccepted,
	otherVideosUnclear,
	type Situation,
} from '../errors/messages';
import { type NodeError, textOf, toNodeError } from '../errors/nodeErrors';
import { keepVideo } from '../errors/outcome';
import { StoppedError, VeoError } from '../errors/VeoError';
import { inPool } from '../jobs/pool';
import type { Submissions } from '../jobs/submissions';
import { isAgentTool } from '../shared/node';
import { openSubmissions } from './access';
import { addUuids } from './highlightedData';
import type { RunSignals } from './runSignals';
import { situationOf } from './situation';

export interface ItemWork<T> {
	/** Checks one item without sending anything. All items are checked before the first one is worked on. */
	check: (itemIndex: number) => Promise<T>;
	/** Checks all items together, before the first one is worked on. */
	checkAll?: (checked: T[]) => void;
	/** The `uuid` of the item's video, if the API has accepted one. */
	uuidOf?: (checked: T) => string | undefined;
	work: (itemIndex: number, checked: T) => Promise<Pick<INodeExecutionData, 'json' | 'binary'>>;
	/** How many items are worked on at the same time. */
	limit: number;
	/** The paid requests of the run, if it has any. */
	submissions?: Submissions;
}

type Checked<T> = { itemIndex: number } & ({ value: T } | { output: INodeExecutionData });

/**
 * Works on all input items and returns one output item for each, in their order. An item that fails ends the run, unless
 * the node continues on failures. Throws n8n's node errors only.
 */
export async function runItems<T>(
	context: IExecuteFunctions,
	signals: RunSignals,
	{ check, checkAll, uuidOf, work, limit, submissions }: ItemWork<T>,
): Promise<INodeExecutionData[]> {
	let hasFailed = false;

	const fail = (thrown: unknown, itemIndex: number): INodeExecutionData => {
		hasFailed = true;
		const uuid = thrown instanceof VeoError ? thrown.details.uuid : undefined;
		if (uuid) addUuids(context, [uuid]);
		if (context.continueOnFail() && !(thrown instanceof StoppedError)) {
			return failedItem(context, thrown, itemIndex);
		}
		signals.endRun();
		throw toItemError(context, thrown, itemIndex);
	};

	const checkItem = async (itemIndex: number): Promise<Checked<T>> =>
		await check(itemIndex).then(
			(value) => ({ itemIndex, value }),
			(thrown: unknown) => {
				// Item 0 of an agent's tool stands for all its calls.
				const isKnown = submissions && !isAgentTool(context.getNode());
				const all = isKnown ? withSubmission(thrown, submissions, itemIndex) : thrown;
				return { itemIndex, output: fail(all, itemIndex) };
			},
		);
	const workOnItem = async (checked: Checked<T>): Promise<INodeExecutionData> => {
		if ('output' in checked) return checked.output;
		const { itemIndex, value } = checked;
		return await work(itemIndex, value).then(
			(result) => ({ ...result, pairedItem: { item: itemIndex } }),
			(thrown: unknown) => {
				const uuid = uuidOf?.(value);
				return fail(uuid === undefined ? thrown : keepVideo(thrown, { uuid }), itemIndex);
			},
		);
	};

	const addAccepted = () =>
		addUuids(context, submissions?.accepted().map(({ uuid }) => uuid) ?? []);
	// Added when the signal fires, because n8n saves a stopped execution before the node ends.
	signals.stop?.addEventListener('abort', addAccepted);

	const itemIndexes = context.getInputData().map((_, itemIndex) => itemIndex);
	const outputs = await inPool(itemIndexes, 1, checkItem)
		.then(async (checked) => {
			checkAll?.(checked.flatMap((one) => ('value' in one ? [one.value] : [])));
			return await inPool(checked, limit, workOnItem);
		})
		.catch((thrown: NodeError | VeoError) => {
			addAccepted();
			if (submissions && !(thrown instanceof VeoError)) {
				describeOthers(thrown, submissions, situationOf(context));
			}
			throw thrown;
		})
		.finally(() => {
			signals.stop?.removeEventListener('abort', addAccepted);
			signals.endRun();
		});

	// n8n does not run a node again that succeeded. It may do so if the first item failed.
	if (!hasFailed) submissions?.deleteFound();
	return outputs;
}

/** Adds to the error of one item which other items were paid for, or may have been. */
function describeOthers(error: NodeError, submissions: Submissions, situation: Situation): void {
	const accepted = submissions
		.accepted()
		.filter(({ uuid }) => uuid !== error.context.uuid)
		.map(({ itemIndex, uuid }) => `${uuid} [item ${itemIndex}]`);
	const unclear = submissions
		.unclear()
		.filter(({ itemIndex }) => itemIndex !== error.context.itemIndex)
		.map(({ itemIndex, message }) => `${message} [item ${itemIndex}].`);
	const texts = [
		error.description,
		accepted.length > 0 && otherVideosAccepted(accepted, situation),
		unclear.length > 0 && otherVideosUnclear(unclear),
	];
	error.description = texts.filter(Boolean).join(' ');
}

/**
 * The result of a run that could not start: without it, n8n would pass on the input items as if they had succeeded where
 * the node continues on failures. Throws n8n's node errors only.
 */
export function failAll(context: IExecuteFunctions, thrown: unknown): INodeExecutionData[] {
	if (thrown instanceof NodeApiError || thrown instanceof NodeOperationError) throw thrown;
	// An earlier try may have submitted videos.
	const submissions = openSubmissions(context);
	if (!context.continueOnFail() || context.getExecutionCancelSignal()?.aborted) {
		const error = toItemError(context, thrown, 0);
		describeOthers(error, submissions, situationOf(context));
		throw error;
	}
	return context
		.getInputData()
		.map((_, itemIndex) =>
			failedItem(context, withSubmission(thrown, submissions, itemIndex), itemIndex),
		);
}

/** Adds what an earlier try has submitted for the item. */
function withSubmission(thrown: unknown, submissions: Submissions, itemIndex: number): unknown {
	if (thrown instanceof StoppedError) return thrown;
	const isOfItem = (one: { itemIndex: number }) => one.itemIndex === itemIndex;
	const details = thrown instanceof VeoError ? thrown.details : {};
	const unclear = submissions.unclear().find(isOfItem);
	if (unclear) {
		return new VeoError(unclear.message, textOf(thrown), { ...details, isUnclear: true });
	}
	const uuid = submissions.accepted().find(isOfItem)?.uuid;
	if (uuid === undefined) return thrown;
	if (!(thrown instanceof VeoError)) return keepVideo(thrown, { uuid });
	const description = `${thrown.description} ${acceptedBefore(uuid)}`;
	return new VeoError(thrown.message, description, { ...details, uuid });
}

function toItemError(context: IExecuteFunctions, thrown: unknown, itemIndex: number): NodeError {
	const node = context.getNode();
	return toNodeError(node, thrown, {
		itemIndex,
		isOnlyItem: hasOnlyItem(context),
		// n8n gives an agent the message only.
		messageOnly: isAgentTool(node) || undefined,
	});
}

const hasOnlyItem = (context: IExecuteFunctions) => context.getInputData().length === 1;

function failedItem(
	context: IExecuteFunctions,
	thrown: unknown,
	itemIndex: number,
): INodeExecutionData {
	const { uuid, videoUrl } = thrown instanceof VeoError ? thrown.details : {};
	const item: INodeExecutionData = {
		json: {
			error: textOf(thrown, hasOnlyItem(context) ? undefined : itemIndex),
			...(uuid !== undefined && { uuid }),
			...(videoUrl !== undefined && { videoUrl }),
		},
		pairedItem: { item: itemIndex },
	};
	if (context.getNode().onError === 'continueErrorOutput') {
		// n8n routes an item to the error output by this property, but later drops the item's other data if it finds the
		// property again. n8n's copy in between leaves out what is not enumerable.
		const value = toItemError(context, thrown, itemIndex);
		Object.defineProperty(item, 'error', { value, enumerable: false });
	}
	return item;
}
