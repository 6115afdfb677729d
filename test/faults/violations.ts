import type { Ledger } from './ledger';
import type { Seen } from './seen';

export const KINDS = ['paid twice', 'lost', 'key leak', 'other'] as const;

export interface Violation {
	kind: (typeof KINDS)[number];
	text: string;
}

/** How the execution was run. */
export interface Conditions {
	items: number;
	onError: 'stopWorkflow' | 'continueRegularOutput' | 'continueErrorOutput';
	/** The user retried the execution in the executions list, which makes failed videos again once if On Error is Stop. */
	retriedByUser?: boolean;
	/** The user stopped the execution. */
	stopped: boolean;
	/** The network lost answers that the API had sent. */
	answersLost: boolean;
}

/** Compares what the user sees of an execution with the API's ledger. */
export function findViolations(conditions: Conditions, ledger: Ledger, seen: Seen): Violation[] {
	return [
		...paidTwice(conditions, ledger),
		...lost(conditions, ledger, seen),
		...wrongItems(conditions, ledger, seen),
		...wrongErrors(conditions, seen),
	];
}

function paidTwice({ retriedByUser = false, onError }: Conditions, { jobs }: Ledger): Violation[] {
	const mayMakeAgain = retriedByUser && onError === 'stopWorkflow';
	const again = jobs.filter(({ itemIndex }, index) => {
		const before = jobs.slice(0, index).filter((job) => job.itemIndex === itemIndex);
		const isMadeAgain = mayMakeAgain && before.length === 1 && before[0]?.hasFailed;
		return before.length > 0 && !isMadeAgain;
	});
	return again.map(({ itemIndex, uuid }) => ({
		kind: 'paid twice',
		text: `Item ${itemIndex} was paid again, as ${uuid}`,
	}));
}

/** Jobs whose ID the user does not see and that are not reported as unclear. */
function lost(
	{ stopped, answersLost, retriedByUser = false }: Conditions,
	{ jobs }: Ledger,
	seen: Seen,
): Violation[] {
	return jobs
		.filter(({ itemIndex, answeredUuid, hasFailed }, index) => {
			const isReplaced = jobs.findLastIndex((job) => job.itemIndex === itemIndex) > index;
			if (retriedByUser && hasFailed && isReplaced) return false;
			if (answeredUuid !== undefined && seen.texts.some((text) => text.includes(answeredUuid)))
				return false;
			// A complete answer must have been read, unless one of these conditions prevented it.
			const mayBeUnclear =
				answeredUuid === undefined || stopped || answersLost || seen.late.includes(itemIndex);
			return !(mayBeUnclear && seen.unclear.includes(itemIndex));
		})
		.map(({ itemIndex, uuid }) => ({
			kind: 'lost',
			text: `Item ${itemIndex}: ${uuid} was accepted, but the user sees neither its ID nor that it is unclear`,
		}));
}

/** There must be one output item per input item, in order and paired, and none with another item's video. */
function wrongItems(
	{ items, onError, stopped }: Conditions,
	{ jobs }: Ledger,
	seen: Seen,
): Violation[] {
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
				!jobs.some((job) => job.itemIndex === itemIndex && job.answeredUuid === uuid),
		);
	const videoless = seen.outputs.flat().filter((item) => !item.error && !item.uuid);
	const failed = seen.outputs.flat().filter((item) => item.error);
	const failedOnMain = seen.outputs[0]?.filter((item) => item.error) ?? [];
	return [
		...violationIf(
			!inOrder || !complete,
			`Output items came from ${JSON.stringify(from)} of ${items}`,
		),
		...violationIf(mixedUp.length > 0, `Video of another item: ${JSON.stringify(mixedUp)}`),
		...violationIf(
			videoless.length > 0,
			`Neither a video nor a message: ${JSON.stringify(videoless)}`,
		),
		...violationIf(
			onError === 'stopWorkflow' && failed.length > 0,
			'An item failed, but the node did not',
		),
		...violationIf(
			onError === 'continueErrorOutput' && failedOnMain.length > 0,
			`Failed items not on the error output: ${JSON.stringify(failedOnMain)}`,
		),
	];
}

function wrongErrors({ onError, stopped }: Conditions, { error, outputs }: Seen): Violation[] {
	const allowed = ['NodeApiError', 'NodeOperationError'];
	if (stopped) allowed.push('ManualExecutionCancelledError');
	const hasEnded = !error && !stopped;
	return [
		...violationIf(error !== undefined && !allowed.includes(error.name), `Threw ${error?.name}`),
		...violationIf(
			error !== undefined && onError !== 'stopWorkflow' && !stopped,
			`Threw although On Error is set to continue: ${error?.message}`,
		),
		...violationIf(hasEnded && outputs.length === 0, 'Neither an output nor an error'),
	];
}

const violationIf = (isViolated: boolean, text: string): Violation[] =>
	isViolated ? [{ kind: 'other', text }] : [];
