import type { VideoStatus } from '../api/client';
import type { Experience } from './experience';

/** No job is checked more often (API reference, "Best practices"). */
export const MIN_PAUSE_MS = 5_000;

/** How far an estimated end may drift between answers. The API may round to seconds. */
const MAX_DRIFT_MS = 2_000;
/** The pause as a multiple of the time for which the predictions of one job have agreed. */
const PAUSE_FACTOR = 2;
/** Two estimates may agree by chance. Ends from `progress` need two answers each, so fewer of them do. */
const MIN_AGREEING = { estimate: 3, progress: 2 };
/** With trusted predictions, an end within this time is not checked in between. */
const TRUSTED_MS = 60_000;
/** Any prediction may be wrong, so pauses are at most as long as this, or longer for jobs that were watched for long. */
const MAX_NEW_PAUSE_MS = 75_000;
const MAX_PAUSE_MS = 5 * 60_000;
/** An end from `progress` is checked again shortly before it, because whole percents are coarse. */
const PROGRESS_FACTOR = 0.8;
const PROGRESS_NEAR_MS = 15_000;
const PROGRESS_NEAR_FACTOR = 0.2;
/** A prediction with less lead time than this proves nothing. */
const MIN_LEAD_MS = 15_000;
const MAX_LEAD_DRIFT = 0.05;

/** The API may round its estimates up to whole seconds. */
const ROUNDED_MS = 1_000;

interface Prediction {
	by: 'estimate' | 'progress';
	endMs: number;
	/** How far the end may be off without contradicting earlier ones. */
	toleranceMs: number;
}

export interface NextCheck {
	pauseMs: number;
	/** When the job is likely to end, in ms since the epoch: due jobs with earlier ends are checked first. */
	endMs: number;
}

/**
 * When to check one job again: by `estimatedTime` or `progress` (API reference, "Get a video's status") as far as they
 * have proved right, by how long other jobs took where there is neither, and at each interval where nothing is known.
 */
export class CheckPlan {
	private agreed:
		| (Prediction & {
				/** Rounded estimates say that the job ends after this. */
				afterMs: number;
				sinceMs: number;
				times: number;
		  })
		| undefined;
	private firstProgress: { atMs: number; percent: number } | undefined;
	private lastProgress = -Infinity;
	private claim: { endMs: number; toleranceMs: number; isCoarse: boolean } | undefined;
	private firstMs = Infinity;
	private lastOpenMs = -Infinity;

	constructor(
		private readonly experience: Experience,
		private readonly intervalMs: number,
		/** When the API accepted the job, if that is known. */
		private readonly acceptedAtMs: number | undefined,
	) {}

	/** The next check after a status answer that is not final, or after a failed check. */
	next(video: VideoStatus | undefined, nowMs: number): NextCheck {
		this.firstMs = Math.min(this.firstMs, nowMs);
		if (video) this.lastOpenMs = nowMs;
		const prediction = video && this.predict(video, nowMs);
		const next = prediction
			? this.byPrediction(prediction, nowMs)
			: this.byHistory(video === undefined, nowMs);
		const pauseMs = Math.max(MIN_PAUSE_MS, next.pauseMs);
		return { pauseMs, endMs: Math.max(next.endMs, nowMs) };
	}

	/** The job is final: what that says about the predictions and about other jobs. */
	ended(video: VideoStatus, nowMs: number): void {
		// Without an earlier answer shortly before, it is not known when the job ended.
		const isKnown = nowMs - this.lastOpenMs <= this.maxPauseMs(this.lastOpenMs) * 2;
		if (isKnown && this.acceptedAtMs !== undefined && video.status === 'completed') {
			this.experience.addDuration(nowMs - this.acceptedAtMs);
		}
		if (!this.claim) return;
		const { endMs, toleranceMs } = this.claim;
		const isRight = endMs >= this.lastOpenMs - toleranceMs && endMs <= nowMs + toleranceMs;
		// A prediction that ends after the job is wrong, however long the last pause was.
		if (isKnown || !isRight) this.experience.addVerdict(isRight);
	}

	private predict(video: VideoStatus, nowMs: number): Prediction | undefined {
		const percent = typeof video.progress === 'number' ? video.progress : this.lastProgress;
		const isGoingBack = percent < this.lastProgress;
		this.lastProgress = percent;
		if (isGoingBack) {
			// Neither this progress nor the estimate beside it is trusted.
			this.firstProgress = undefined;
			this.agreed = undefined;
			return undefined;
		}
		const seconds = toNumber(video.estimatedTime);
		if (seconds === undefined) return this.byProgress(percent, nowMs);
		return { by: 'estimate', endMs: nowMs + seconds * 1000, toleranceMs: MAX_DRIFT_MS };
	}

	private byProgress(percent: number, nowMs: number): Prediction | undefined {
		if (!(percent >= 0 && percent < 100)) return undefined;
		const first = (this.firstProgress ??= { atMs: nowMs, percent });
		const made = percent - first.percent;
		if (made <= 0) {
			// The job may wait in a queue, which says nothing about its speed.
			first.atMs = nowMs;
			return undefined;
		}
		const leftMs = ((100 - percent) * (nowMs - first.atMs)) / made;
		const endMs = nowMs + leftMs;
		// One percent more or less in what was made and in what is left.
		return { by: 'progress', endMs, toleranceMs: MAX_DRIFT_MS + (endMs - first.atMs) / made };
	}

	private byPrediction(prediction: Prediction, nowMs: number): NextCheck {
		const { by, endMs, toleranceMs } = prediction;
		const before = this.agreed;
		const agrees =
			before?.by === by &&
			Math.abs(endMs - before.endMs) <= Math.max(toleranceMs, before.toleranceMs);
		const agreed = {
			by,
			toleranceMs,
			// Seconds that are rounded up make each end late by up to a second, so the earliest one is the best.
			endMs: agrees && by === 'estimate' ? Math.min(before.endMs, endMs) : endMs,
			afterMs: Math.max(agrees ? before.afterMs : -Infinity, endMs - ROUNDED_MS),
			sinceMs: agrees ? before.sinceMs : this.sinceMs(by, nowMs),
			times: agrees ? before.times + 1 : 1,
		};
		this.agreed = agreed;
		// The first ends from `progress` are coarse. They count only while there is no better one.
		if (endMs - nowMs >= MIN_LEAD_MS && this.claim?.isCoarse !== false) {
			const claimedMs = MAX_DRIFT_MS + (endMs - nowMs) * MAX_LEAD_DRIFT;
			this.claim = { endMs, toleranceMs: claimedMs, isCoarse: toleranceMs > claimedMs };
		}

		const isTrusted = this.experience.isTrusted && (before === undefined || agrees);
		if (!isTrusted && (this.experience.isRefuted || agreed.times < MIN_AGREEING[by])) {
			const isRounded = by === 'estimate' && agrees;
			const pauseMs = isRounded ? halving(agreed, nowMs, this.intervalMs) : this.intervalMs;
			return { pauseMs, endMs: nowMs + pauseMs };
		}
		const leftMs = agreed.endMs - nowMs;
		const agreedMs = isTrusted ? Infinity : (nowMs - agreed.sinceMs) * PAUSE_FACTOR;
		const maxMs = Math.min(agreedMs, this.maxPauseMs(nowMs));
		const wantedMs =
			by === 'estimate' ? estimatePauseMs(leftMs, isTrusted) : this.progressPauseMs(leftMs, nowMs);
		// A check less than an interval before the wanted one would only delay it.
		const pauseMs = wantedMs < maxMs + this.intervalMs ? wantedMs : maxMs;
		const laterMs = pauseMs + ROUNDED_MS;
		const isOnTheWay = by === 'estimate' && laterMs < leftMs;
		return {
			pauseMs: isOnTheWay ? halving(agreed, nowMs, laterMs) : pauseMs,
			endMs: agreed.endMs,
		};
	}

	/** Half of the time since the first check, within limits. */
	private maxPauseMs(nowMs: number): number {
		const halfMs = (nowMs - this.firstMs) / 2;
		return Math.max(this.intervalMs, MAX_NEW_PAUSE_MS, Math.min(MAX_PAUSE_MS, halfMs));
	}

	/** A first end from `progress` already stands for all answers since the first one. */
	private sinceMs(by: Prediction['by'], nowMs: number): number {
		return (by === 'progress' && this.firstProgress?.atMs) || nowMs;
	}

	private progressPauseMs(leftMs: number, nowMs: number): number {
		const watchedMs = nowMs - this.sinceMs('progress', nowMs);
		const isNear = leftMs <= Math.max(PROGRESS_NEAR_MS, watchedMs * PROGRESS_NEAR_FACTOR);
		return isNear ? leftMs : leftMs * PROGRESS_FACTOR;
	}

	private byHistory(isFailedCheck: boolean, nowMs: number): NextCheck {
		const { window } = this.experience;
		const plain = { pauseMs: this.intervalMs, endMs: nowMs + this.intervalMs };
		if (!window || this.acceptedAtMs === undefined || isFailedCheck) return plain;
		const fromMs = this.acceptedAtMs + window.fromMs - nowMs;
		if (this.acceptedAtMs + window.toMs < nowMs) return plain;
		// A hint has to wait until the last check is 5 s old, so where hints come, fewer checks find ends sooner.
		if (fromMs <= 0)
			return this.experience.areHintsTrusted ? plain : { pauseMs: MIN_PAUSE_MS, endMs: nowMs };
		// One check on the way, in case that jobs have become faster.
		const isHalfway = nowMs - this.acceptedAtMs >= window.fromMs * 0.4;
		const pauseMs = Math.min(isHalfway ? fromMs : fromMs / 2, this.maxPauseMs(nowMs));
		return { pauseMs, endMs: nowMs + fromMs };
	}
}

/**
 * A pause that is shorter by up to a second. A rounded estimate after it says in which half of the time between `afterMs`
 * and `endMs` the job ends.
 */
function halving(
	{ afterMs, endMs }: { afterMs: number; endMs: number },
	nowMs: number,
	pauseMs: number,
): number {
	const middleMs = (afterMs + endMs) / 2;
	const shorterMs = (nowMs + pauseMs - middleMs) % ROUNDED_MS;
	return pauseMs - ((shorterMs + ROUNDED_MS) % ROUNDED_MS);
}

const estimatePauseMs = (leftMs: number, isTrusted: boolean) =>
	isTrusted && leftMs > TRUSTED_MS ? leftMs / 2 : leftMs;

function toNumber(value: unknown): number | undefined {
	const isSent = typeof value === 'number' || (typeof value === 'string' && value.trim() !== '');
	const number = isSent ? Number(value) : NaN;
	return Number.isFinite(number) && number >= 0 ? number : undefined;
}
