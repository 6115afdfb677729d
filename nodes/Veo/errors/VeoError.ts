/** What is known of a job when something went wrong with it or around it. */
export interface FailureFacts {
	httpStatus?: number;
	/** The envelope's `code`. */
	code?: number;
	/** Of an accepted job: it appears in every outcome from then on. */
	uuid?: string;
	/** The job's last known status. */
	lastStatus?: string;
	/** For the curious: the API's or the network's own words. */
	details?: string;
	/** Whether the user's input is at fault, rather than the API or the way to it. */
	input?: boolean;
	/** Whether the paid request may have been accepted without our knowing the `uuid`. */
	unclear?: boolean;
}

/** Something that a user has to hear of: what happened, and how to go on. `messages.ts` holds the words. */
export class VeoFailure extends Error {
	constructor(
		/** A clause without a full stop at its end. */
		readonly what: string,
		/** One or more whole sentences. */
		readonly next: string,
		readonly facts: FailureFacts = {},
	) {
		super(`${what}. ${next}`);
	}
}
