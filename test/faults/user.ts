import type { Ledger } from './ledger';
import type { Scenario } from './scenario';
import type { Seen } from './seen';

/** How the user retries a failed execution, in the words of its message. */
export interface Way {
	/** The workflow as it is, or On Error set to Continue and the currently saved workflow. */
	how: 'plain' | 'continue';
	/** The user raises Max Wait Time. */
	waitsLonger: boolean;
}

const CONTINUE = "set 'On Error' in the node's settings to 'Continue', save";
const RETRY = "use 'Retry with currently saved workflow";
const CONTINUE_OF_SUB_WORKFLOW = "set 'On Error' in the node's settings to 'Continue'";
const WAIT_LONGER = "raise 'Max Wait Time'";

/**
 * The user wants the videos that are paid for. Where an item would fail again, only a way that the message names brings
 * out the others.
 */
export function followMessage(text: string, scenario: Scenario, failsAgain: boolean): Way {
	const isOffered = scenario.isSubWorkflow
		? text.includes(CONTINUE_OF_SUB_WORKFLOW)
		: text.includes(CONTINUE) && text.includes(RETRY);
	const isWanted = failsAgain || scenario.uiRetry?.prefersContinue === true;
	return {
		how: isOffered && isWanted ? 'continue' : 'plain',
		waitsLonger: text.includes(WAIT_LONGER),
	};
}

/** Whether a retry of the workflow as it is ends at some item again. */
export function wouldFailAgain(
	scenario: Scenario,
	ledger: Ledger,
	{ unclear }: Seen,
	credits: number,
): boolean {
	const { prompts, failures, refused, operation, isSubWorkflow } = scenario;
	let missing = 0;
	for (const [itemIndex, prompt] of prompts.entries()) {
		const first = prompts.indexOf(prompt);
		const jobs = ledger.jobs.filter((job) => job.itemIndex === first);
		const hasVideo = jobs.some(({ hasFailed }) => !hasFailed);
		const isUnclear = unclear.some((index) => prompts[index] === prompt);
		// Where the user chose Send Again, that was tried already.
		if (isUnclear) return true;
		if (hasVideo) continue;
		if (refused.some((index) => prompts[index] === prompt)) return true;
		const failing = failures[first] ?? 0;
		if (operation === 'generateAndWait' && jobs.length < failing) return true;
		// A new execution makes no failed video again.
		if (isSubWorkflow && jobs.length > 0) return true;
		if (itemIndex === first) missing++;
	}
	return missing * 2 > credits;
}
