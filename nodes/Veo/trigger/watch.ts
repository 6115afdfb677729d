import type { INodeExecutionData, IPollFunctions } from 'n8n-workflow';
import { orFailed, RequestFailed, type VeoClient, type VideoStatus } from '../api/client';
import { keyRefused, statusFailed } from '../errors/messages';
import type { JsonObject } from '../errors/outcome';
import type { Pace } from '../api/backoff';
import { POLICY } from '../api/policy';
import { isFinal } from '../api/videoStatus';

export interface TriggerOptions {
	events: string[];
	keepChecking: boolean;
	intervalMs: number;
	giveUpAfterMs: number;
}

/** One way of watching jobs. */
export interface Watch {
	/** For the activation: looks whether there is something to watch, and notes from when on it is watched. */
	open(): Promise<void>;
	/** Looks once, and gives what became final to n8n. No check is begun after `untilMs`. */
	round(untilMs: number): Promise<void>;
	/** The latest finished job, for the editor; changes nothing. */
	sample(): Promise<JsonObject | undefined>;
}

export interface WatchContext {
	context: IPollFunctions;
	client: VeoClient;
	/** Of the checks. */
	pace: Pace;
	options: TriggerOptions;
	/** Milliseconds since the epoch. */
	activeSinceMs: number;
	log: (message: string) => void;
	/** The job as an item, with its file where the user wants it. */
	toItem: (job: JsonObject, video?: VideoStatus) => Promise<INodeExecutionData>;
}

/** Whether a job that ended with `status` is one that the user wants to hear of. A job given up counts as failed. */
export function isWanted(status: unknown, events: string[]): boolean {
	return events.includes(status === 'completed' ? 'completed' : 'failed');
}

/**
 * Asks the API for the first of these jobs that has ended in a wanted way, for a test event. Throws `VeoFailure` where it
 * refuses the key, or tells of none of them.
 */
export async function firstFinished(
	uuids: string[],
	{ client, options }: WatchContext,
): Promise<VideoStatus | undefined> {
	const answers: Array<VideoStatus | RequestFailed> = [];
	for (const uuid of uuids) {
		const answer = await orFailed(client.status(uuid));
		if (!(answer instanceof RequestFailed)) {
			if (isFinal(answer.status) && isWanted(answer.status, options.events)) return answer;
		} else if (POLICY[answer.outcome.name].wait === 'final') {
			throw keyRefused(answer.outcome);
		}
		answers.push(answer);
	}
	const [first] = answers;
	if (first instanceof RequestFailed && answers.every((one) => one instanceof RequestFailed)) {
		throw statusFailed(String(uuids[0]), first.outcome);
	}
	return undefined;
}
