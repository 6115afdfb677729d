import type { INodeExecutionData } from 'n8n-workflow';
import type { Backoff } from '../api/backoff';
import type { VeoClient, VideoStatus } from '../api/client';
import type { JsonObject } from '../api/json';
import { isKeyRefused } from '../api/policy';
import { isFinal } from '../api/videoStatus';
import { requestFailed, statusFailed } from '../errors/messages';
import { RequestError, settle } from '../errors/outcome';

/** One way to watch jobs. */
export interface Watch {
	/** Checks at activation that there is something to watch, and records since when. */
	open(): Promise<void>;
	/** Checks all jobs once and emits those that became final. Starts no check after `untilMs`. */
	round(untilMs: number): Promise<void>;
	/** The latest finished job, for a test event. Changes nothing. */
	sample(): Promise<JsonObject | undefined>;
}

export interface TriggerOptions {
	events: string[];
	keepChecking: boolean;
	intervalMs: number;
	giveUpAfterMs: number;
}

/** How status checks are made. */
export interface Checks {
	client: VeoClient;
	backoff: Backoff;
	log: (message: string) => void;
}

/** A job as an item, with its file if the user wants it. */
export type ToItem = (job: JsonObject, video?: VideoStatus) => Promise<INodeExecutionData>;

/** Whether the trigger emits a job that ended with `status`. A job that was given up counts as failed. */
export function isWanted(status: unknown, events: string[]): boolean {
	return events.includes(status === 'completed' ? 'completed' : 'failed');
}

/**
 * The first of the jobs that ended in a wanted way, for a test event. Throws `VeoError` if the key is refused, or if none
 * of the jobs could be checked.
 */
export async function firstFinished(
	uuids: string[],
	client: VeoClient,
	events: string[],
): Promise<VideoStatus | undefined> {
	const answers: Array<VideoStatus | RequestError> = [];
	for (const uuid of uuids) {
		const answer = await settle(client.status(uuid));
		if (!(answer instanceof RequestError)) {
			if (isFinal(answer.status) && isWanted(answer.status, events)) return answer;
		} else if (isKeyRefused(answer.outcome)) {
			throw requestFailed(answer.outcome);
		}
		answers.push(answer);
	}
	const [first] = answers;
	if (first instanceof RequestError && answers.every((one) => one instanceof RequestError)) {
		throw statusFailed(String(uuids[0]), first.outcome);
	}
	return undefined;
}
