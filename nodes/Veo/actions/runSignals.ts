import type { IExecuteFunctions } from 'n8n-workflow';

/** How a run of the node ends. */
export class RunSignals {
	/** Fires when the user stops the execution. */
	readonly stop: AbortSignal | undefined;
	/** Fires on `stop`, when one item ends the run early, and when all items are done. */
	readonly end: AbortSignal;
	private readonly run = new AbortController();

	constructor(context: IExecuteFunctions) {
		this.stop = context.getExecutionCancelSignal();
		this.end = this.stop ? AbortSignal.any([this.stop, this.run.signal]) : this.run.signal;
	}

	endRun(): void {
		this.run.abort();
	}
}
