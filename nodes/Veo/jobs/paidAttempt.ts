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
	refusedWhenSentAgain,
	requestFailed,
	sentAgain,
	type Situation,
	submissionRefused,
	submissionUnclear,
	unclearTwice,
} from '../errors/messages';
import { type Outcome, RequestError, settle } from '../errors/outcome';
import { VeoError } from '../errors/VeoError';
import { type JobRow, toJson } from '../jobTable/jobTable';
import type { JobTracker } from '../jobTable/tracker';
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

export interface AttemptOptions {
	/** Default: that of a first request. */
	permit?: PaidPermit;
	/** The `uuid` of the failed video that the new one replaces. */
	replaces?: string;
	/** The outcome of the request that is sent again. */
	unclear?: VeoError;
	/** Kept in node memory with the new submission. */
	remember?: Pick<Submission, 'madeAgain' | 'sentAgain'>;
}

/** Submits one item's video, and records in node memory and in the job table what became of it. */
export class PaidAttempt {
	private readonly before: Submission | undefined;
	/** Node memory keeps this with each state of the submission. */
	private readonly kept: Pick<Submission, 'madeAgain' | 'sentAgain'>;
	/** The unclear outcome of an earlier request of this item. It stays unless the API accepts this one. */
	private unclear: VeoError | undefined;

	constructor(
		private readonly item: PaidItem,
		private readonly rules: SubmitRules,
		private readonly options: AttemptOptions,
		private readonly count: Count,
	) {
		const before = rules.submissions.find(item.itemIndex, item.requestHash);
		this.before = before;
		this.kept = {
			madeAgain: before?.madeAgain,
			sentAgain: before?.sentAgain,
			...options.remember,
		};
		this.unclear = options.unclear;
	}

	/**
	 * Returns the job, or the unclear outcome of a request that the user chose to send once more. Throws `VeoError` and
	 * `StoppedError`.
	 */
	async run(): Promise<AcceptedJob | VeoError> {
		return await this.submit().catch((thrown: unknown) => {
			if (!this.unclear || !(thrown instanceof VeoError) || thrown.details.isUnclear) throw thrown;
			// Only the earlier request may have been accepted, and it is counted already.
			this.count.remove();
			throw refusedWhenSentAgain(this.unclear, thrown);
		});
	}

	private async submit(): Promise<AcceptedJob | VeoError> {
		const { item, rules, isKeyed } = this;
		// Whether the item of a key is submitted at all is known only when the key is claimed.
		const overLimit = isKeyed ? undefined : this.count.add();
		if (overLimit) throw overLimit;
		const request = await item.prepare();
		if (!isKeyed) await rules.tracker?.submitting(item, request, this.isSentAgain);

		const permit = this.options.permit ?? PaidPermit.first();
		const answer = await settle(
			rules.queue.submit(permit, async (next) => await this.send(request, next)),
		).catch(async (thrown: unknown) => {
			// Stopped while no request was being sent. The row must not keep a retry from submitting.
			const submission = rules.submissions.find(item.itemIndex, item.requestHash);
			const isSent = submission !== undefined && submission !== this.before;
			if (!isSent && !isKeyed) await this.recordRefused(this.unclear?.message ?? notSubmitted());
			throw thrown;
		});
		if (!(answer instanceof RequestError)) return answer;
		const error = await this.recordOutcome(request, answer.outcome);
		if (!error.details.isUnclear) throw error;
		if (this.isSentAgain) throw unclearTwice(error);
		if (maySendAgain(rules)) return error;
		throw withLimit(error, rules);
	}

	/** Sends the paid request, unless the item's idempotency key has a job. Throws `RequestError` and `VeoError`. */
	private async send(request: GenerateRequest, permit: PaidPermit): Promise<AcceptedJob> {
		const { item, rules } = this;
		const { client, tracker, executionId, stop } = rules;
		const keyed = await this.claimKey(request);
		if (keyed) {
			this.set({ state: 'accepted', job: keyed });
			return keyed;
		}
		const overLimit = this.count.add();
		if (overLimit) {
			// The key that was just claimed is free for others.
			await this.recordRefused(overLimit.message);
			throw overLimit;
		}
		// Recorded before it is sent, so that an interrupted request is not taken for one that was never sent.
		this.set({ state: 'submitting' });
		const answer = await settle(client.generate(request, permit, stop));
		if (!(answer instanceof RequestError)) {
			this.set({ state: 'accepted', job: answer, executionId });
			const isRecorded = (await tracker?.accepted(item, answer)) ?? true;
			return isRecorded ? answer : { ...answer, jobTableHint: notInTable(answer.uuid) };
		}
		if (!mayBeAccepted(answer.outcome)) {
			this.restore();
			// The key is free for others while this item waits.
			if (this.isKeyed) {
				this.count.remove();
				await this.recordRefused(requestFailed(answer.outcome).message);
			}
		}
		throw answer;
	}

	/** The job that has the item's idempotency key already; undefined if the request is to be sent. */
	private async claimKey(request: GenerateRequest): Promise<AcceptedJob | undefined> {
		const { item, rules, isSentAgain } = this;
		const { tracker, situation, stop: signal } = rules;
		if (!tracker || !this.isKeyed) return undefined;
		const { replaces } = this.options;
		const claim = await tracker.claim(item, request, { replaces, isSentAgain, signal });
		if (claim === 'claimed') return undefined;
		if (claim !== 'unclear') return toJob(claim);
		if (isSentAgain || !maySendAgain(rules)) {
			throw withLimit(keySubmissionUnclear(situation), rules);
		}
		this.unclear = keySubmissionUnclear(situation);
		this.kept.sentAgain = true;
		return await this.claimKey(request);
	}

	/** Records what became of a request that was not accepted, or whose outcome is unclear, and returns its error. */
	private async recordOutcome({ prompt }: GenerateRequest, outcome: Outcome): Promise<VeoError> {
		const { tracker, situation } = this.rules;
		if (!mayBeAccepted(outcome)) {
			const refused = submissionRefused(outcome, countCharacters(prompt));
			await this.recordRefused(refused.message);
			return refused;
		}
		const error = submissionUnclear(outcome, situation);
		this.set({ state: 'unclear', message: error.message });
		// The row keeps that it was sent again, in case the node's memory is lost.
		const reason = this.isSentAgain ? `${sentAgain()}. ${error.message}` : error.message;
		await tracker?.notAccepted(this.item, reason, true, {});
		return error;
	}

	/** A row whose new video is refused keeps the failed one. */
	private async recordRefused(
		reason: string,
		isStillUnclear = this.unclear !== undefined,
	): Promise<void> {
		const { replaces } = this.options;
		const row = replaces === undefined ? {} : { uuid: replaces };
		await this.rules.tracker?.notAccepted(this.item, reason, isStillUnclear, row);
	}

	/** A refused request leaves the item as it was before. */
	private restore(): void {
		const { item, rules, before } = this;
		const isKept = this.options.replaces !== undefined || this.unclear !== undefined;
		if (before && isKept) rules.submissions.set(item.itemIndex, item.requestHash, before);
		else rules.submissions.delete(item.itemIndex, item.requestHash);
	}

	private set(submission: Submission): void {
		const { item, rules, kept } = this;
		rules.submissions.set(item.itemIndex, item.requestHash, { ...kept, ...submission });
	}

	private get isKeyed(): boolean {
		return this.item.idempotencyKey !== undefined;
	}

	private get isSentAgain(): boolean {
		return this.kept.sentAgain === true;
	}
}

export const maySendAgain = ({ sendUnclearAgain, videoLimit }: SubmitRules): boolean =>
	sendUnclearAgain && !videoLimit.isReached;

/** Says so where only Max Videos per Execution keeps an unclear request from being sent again. */
export function withLimit(
	error: VeoError,
	{ sendUnclearAgain, videoLimit }: SubmitRules,
): VeoError {
	if (!sendUnclearAgain || !videoLimit.isReached) return error;
	const description = `${error.description} ${notSentAgain(videoLimit.max)}`;
	return new VeoError(error.message, description, error.details);
}

export const toJob = (row: JobRow): AcceptedJob => ({
	createdAt: row.submittedAt,
	...toJson(row),
	uuid: String(row.uuid),
});
