import { textOf, toNodeError } from '../errors/nodeErrors';
import type { TriggerContext } from './context';

const FIRST_PAUSE_MS = 60 * 60_000;
const MAX_PAUSE_MS = 24 * 60 * 60_000;
/** The same line is not logged more often. */
const LOG_PAUSE_MS = 5 * 60_000;

/**
 * Reports to users of an active trigger what went wrong. What they have to correct becomes a failed execution: once when
 * it begins, then rarely, so that an error workflow is not run each minute. Outages that may pass go to n8n's log.
 */
export class Reporter {
	/** Rows are written once a minute at most, so after a write that failed, a round without one is not a good one. */
	isWritable = true;
	/** By text. */
	private readonly problems = new Map<string, { againAtMs: number; pauseMs: number }>();
	private readonly loggedMs = new Map<string, number>();

	constructor(private readonly context: TriggerContext) {}

	/** Something that the user has to correct. */
	report(thrown: unknown): void {
		const text = textOf(thrown);
		const now = Date.now();
		const before = this.problems.get(text);
		if (before && now < before.againAtMs) return;
		const pauseMs = before ? Math.min(before.pauseMs * 2, MAX_PAUSE_MS) : FIRST_PAUSE_MS;
		this.problems.set(text, { againAtMs: now + pauseMs, pauseMs });

		const { context } = this;
		const error = toNodeError(context.getNode(), thrown, { messageOnly: true });
		if (context.saveFailedExecution) context.saveFailedExecution(error);
		else context.logger.error(this.lineOf(error.message));
	}

	/** The last round succeeded. */
	clear(): void {
		if (this.isWritable) this.problems.clear();
	}

	log(message: string): void {
		const now = Date.now();
		for (const [known, ms] of this.loggedMs) {
			if (now - ms >= LOG_PAUSE_MS) this.loggedMs.delete(known);
		}
		if (this.loggedMs.has(message)) return;
		this.loggedMs.set(message, now);
		this.context.logger.warn(this.lineOf(message));
	}

	private lineOf(message: string): string {
		return `Veo Trigger "${this.context.getNode().name}": ${message}`;
	}
}
