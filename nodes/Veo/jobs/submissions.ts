import type { AcceptedJob } from '../api/client';

/** What is known about the paid request of one item. */
export type Submission = (
	| { state: 'submitting' }
	| { state: 'unclear' }
	| { state: 'accepted'; job: AcceptedJob; /** In which it was submitted. */ executionId?: string }
) & {
	/** The message of an unclear request. */
	message?: string;
	/** How often the video was made again in this execution because the API reported it as failed. */
	madeAgain?: number;
	/** The request was sent again, in this execution or in one that it retries, although it may have been accepted. */
	sentAgain?: boolean;
};

/**
 * The paid requests of one run of the node, in a plain object that n8n stores with the execution. Retry On Fail and Retry
 * in the executions list run the whole node again with the same object, so that each try finds the requests of earlier
 * ones. The run index separates the turns of a loop; the hash separates items whose input changed, and the calls of an
 * agent's tool.
 */
export class Submissions {
	/** The keys that this try has looked up. */
	private readonly found = new Set<string>();

	constructor(
		private readonly store: Record<string, unknown>,
		private readonly runIndex: number,
	) {}

	find(itemIndex: number, requestHash: string): Submission | undefined {
		const key = keyOf(itemIndex, requestHash);
		this.found.add(key);
		return this.ofRun[key];
	}

	/** The `uuid` of the item's job, if the API accepted it. */
	uuidOf({
		itemIndex,
		requestHash,
	}: {
		itemIndex: number;
		requestHash: string;
	}): string | undefined {
		const submission = this.find(itemIndex, requestHash);
		return submission?.state === 'accepted' ? submission.job.uuid : undefined;
	}

	set(itemIndex: number, requestHash: string, submission: Submission): void {
		this.ofRun[keyOf(itemIndex, requestHash)] = submission;
	}

	delete(itemIndex: number, requestHash: string): void {
		delete this.ofRun[keyOf(itemIndex, requestHash)];
	}

	/** Deletes the entries of this try only: another call of an agent's tool may still need its own. */
	deleteFound(): void {
		for (const key of this.found) delete this.ofRun[key];
	}

	/** The jobs of this run that the API accepted, by item. */
	accepted(): Array<{ itemIndex: number; uuid: string }> {
		return this.byItem().flatMap(([itemIndex, submission]) =>
			submission.state === 'accepted' ? [{ itemIndex, uuid: submission.job.uuid }] : [],
		);
	}

	/** The items of this run that the API may have accepted, with the message of each. */
	unclear(): Array<{ itemIndex: number; message: string }> {
		return this.byItem().flatMap(([itemIndex, submission]) =>
			submission.state === 'unclear' ? [{ itemIndex, message: submission.message ?? '' }] : [],
		);
	}

	private byItem(): Array<[number, Submission]> {
		return Object.entries(this.ofRun)
			.map(([key, submission]): [number, Submission] => [parseInt(key), submission])
			.sort(([one], [other]) => one - other);
	}

	private get runs() {
		return (this.store.submissions ??= {}) as Record<number, Record<string, Submission>>;
	}

	private get ofRun() {
		return (this.runs[this.runIndex] ??= {});
	}
}

const keyOf = (itemIndex: number, requestHash: string) => `${itemIndex}/${requestHash}`;
