import type { VideoStatus } from '../api/client';

/** How far an estimate may drift while it is watched. The API may round to whole seconds. */
const LARGEST_DRIFT_MS = 2_000;
/**
 * How long to go without a check, as a multiple of the time in which the estimate was watched. It may drift as much more,
 * and that has to stay below the shortest interval: no end is then known later than without estimates.
 */
const FORESIGHT = 2;
/** How many answers have to agree: two may do so by chance. */
const LEAST_AGREEING = 3;

/**
 * When to ask about one job again, by `estimatedTime` and `progress` (API reference, "Get a video's status"). Nothing is
 * known of how good the API's estimates are, so they are believed only as far as they have proved right: as long as they
 * foretell the same end again and again. Where they do not, or where there are none, a job is asked about at each
 * interval, as if nothing had been said.
 */
export class Estimates {
	/** The first of the answers that agree, and how many they are. */
	private first = { atMs: 0, endMs: NaN };
	private agreeing = 0;
	private progress = -Infinity;

	/** How long to wait after the answer `video`, which came at `nowMs`: `intervalMs` at least. */
	pauseMs(video: VideoStatus, nowMs: number, intervalMs: number): number {
		const leftMs = Number(video.estimatedTime) * 1000;
		const endMs = nowMs + leftMs;
		const progress = typeof video.progress === 'number' ? video.progress : this.progress;
		const watchedMs = nowMs - this.first.atMs;
		const driftMs = Math.abs(endMs - this.first.endMs);

		const agrees = driftMs <= LARGEST_DRIFT_MS && progress >= this.progress;
		this.progress = progress;
		if (!agrees) {
			this.first = { atMs: nowMs, endMs };
			this.agreeing = 1;
			return intervalMs;
		}
		this.agreeing++;
		if (this.agreeing < LEAST_AGREEING) return intervalMs;

		const pauseMs = watchedMs * FORESIGHT;
		// A check less than an interval before the end would only put off the one that finds the video finished.
		return Math.max(intervalMs, leftMs - pauseMs < intervalMs ? leftMs : pauseMs);
	}
}
