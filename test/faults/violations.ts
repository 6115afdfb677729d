import type { Ledger, PaidJob } from './ledger';
import type { Seen, SeenItem } from './seen';

export const KINDS = ['paid twice', 'lost', 'incomplete', 'key leak', 'other'] as const;

export interface Violation {
	kind: (typeof KINDS)[number];
	text: string;
}

/** How the execution was run. */
export interface Conditions {
	items: number;
	/** The first item with the same request, for each item. Only items with the same idempotency key share one. */
	requestOf?: number[];
	onError: 'stopWorkflow' | 'continueRegularOutput' | 'continueErrorOutput';
	/** The executions so far, with their retries. */
	executions?: number;
	/** Retries in the executions list with On Error at Stop. Each makes a failed video again once. */
	retriesByUser?: number;
	/** Make Again When Failed, for each execution. */
	makeAgain?: number;
	/** On Unclear Submission is Send Again: once for each execution. */
	sendsAgain?: boolean;
	/** The user stopped the execution. */
	stopped: boolean;
	/** The network lost answers that the API had sent, or Stop did. */
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

/**
 * The videos that have to come out once the faults are gone and the user has done what the message says: the last one of
 * each item, if it exists and the API's answer with its ID arrived. `runs` are all executions.
 */
export function videosDue(
	conditions: Conditions,
	ledger: Ledger,
	runs: readonly Seen[],
): PaidJob[] {
	const last = ledger.jobs.filter((job) => isLastOfItem(job, ledger));
	return last.filter(
		(job) =>
			!job.hasFailed &&
			job.answeredUuid === job.uuid &&
			!runs.some((seen) => isExplained(conditions, job, seen)),
	);
}

/** The videos that have to come out, but are no items of any execution. */
export function incomplete(
	conditions: Conditions,
	ledger: Ledger,
	runs: readonly Seen[],
	withFile: boolean,
): Violation[] {
	const isVideo = ({ uuid, error, status, hasFile }: SeenItem, job: PaidJob) =>
		uuid === job.uuid && !error && !(withFile && status === 'completed' && !hasFile);
	const items = runs.filter(({ error }) => !error).flatMap(({ outputs }) => outputs.flat());
	return videosDue(conditions, ledger, runs)
		.filter((job) => !items.some((item) => isVideo(item, job)))
		.map(({ itemIndex, uuid }) => ({
			kind: 'incomplete',
			text: `Item ${itemIndex}: ${uuid} exists, but did not come out`,
		}));
}

const isLastOfItem = (job: PaidJob, { jobs }: Ledger) =>
	jobs.findLast(({ itemIndex }) => itemIndex === job.itemIndex) === job;

/** An item is paid again only for a failed video or an unclear request, and only as often as the user chose. */
function paidTwice(conditions: Conditions, { jobs }: Ledger): Violation[] {
	const { executions = 1, retriesByUser = 0, makeAgain = 0, sendsAgain = false } = conditions;
	const again = jobs.filter((job, index) => {
		const before = jobs.slice(0, index).filter(({ itemIndex }) => itemIndex === job.itemIndex);
		const replaced = before.at(-1);
		if (!replaced) return false;
		const isKnown = ({ answeredUuid }: PaidJob) => answeredUuid !== undefined;
		const failed = before.filter((one) => one.hasFailed && isKnown(one)).length;
		const mayMakeAgain = failed <= retriesByUser + makeAgain * executions;
		if (replaced.hasFailed && isKnown(replaced) && mayMakeAgain) return false;
		const isUnclear = !isKnown(replaced) || conditions.answersLost;
		// Each item of an idempotency key has one more submission.
		const items = conditions.requestOf?.filter((first) => first === job.itemIndex).length ?? 1;
		return !sendsAgain || !isUnclear || before.length - failed > executions * items;
	});
	return again.map(({ itemIndex, uuid }) => ({
		kind: 'paid twice',
		text: `Item ${itemIndex} was paid again, as ${uuid}`,
	}));
}

/** Jobs whose ID the user does not see and that are not reported as unclear. */
function lost(conditions: Conditions, ledger: Ledger, seen: Seen): Violation[] {
	return ledger.jobs
		.filter((job) => {
			const { answeredUuid, hasFailed } = job;
			const isUnknown = answeredUuid === undefined || conditions.answersLost;
			// The rule about paying twice says whether it may be replaced.
			if (!isLastOfItem(job, ledger) && (hasFailed || isUnknown)) return false;
			if (answeredUuid !== undefined && seen.texts.some((text) => text.includes(answeredUuid)))
				return false;
			return !isExplained(conditions, job, seen);
		})
		.map(({ itemIndex, uuid }) => ({
			kind: 'lost',
			text: `Item ${itemIndex}: ${uuid} was accepted, but the user sees neither its ID nor that it is unclear`,
		}));
}

/** The user sees that it is unclear whether the job was accepted, and it is. */
function isExplained(conditions: Conditions, job: PaidJob, { unclear, late }: Seen): boolean {
	const { stopped, answersLost } = conditions;
	const isOfJob = (itemIndex: number) => requestOf(conditions, itemIndex) === job.itemIndex;
	// A complete answer must have been read, unless one of these conditions prevented it.
	const mayBeUnclear =
		job.answeredUuid === undefined || stopped || answersLost || late.some(isOfJob);
	return mayBeUnclear && unclear.some(isOfJob);
}

const requestOf = ({ requestOf: first }: Conditions, itemIndex: number) =>
	first?.[itemIndex] ?? itemIndex;

/** There must be one output item per input item, in order and paired, and none with another item's video. */
function wrongItems(conditions: Conditions, { jobs }: Ledger, seen: Seen): Violation[] {
	const { items, onError, stopped } = conditions;
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
				!jobs.some(
					(job) =>
						job.itemIndex === requestOf(conditions, itemIndex ?? -1) && job.answeredUuid === uuid,
				),
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
