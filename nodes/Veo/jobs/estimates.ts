import type { VideoStatus } from '../api/client';

/** How far an estimated end may drift between answers. The API may round to seconds. */
const MAX_DRIFT_MS = 2_000;
/**
 * The pause as a multiple of the time that the estimate has been watched. In the pause the end may drift by as many times
 * `MAX_DRIFT_MS`, which has to stay below the shortest interval: then no end is seen later than without estimates.
 */
const PAUSE_FACTOR = 2;
/** Two answers may agree by chance. */
const MIN_AGREEING = 3;

/**
 * When to check one job again, by `estimatedTime` and `progress` (API reference, "Get a video's status"). The quality of
 * the API's estimates is unknown, so they count only while they predict the same end again and again. Otherwise the job
 * is checked at each interval.
 */
export class Estimates {
	/** The first of the answers that agree. */
	private first = { atMs: 0, endMs: NaN };
	private agreeing = 0;
	private progress = -Infinity;

	/** The pause after the answer `video`, which came at `nowMs`. At least `intervalMs`. */
	pauseMs(video: VideoStatus, nowMs: number, intervalMs: number): number {
		const leftMs = Number(video.estimatedTime) * 1000;
		const endMs = nowMs + leftMs;
		const progress = typeof video.progress === 'number' ? video.progress : this.progress;
		const watchedMs = nowMs - this.first.atMs;
		const driftMs = Math.abs(endMs - this.first.endMs);

		const agrees = driftMs <= MAX_DRIFT_MS && progress >= this.progress;
		this.progress = progress;
		if (!agrees) {
			this.first = { atMs: nowMs, endMs };
			this.agreeing = 1;
			return intervalMs;
		}
		this.agreeing++;
		if (this.agreeing < MIN_AGREEING) return intervalMs;

		const pauseMs = watchedMs * PAUSE_FACTOR;
		// A check less than an interval before the end would delay the check that finds the video finished.
		return Math.max(intervalMs, leftMs - pauseMs < intervalMs ? leftMs : pauseMs);
	}
}
