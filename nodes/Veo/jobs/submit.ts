import type { AcceptedJob, VeoClient } from '../api/client';
import type { GenerateRequest } from '../api/parameters';
import { mayBeAccepted, PaidPermit } from '../api/policy';
import { type RetryRules, submitWithRetries } from '../api/retry';
import { countCharacters } from '../api/validation';
import {
	notInTable,
	notSubmitted,
	submissionInterrupted,
	submissionRefused,
	submissionUnclear,
} from '../errors/messages';
import { type Outcome, RequestError, settle } from '../errors/outcome';
import { VeoError } from '../errors/VeoError';
import { toJson } from '../jobTable/jobTable';
import type { JobTracker } from '../jobTable/tracker';
import type { Submissions } from './submissions';
import type { VideoLimit } from './videoLimit';

/** One item's checked request. */
export interface PaidItem {
	itemIndex: number;
	/** The same for the same request in every try. */
	requestHash: string;
	/** Returns the request, after uploading its image if it has one. Called only if there is something to submit. */
	prepare: () => Promise<GenerateRequest>;
}

export interface SubmitRules {
	client: VeoClient;
	submissions: Submissions;
	videoLimit: VideoLimit;
	/** Set if jobs are recorded in the job table. */
	tracker?: JobTracker;
	retry: RetryRules;
	/** The user's Stop, the only signal that aborts a paid request. */
	stop?: AbortSignal;
}

/**
 * Returns the item's job: the one that an earlier try submitted, or a new one (API reference, "Generate a video"). Throws
 * `VeoError` if it was not accepted, if that is unclear, or if it could not be recorded first. Throws `StoppedError`.
 */
export async function submitOnce(item: PaidItem, rules: SubmitRules): Promise<AcceptedJob> {
	const earlier = await findEarlierJob(item, rules);
	if (earlier) return earlier;
	return await rules.videoLimit.counted(item.itemIndex, async () => await submitNew(item, rules));
}

async function submitNew(item: PaidItem, rules: SubmitRules): Promise<AcceptedJob> {
	const { tracker } = rules;
	const request = await item.prepare();
	await tracker?.submitting(item, request);
	const answer = await submit(item, request, rules);
	if (answer instanceof RequestError) {
		throw await recordNotAccepted(item, request, answer.outcome, rules);
	}

	const isRecorded = (await tracker?.accepted(item, answer)) ?? true;
	return isRecorded ? answer : { ...answer, jobTableHint: notInTable(answer.uuid) };
}

/** The item's job from an earlier try, or from another execution if it is to be reused. */
async function findEarlierJob(
	item: PaidItem,
	{ submissions, tracker }: SubmitRules,
): Promise<AcceptedJob | undefined> {
	const { itemIndex, requestHash } = item;
	const earlier = submissions.find(itemIndex, requestHash);
	if (earlier?.state === 'accepted') {
		// The earlier try may have ended before it wrote the row.
		if (tracker?.earlier(item)?.uuid === undefined) await tracker?.accepted(item, earlier.job);
		return earlier.job;
	}
	if (earlier?.state === 'unclear') {
		throw new VeoError(earlier.message, earlier.description, { isUnclear: true });
	}
	if (earlier?.state === 'submitting') throw submissionInterrupted();

	const row = tracker?.earlier(item);
	if (row?.status === 'submitting') throw submissionInterrupted();
	const known = row?.uuid === undefined ? await tracker?.finishedBefore(item) : row;
	return known && { createdAt: known.submittedAt, ...toJson(known), uuid: String(known.uuid) };
}

async function submit(
	item: PaidItem,
	request: GenerateRequest,
	{ client, submissions, tracker, retry, stop }: SubmitRules,
): Promise<AcceptedJob | RequestError> {
	const { itemIndex, requestHash } = item;
	const send = async (permit: PaidPermit) => {
		// Recorded before it is sent, so that an interrupted request is not taken for one that was never sent.
		submissions.set(itemIndex, requestHash, { state: 'submitting' });
		const answer = await settle(client.generate(request, permit, stop));
		if (!(answer instanceof RequestError)) {
			submissions.set(itemIndex, requestHash, { state: 'accepted', job: answer });
			return answer;
		}
		if (!mayBeAccepted(answer.outcome)) submissions.delete(itemIndex, requestHash);
		throw answer;
	};
	return await settle(submitWithRetries(PaidPermit.first(), send, retry)).catch(
		async (thrown: unknown) => {
			// Stopped while no request was being sent. The row must not keep a retry from submitting.
			if (!submissions.find(itemIndex, requestHash)) {
				await tracker?.notAccepted(item, notSubmitted(), false);
			}
			throw thrown;
		},
	);
}

async function recordNotAccepted(
	item: PaidItem,
	{ prompt }: GenerateRequest,
	outcome: Outcome,
	{ submissions, tracker }: SubmitRules,
): Promise<VeoError> {
	const isUnclear = mayBeAccepted(outcome);
	const error = isUnclear
		? submissionUnclear(outcome)
		: submissionRefused(outcome, countCharacters(prompt));
	const { message, description } = error;
	if (isUnclear) {
		const unclear = { state: 'unclear', message, description } as const;
		submissions.set(item.itemIndex, item.requestHash, unclear);
	}
	await tracker?.notAccepted(item, message, isUnclear);
	return error;
}
