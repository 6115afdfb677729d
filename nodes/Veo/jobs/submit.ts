import type { AcceptedJob, VeoClient } from '../api/client';
import type { GenerateRequest } from '../api/parameters';
import { mayBeAccepted, PaidPermit } from '../api/policy';
import type { RetryRules } from '../api/retry';
import { countCharacters } from '../api/validation';
import {
	keySubmissionUnclear,
	notInTable,
	notSentAgain,
	notSubmitted,
	requestFailed,
	sentAgain,
	type Situation,
	submissionInterrupted,
	submissionRefused,
	submissionUnclear,
} from '../errors/messages';
import { type Outcome, RequestError, settle } from '../errors/outcome';
import { VeoError } from '../errors/VeoError';
import { type JobRow, toJson } from '../jobTable/jobTable';
import type { JobTracker } from '../jobTable/tracker';
import { findIdentical } from './identical';
import type { SubmissionQueue } from './submissionQueue';
import type { Submission, Submissions } from './submissions';
import type { Count, VideoLimit } from './videoLimit';

/** One item's checked request. */
export interface PaidItem {
	itemIndex: number;
	/** The same for the same request in every try. */
	requestHash: string;
	/** One key stands for one video. Set only with a tracker. */
	idempotencyKey?: string;
	/** Returns the request, after uploading its image if it has one. Called only if there is something to submit. */
	prepare: () => Promise<GenerateRequest>;
}

export interface SubmitRules {
	client: VeoClient;
	queue: SubmissionQueue;
	/** For requests that cost nothing. */
	retry: RetryRules;
	submissions: Submissions;
	videoLimit: VideoLimit;
	/** Set if jobs are recorded in the job table. */
	tracker?: JobTracker;
	/** Whether a job of an identical request is taken up instead of submitting a new one. Only with a tracker. */
	reuseIdentical: boolean;
	/** The ID of this execution; a retry in the executions list has an ID of its own. */
	executionId: string;
	/** The user retried the execution in the executions list, and an item that fails ends it. */
	isRetryByUser: boolean;
	/** How often an item's video is made again in one execution after the API reported it as failed. */
	maxMadeAgain: number;
	/** Whether an unclear request is sent once more per execution, at the risk of paying twice. */
	sendUnclearAgain: boolean;
	situation: Situation;
	/** The user's Stop, the only signal that aborts a paid request. */
	stop?: AbortSignal;
}

/**
 * Returns the item's job: the one that an earlier try submitted, or a new one (API reference, "Generate a video"). Throws
 * `VeoError` if it was not accepted, if that is unclear, or if it could not be recorded first. Throws `StoppedError`.
 */
export async function submitOnce(item: PaidItem, rules: SubmitRules): Promise<AcceptedJob> {
	return (await findEarlierJob(item, rules)) ?? (await submit(item, rules, {}));
}

/**
 * Submits an item again whose `job` the API reported as failed, if that is allowed. Returns the new job, or undefined.
 * Throws like `submitOnce`.
 */
export async function makeAgain(
	item: PaidItem,
	job: AcceptedJob,
	rules: SubmitRules,
): Promise<AcceptedJob | undefined> {
	const { submissions, executionId, isRetryByUser, maxMadeAgain } = rules;
	const earlier = submissions.find(item.itemIndex, item.requestHash);
	const isOfThisExecution = earlier?.state === 'accepted' && earlier.executionId === executionId;
	const isByRetry = isRetryByUser && !isOfThisExecution;
	const madeAgain = earlier?.madeAgain ?? 0;
	if (!isByRetry && madeAgain >= maxMadeAgain) return undefined;
	return await submit(item, rules, {
		permit: PaidPermit.byUserChoice(),
		replaces: job.uuid,
		remember: { madeAgain: isByRetry ? madeAgain : madeAgain + 1 },
	}).catch((thrown: unknown) => {
		if (!(thrown instanceof VeoError)) throw thrown;
		// The `uuid` of the failed video is still known.
		const details = { uuid: job.uuid, ...thrown.details };
		throw new VeoError(thrown.message, thrown.description, details);
	});
}

/** The item's job from an earlier try, or from another execution if it is to be reused. */
async function findEarlierJob(
	item: PaidItem,
	rules: SubmitRules,
): Promise<AcceptedJob | undefined> {
	const { submissions, tracker } = rules;
	const { itemIndex, requestHash } = item;
	const earlier = submissions.find(itemIndex, requestHash);
	const row = tracker?.earlier(item);
	if (earlier?.state === 'accepted') {
		// Node memory of a second retry is older than the row, which then has the `uuid` of a video that was made again.
		if (row?.uuid !== undefined && row.uuid !== earlier.job.uuid) {
			return toJob(row);
		}
		// The earlier try may have ended before it wrote the row.
		if (row?.uuid === undefined) await tracker?.accepted(item, earlier.job);
		return earlier.job;
	}
	if (earlier !== undefined || row?.status === 'submitting') {
		return await afterUnclear(item, rules, earlier, row);
	}
	if (row?.uuid !== undefined) return toJob(row);

	const keyed = await tracker?.findByKey(item);
	if (keyed?.uuid !== undefined) return toJob(keyed);
	return rules.reuseIdentical && tracker && item.idempotencyKey === undefined
		? await findIdentical(tracker, rules.client, rules.retry, item.requestHash)
		: undefined;
}

/** An earlier try ended during the paid request, or without a clear answer. */
async function afterUnclear(
	item: PaidItem,
	rules: SubmitRules,
	earlier: Submission | undefined,
	row: JobRow | undefined,
): Promise<AcceptedJob> {
	const { situation, tracker } = rules;
	const wasSentAgain = earlier?.sentAgain ?? tracker?.wasSentAgain(row) ?? false;
	if (!wasSentAgain && maySendAgain(rules)) return await submitUnclear(item, rules);
	const { message, description } = submissionInterrupted(situation);
	const error = new VeoError(earlier?.message ?? message, description, { isUnclear: true });
	throw wasSentAgain ? error : withLimit(error, rules);
}

const maySendAgain = ({ sendUnclearAgain, videoLimit }: SubmitRules): boolean =>
	sendUnclearAgain && !videoLimit.isReached;

/** Says so where only Max Videos per Execution keeps an unclear request from being sent again. */
function withLimit(error: VeoError, { sendUnclearAgain, videoLimit }: SubmitRules): VeoError {
	if (!sendUnclearAgain || !videoLimit.isReached) return error;
	const description = `${error.description} ${notSentAgain(videoLimit.max)}`;
	return new VeoError(error.message, description, error.details);
}

const submitUnclear = async (item: PaidItem, rules: SubmitRules): Promise<AcceptedJob> =>
	await submit(item, rules, {
		permit: PaidPermit.byUserChoice(),
		remember: { sentAgain: true },
	});

interface Attempt {
	permit?: PaidPermit;
	/** The `uuid` of the failed video that the new one replaces. */
	replaces?: string;
	/** Kept in node memory with the new submission. */
	remember?: Pick<Submission, 'madeAgain' | 'sentAgain'>;
}

async function submit(item: PaidItem, rules: SubmitRules, attempt: Attempt): Promise<AcceptedJob> {
	const job = await rules.videoLimit.counted(
		item.itemIndex,
		async (count) => await submitCounted(item, rules, attempt, count),
	);
	return job === 'sendAgain' ? await submitUnclear(item, rules) : job;
}

/** Returns `sendAgain` if the request is unclear and the user chose to send it once more. */
async function submitCounted(
	item: PaidItem,
	rules: SubmitRules,
	{ permit = PaidPermit.first(), replaces, remember }: Attempt,
	count: Count,
): Promise<AcceptedJob | 'sendAgain'> {
	const { client, queue, submissions, tracker, executionId, situation, stop } = rules;
	const { itemIndex, requestHash, idempotencyKey } = item;
	const before = submissions.find(itemIndex, requestHash);
	const kept = { madeAgain: before?.madeAgain, sentAgain: before?.sentAgain, ...remember };
	const set = (submission: Submission) =>
		submissions.set(itemIndex, requestHash, { ...kept, ...submission });

	// Whether the item of a key is submitted at all is known only when the key is claimed.
	const overLimit = idempotencyKey === undefined ? count.add() : undefined;
	if (overLimit) throw overLimit;
	const request = await item.prepare();
	let isSentAgain = kept.sentAgain === true;
	if (idempotencyKey === undefined) await tracker?.submitting(item, request, isSentAgain);

	/** The job that has the item's idempotency key already; undefined if the request is to be sent. */
	const claimKey = async (): Promise<AcceptedJob | undefined> => {
		if (!tracker || idempotencyKey === undefined) return undefined;
		const claim = await tracker.claim(item, request, { replaces, isSentAgain, signal: stop });
		if (claim === 'claimed') return undefined;
		if (claim !== 'unclear') return toJob(claim);
		if (isSentAgain || !maySendAgain(rules)) {
			throw withLimit(keySubmissionUnclear(situation), rules);
		}
		isSentAgain = true;
		kept.sentAgain = true;
		return await claimKey();
	};
	const send = async (next: PaidPermit): Promise<AcceptedJob> => {
		const keyed = await claimKey();
		if (keyed) {
			set({ state: 'accepted', job: keyed });
			return keyed;
		}
		const overLimit = count.add();
		if (overLimit) {
			// The key that was just claimed is free for others.
			await tracker?.notAccepted(item, overLimit.message, false);
			throw overLimit;
		}
		// Recorded before it is sent, so that an interrupted request is not taken for one that was never sent.
		set({ state: 'submitting' });
		const answer = await settle(client.generate(request, next, stop));
		if (!(answer instanceof RequestError)) {
			set({ state: 'accepted', job: answer, executionId });
			const isRecorded = (await tracker?.accepted(item, answer)) ?? true;
			return isRecorded ? answer : { ...answer, jobTableHint: notInTable(answer.uuid) };
		}
		if (!mayBeAccepted(answer.outcome)) {
			restore();
			// The key is free for others while this item waits.
			if (idempotencyKey !== undefined) {
				count.remove();
				await tracker?.notAccepted(item, requestFailed(answer.outcome).message, false);
			}
		}
		throw answer;
	};
	/** A refused request leaves the item as it was before. */
	const restore = () => {
		if (before && replaces !== undefined) submissions.set(itemIndex, requestHash, before);
		else submissions.delete(itemIndex, requestHash);
	};

	const answer = await settle(queue.submit(permit, send)).catch(async (thrown: unknown) => {
		// Stopped while no request was being sent. The row must not keep a retry from submitting.
		if (!submissions.find(itemIndex, requestHash) && idempotencyKey === undefined) {
			await tracker?.notAccepted(item, notSubmitted(), false);
		}
		throw thrown;
	});
	if (!(answer instanceof RequestError)) return answer;
	const isUnclear = mayBeAccepted(answer.outcome);
	if (isUnclear && !isSentAgain && maySendAgain(rules)) return 'sendAgain';
	const error = await recordNotAccepted(item, request, answer.outcome, rules, set, isSentAgain);
	throw isUnclear && !isSentAgain ? withLimit(error, rules) : error;
}

async function recordNotAccepted(
	item: PaidItem,
	{ prompt }: GenerateRequest,
	outcome: Outcome,
	{ tracker, situation }: SubmitRules,
	set: (submission: Submission) => void,
	isSentAgain: boolean,
): Promise<VeoError> {
	const isUnclear = mayBeAccepted(outcome);
	const error = isUnclear
		? submissionUnclear(outcome, situation)
		: submissionRefused(outcome, countCharacters(prompt));
	if (isUnclear) set({ state: 'unclear', message: error.message });
	// The row keeps that it was sent again, in case the node's memory is lost.
	const reason = isUnclear && isSentAgain ? `${sentAgain()}. ${error.message}` : error.message;
	await tracker?.notAccepted(item, reason, isUnclear);
	return error;
}

const toJob = (row: JobRow): AcceptedJob => ({
	createdAt: row.submittedAt,
	...toJson(row),
	uuid: String(row.uuid),
});
