/** What is known about a job or a request when something went wrong with it. */
export interface VeoErrorDetails {
	httpStatus?: number;
	/** The envelope's `code`. */
	code?: number;
	/** `uuid` of an accepted job. It appears in every outcome of its item. */
	uuid?: string;
	/** URL of the finished video. It appears beside the `uuid`. */
	videoUrl?: string;
	/** The job's last known status. */
	lastStatus?: string;
	/** HTTP status, API code, API message and network code as one line, for n8n's error details. */
	technical?: string;
	/** The cause is the user's input, not the API or the connection to it. */
	isInput?: boolean;
	/** The paid request may have been accepted, but its `uuid` is unknown. */
	isUnclear?: boolean;
}

/**
 * An error with a text for users: `message` says what happened, `description` says how to go on. The texts are in
 * `messages/`.
 */
export class VeoError extends Error {
	/**
	 * @param message a clause without a full stop
	 * @param description one or more sentences
	 */
	constructor(
		message: string,
		readonly description: string,
		readonly details: VeoErrorDetails = {},
	) {
		super(message);
	}

	/** Message and description as one text. */
	get fullText(): string {
		return `${this.message}. ${this.description}`;
	}
}

/** The user stopped the execution, or the run ended early because of another item. */
export class StoppedError extends Error {
	constructor() {
		// n8n recognises a canceled execution by this text.
		super('The execution was canceled');
	}
}
