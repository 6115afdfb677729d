import type { Transport } from '../api/transport';
import type { VeoClient, VideoStatus } from '../api/client';
import type { JsonObject } from '../api/json';
import { isKeyRefused, mayPass, scopeOf } from '../api/policy';
import { isUuid } from '../api/validation';
import { isComplete, isFinal } from '../api/videoStatus';
import { notChecked, requestFailed, statusFailed } from '../errors/messages';
import { type Outcome, RequestError, settle } from '../errors/outcome';
import type { CheckQueue } from '../jobs/checkQueue';
import type { Experience } from '../jobs/experience';
import type { Reporter } from './reporter';
import type { TriggerContext } from './context';
import { type Delivery, eventOf } from './deliveries';
import type { TriggerSettings } from './settings';

/** What all parts of one active trigger share. */
export interface Active {
	context: TriggerContext;
	settings: TriggerSettings;
	queue: CheckQueue;
	experience: Experience;
	reporter: Reporter;
	/** n8n's own API, with the credential as it is now. */
	n8nApi: Transport;
	signal: AbortSignal;
	/** When the trigger was published, or n8n started. */
	sinceMs: number;
	/** Called when the API refuses the key. */
	onKeyRefused: (outcome: Outcome) => void;
}

/** One way to watch jobs. */
export interface Watch {
	/** Looks for jobs to check and for finished ones, and writes what is known. Throws `RequestError` and `VeoError`. */
	round(): Promise<void>;
}

/** A `completed` video without a usable URL is checked again for so long. */
const MAX_WITHOUT_URL_MS = 10 * 60_000;

/** Whether a finished video is checked again because its URL is missing. `sinceMs` is when that was first seen. */
export const lacksUrl = (video: VideoStatus, sinceMs: number): boolean =>
	isFinal(video.status) && !isComplete(video) && Date.now() - sinceMs < MAX_WITHOUT_URL_MS;

/**
 * A job of a batch that a crash interrupted; undefined while the API does not answer. After that it is delivered with what
 * is known.
 */
export async function recover(
	{ queue, settings, sinceMs, reporter, onKeyRefused }: Active,
	{ uuid, event }: Delivery,
	known: JsonObject = {},
): Promise<JsonObject | undefined> {
	const asKnown = { status: event, ...known, uuid };
	if (!isUuid(uuid)) return asKnown;
	const answer = await queue.checkNow(uuid);
	if (!answer) return undefined;
	if (!(answer instanceof RequestError)) {
		return isFinal(answer.status) ? { ...known, ...answer } : asKnown;
	}
	const { outcome } = answer;
	if (isKeyRefused(outcome)) onKeyRefused(outcome);
	else reporter.log(notChecked([{ uuid, outcome }]));
	const maxMs = scopeOf(outcome) === 'item' ? MAX_WITHOUT_URL_MS : settings.giveUpAfterMs;
	const mayWait = mayPass(outcome) && Date.now() - sinceMs < maxMs;
	return scopeOf(outcome) === 'api' || mayWait ? undefined : asKnown;
}

/** Whether the trigger emits a job that ended with `status`. */
export function isWanted(status: unknown, events: string[]): boolean {
	return events.includes(eventOf(status));
}

/**
 * The first of the jobs that ended in a wanted way, for a test event. Throws `VeoError` if the key is refused, or if none
 * of the jobs could be checked.
 */
export async function firstFinished(
	uuids: string[],
	client: VeoClient,
	events: string[],
	signal?: AbortSignal,
): Promise<VideoStatus | undefined> {
	const answers: Array<VideoStatus | RequestError> = [];
	for (const uuid of uuids) {
		const answer = await settle(client.status(uuid, signal));
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
