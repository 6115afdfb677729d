import type { AcceptedJob } from '../api/client';

/** What is remembered of one item's paid request. */
export type Submission = { requestHash: string } & (
	| { state: 'submitting' }
	| { state: 'unclear'; what: string; next: string }
	| { state: 'accepted'; job: AcceptedJob }
);

/**
 * What one run of the node has submitted already, kept in a plain object that n8n stores with the execution. n8n's two
 * kinds of retry run the whole node again with that same object, so that a try finds what the tries before it did. The
 * run index tells the turns of a loop apart, the hash an item whose input changed.
 */
export class Submissions {
	constructor(
		private readonly store: Record<string, unknown>,
		private readonly runIndex: number,
	) {}

	find(itemIndex: number, requestHash: string): Submission | undefined {
		const found = this.ofRun[itemIndex];
		return found?.requestHash === requestHash ? found : undefined;
	}

	remember(itemIndex: number, submission: Submission): void {
		this.ofRun[itemIndex] = submission;
	}

	forget(itemIndex: number): void {
		delete this.ofRun[itemIndex];
	}

	forgetRun(): void {
		delete this.runs[this.runIndex];
	}

	/** The jobs of this run that the API accepted, by item. */
	accepted(): Array<{ itemIndex: number; uuid: string }> {
		return Object.entries(this.ofRun).flatMap(([itemIndex, submission]) =>
			submission.state === 'accepted'
				? [{ itemIndex: Number(itemIndex), uuid: submission.job.uuid }]
				: [],
		);
	}

	/** The items of this run that the API may have accepted, and why that is not known. */
	unclear(): Array<{ itemIndex: number; what: string }> {
		return Object.entries(this.ofRun).flatMap(([itemIndex, submission]) =>
			submission.state === 'unclear'
				? [{ itemIndex: Number(itemIndex), what: submission.what }]
				: [],
		);
	}

	private get runs() {
		return (this.store.submissions ??= {}) as Record<number, Record<number, Submission>>;
	}

	private get ofRun() {
		return (this.runs[this.runIndex] ??= {});
	}
}
