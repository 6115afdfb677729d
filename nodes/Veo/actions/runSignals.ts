import type { IExecuteFunctions } from 'n8n-workflow';

/** The two ways in which a run of the node ends before its items are done. */
export class RunSignals {
	/** Fires when the user stops the execution. */
	readonly stop: AbortSignal | undefined;
	/** Fires on `stop`, and when the run ends early because of one item. */
	readonly end: AbortSignal;
	private readonly early = new AbortController();

	constructor(context: IExecuteFunctions) {
		this.stop = context.getExecutionCancelSignal();
		this.end = this.stop ? AbortSignal.any([this.stop, this.early.signal]) : this.early.signal;
	}

	endEarly(): void {
		this.early.abort();
	}
}
