import type { AcceptedJob } from '../api/client';
import { PaidPermit } from '../api/policy';
import { submissionInterrupted, unclearTwice } from '../errors/messages';
import { keepVideo } from '../errors/outcome';
import { VeoError } from '../errors/VeoError';
import type { JobRow } from '../jobTable/jobTable';
import { findIdentical } from './identical';
import {
	type AttemptOptions,
	maySendAgain,
	PaidAttempt,
	type PaidItem,
	type SubmitRules,
	toJob,
	withLimit,
} from './paidAttempt';
import type { Submission } from './submissions';

/**
 * Returns the item's job: the one that an earlier try submitted, or a new one (API reference, "Generate a video"). Throws
 * `VeoError` if it was not accepted, if that is unclear, or if it could not be recorded first. Throws `StoppedError`.
 */
export async function submitOnce(item: PaidItem, rules: SubmitRules): Promise<AcceptedJob> {
	const { itemIndex, requestHash } = item;
	const job = await findEarlierJob(item, rules);
	if (!job) return await submit(item, rules, {});
	const known = rules.submissions.find(itemIndex, requestHash);
	if (known?.state !== 'accepted' || known.job.uuid !== job.uuid) {
		// For the messages of other items.
		rules.submissions.set(itemIndex, requestHash, { ...known, state: 'accepted', job });
	}
	return job;
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
		const error = keepVideo(thrown, job);
		if (!(error instanceof VeoError)) throw error;
		// The `uuid` of the failed video is still known.
		const details = { uuid: job.uuid, ...error.details };
		throw new VeoError(error.message, error.description, details);
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
	const { message, description } = submissionInterrupted(situation);
	const error = new VeoError(earlier?.message ?? message, description, { isUnclear: true });
	if (!wasSentAgain && maySendAgain(rules)) return await submitUnclear(item, rules, error);
	throw wasSentAgain ? unclearTwice(error) : withLimit(error, rules);
}

/** Sends a request again whose first outcome, `unclear`, stays what it was unless the API accepts it now. */
const submitUnclear = async (
	item: PaidItem,
	rules: SubmitRules,
	unclear: VeoError,
): Promise<AcceptedJob> =>
	await submit(item, rules, {
		permit: PaidPermit.byUserChoice(),
		remember: { sentAgain: true },
		unclear,
	});

async function submit(
	item: PaidItem,
	rules: SubmitRules,
	options: AttemptOptions,
): Promise<AcceptedJob> {
	const result = await rules.videoLimit.counted(
		item.itemIndex,
		async (count) => await new PaidAttempt(item, rules, options, count).run(),
	);
	return result instanceof VeoError ? await submitUnclear(item, rules, result) : result;
}
