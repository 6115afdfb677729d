import type { Books } from './ledger';
import type { Seen } from './seen';

export const KINDS = ['paid twice', 'lost', 'key leak', 'other'] as const;

/** A broken promise. */
export interface Violation {
	kind: (typeof KINDS)[number];
	text: string;
}

/** What was asked of the execution. */
export interface Asked {
	items: number;
	onError: 'stopWorkflow' | 'continueRegularOutput' | 'continueErrorOutput';
	/** By the user. */
	stopped: boolean;
	/** The network lost answers that the API had sent. */
	answersLost: boolean;
}

/** Holds what the user sees of an execution against what the API has in its books. */
export function check(asked: Asked, books: Books, seen: Seen): Violation[] {
	return [
		...paidTwice(books),
		...lost(asked, books, seen),
		...wrongItems(asked, books, seen),
		...wrongErrors(asked, seen),
	];
}

function paidTwice({ jobs }: Books): Violation[] {
	const again = jobs.filter(
		({ itemIndex }, index) => jobs.findIndex((job) => job.itemIndex === itemIndex) < index,
	);
	return again.map(({ itemIndex, uuid }) => ({
		kind: 'paid twice',
		text: `Item ${itemIndex} was paid for once more, as ${uuid}`,
	}));
}

/** A job whose ID the user cannot see, and of which nobody says that it is unclear. */
function lost({ stopped, answersLost }: Asked, { jobs }: Books, seen: Seen): Violation[] {
	return jobs
		.filter(({ itemIndex, toldUuid }) => {
			if (toldUuid !== undefined && seen.texts.some((text) => text.includes(toldUuid)))
				return false;
			// An answer that was sent must have been read, unless there was a reason why it could not be.
			const mayBeUnclear =
				toldUuid === undefined || stopped || answersLost || seen.late.includes(itemIndex);
			return !(mayBeUnclear && seen.unclear.includes(itemIndex));
		})
		.map(({ itemIndex, uuid }) => ({
			kind: 'lost',
			text: `Item ${itemIndex}: ${uuid} was accepted, and the user is told neither its ID nor that it is unclear`,
		}));
}

/** One output item for each input item, in order and paired; and none with another item's video. */
function wrongItems({ items, onError, stopped }: Asked, { jobs }: Books, seen: Seen): Violation[] {
	if (stopped || seen.error) return [];
	const from = seen.outputs.map((list) => list.map((item) => item.from ?? -1));
	const inOrder = from.every((list) =>
		list.every((item, i) => i === 0 || item > (list[i - 1] ?? 0)),
	);
	const all = from.flat().sort((a, b) => a - b);
	const complete = all.length === items && all.every((item, i) => item === i);
	const mixedUp = seen.outputs
		.flat()
		.filter(
			({ from: itemIndex, uuid }) =>
				uuid !== undefined &&
				!jobs.some((job) => job.itemIndex === itemIndex && job.toldUuid === uuid),
		);
	const videoless = seen.outputs.flat().filter((item) => !item.error && !item.uuid);
	const failed = seen.outputs.flat().filter((item) => item.error);
	const failedOnMain = seen.outputs[0]?.filter((item) => item.error) ?? [];
	return [
		...broken(!inOrder || !complete, `Output items came from ${JSON.stringify(from)} of ${items}`),
		...broken(mixedUp.length > 0, `Another item's video: ${JSON.stringify(mixedUp)}`),
		...broken(videoless.length > 0, `Neither video nor message: ${JSON.stringify(videoless)}`),
		...broken(onError === 'stopWorkflow' && failed.length > 0, 'An item failed, the node did not'),
		...broken(
			onError === 'continueErrorOutput' && failedOnMain.length > 0,
			`Failed items not on the error output: ${JSON.stringify(failedOnMain)}`,
		),
	];
}

function wrongErrors({ onError, stopped }: Asked, { error, outputs }: Seen): Violation[] {
	const named = ['NodeApiError', 'NodeOperationError'];
	if (stopped) named.push('ManualExecutionCancelledError');
	const went = !error && !stopped;
	return [
		...broken(error !== undefined && !named.includes(error.name), `Threw ${error?.name}`),
		...broken(
			error !== undefined && onError !== 'stopWorkflow' && !stopped,
			`Was to continue, and threw: ${error?.message}`,
		),
		...broken(went && outputs.length === 0, 'Neither output nor error'),
	];
}

const broken = (isBroken: boolean, text: string): Violation[] =>
	isBroken ? [{ kind: 'other', text }] : [];
