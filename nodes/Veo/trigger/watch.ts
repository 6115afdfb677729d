import type { INodeExecutionData, IPollFunctions } from 'n8n-workflow';
import type { VeoClient, VideoStatus } from '../api/client';
import type { JsonObject } from '../api/outcome';
import type { Pace } from '../api/pace';

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
