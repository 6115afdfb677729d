import { type AcceptedJob, orFailed, RequestFailed, type VeoClient } from '../api/client';
import {
	interruptedSubmission,
	notInTable,
	notSent,
	requestFailed,
	stillUnclear,
} from '../errors/messages';
import type { GenerateRequest } from '../api/parameters';
import { PaidPermit, POLICY } from '../api/policy';
import { type RetryRules, submitWithRetries } from '../api/retry';
import { toJson } from '../jobTable/jobTable';
import type { Submissions } from './submissions';
import type { JobTracker } from '../jobTable/tracker';

export interface Submitting {
	itemIndex: number;
	/** Of what the user asked for: the same for the same wish, in every try. */
	requestHash: string;
	/** Gives the request, uploading its image where there is one. Called only when there is something to submit. */
	prepare: () => Promise<GenerateRequest>;
}

export interface SubmitRules {
	client: VeoClient;
	submissions: Submissions;
	/** Where the user wants the jobs kept in the job table. */
	tracker?: JobTracker;
	retry: RetryRules;
	/** Ends even a paid request under way: for the user's Stop alone. */
	stop?: AbortSignal;
}

/**
 * Gives the item's job: the one that an earlier try got accepted, or else a new one. Throws `VeoFailure` when it was not
 * accepted, when that is unclear, or when it could not be noted in the job table beforehand; and `Stopped`.
 */
export async function submitOnce(item: Submitting, rules: SubmitRules): Promise<AcceptedJob> {
	const { itemIndex, requestHash } = item;
	const { client, submissions, tracker, retry, stop } = rules;

	const earlier = submissions.find(itemIndex, requestHash);
	if (earlier?.state === 'accepted') {
		// The try that got it accepted may not have come to noting it.
		if (tracker?.earlier(item)?.uuid === undefined) await tracker?.accepted(item, earlier.job);
		return earlier.job;
	}
	if (earlier?.state === 'unclear') throw stillUnclear(earlier.what, earlier.next);
	if (earlier?.state === 'submitting') throw interruptedSubmission();

	const row = tracker?.earlier(item);
	if (row?.status === 'submitting') throw interruptedSubmission();
	const known = row?.uuid === undefined ? await tracker?.finishedBefore(item) : row;
	if (known) return { createdAt: known.submittedAt, ...toJson(known), uuid: String(known.uuid) };

	const request = await item.prepare();
	await tracker?.submitting(item, request);
	const send = async (permit: PaidPermit) => {
		// Remembered before it is sent: a try that is cut off here must not be taken for one that never began.
		submissions.remember(itemIndex, requestHash, { state: 'submitting' });
		const answer = await orFailed(client.generate(request, permit, stop));
		if (!(answer instanceof RequestFailed)) {
			submissions.remember(itemIndex, requestHash, { state: 'accepted', job: answer });
			return answer;
		}
		if (POLICY[answer.outcome.name].generate !== 'unclear') {
			submissions.forget(itemIndex, requestHash);
		}
		throw answer;
	};

	const answer = await orFailed(submitWithRetries(PaidPermit.first(), send, retry)).catch(
		async (thrown: unknown) => {
			// Ended while nothing was on its way: its row must not keep a retry from submitting it.
			if (!submissions.find(itemIndex, requestHash)) {
				await tracker?.notAccepted(item, notSent(), false);
			}
			throw thrown;
		},
	);
	if (!(answer instanceof RequestFailed)) {
		const noted = (await tracker?.accepted(item, answer)) ?? true;
		return noted ? answer : { ...answer, jobTableHint: notInTable(answer.uuid) };
	}

	const failure = requestFailed('generate', answer.outcome);
	if (failure.facts.unclear) {
		const { what, next } = failure;
		submissions.remember(itemIndex, requestHash, { state: 'unclear', what, next });
	}
	await tracker?.notAccepted(item, failure.what, failure.facts.unclear ?? false);
	throw failure;
}
