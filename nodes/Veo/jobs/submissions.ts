import type { AcceptedJob } from '../api/client';

/** What is remembered of one item's paid request. */
export type Submission =
	| { state: 'submitting' }
	| { state: 'unclear'; what: string; next: string }
	| { state: 'accepted'; job: AcceptedJob };

/**
 * What one run of the node has submitted already, kept in a plain object that n8n stores with the execution. n8n's two
 * kinds of retry run the whole node again with that same object, so that a try finds what the tries before it did. The
 * run index tells the turns of a loop apart, the hash an item whose input changed and the calls of an agent's tool.
 */
export class Submissions {
	/** What this try has asked about. */
	private readonly asked = new Set<string>();

	constructor(
		private readonly store: Record<string, unknown>,
		private readonly runIndex: number,
	) {}

	find(itemIndex: number, requestHash: string): Submission | undefined {
		const key = keyOf(itemIndex, requestHash);
		this.asked.add(key);
		return this.ofRun[key];
	}

	remember(itemIndex: number, requestHash: string, submission: Submission): void {
		this.ofRun[keyOf(itemIndex, requestHash)] = submission;
	}

	forget(itemIndex: number, requestHash: string): void {
		delete this.ofRun[keyOf(itemIndex, requestHash)];
	}

	/** Of this try alone: another call of an agent's tool may have to be taken up again. */
	forgetAsked(): void {
		for (const key of this.asked) delete this.ofRun[key];
	}

	/** The jobs of this run that the API accepted, by item. */
	accepted(): Array<{ itemIndex: number; uuid: string }> {
		return this.byItem().flatMap(([itemIndex, submission]) =>
			submission.state === 'accepted' ? [{ itemIndex, uuid: submission.job.uuid }] : [],
		);
	}

	/** The items of this run that the API may have accepted, and why that is not known. */
	unclear(): Array<{ itemIndex: number; what: string }> {
		return this.byItem().flatMap(([itemIndex, submission]) =>
			submission.state === 'unclear' ? [{ itemIndex, what: submission.what }] : [],
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
