import { maxVideosReached, tooManyVideos } from '../errors/messages';
import { VeoError } from '../errors/VeoError';

/** Node memory of n8n, which all runs of a node in an execution share. */
type Memory = Record<string, unknown>;

interface Count {
	executionId: string;
	videos: number;
}

/**
 * Counts the new paid submissions of one node in an execution, over all turns of a loop and all tries of Retry On Fail.
 * The count is in node memory. A retry in the executions list is an execution of its own and starts the count again.
 */
export class VideoLimit {
	/** The items of this run that were submitted in this run. */
	readonly newItems = new Set<number>();
	private readonly earlier: number;

	/** @param max 0 is no limit. */
	constructor(
		private readonly memory: Memory,
		private readonly executionId: string,
		private readonly max: number,
	) {
		this.earlier = this.count.videos;
	}

	/** Throws `VeoError` if a run with so many new videos passes the limit on its own. */
	checkRun(videos: number): void {
		if (this.max > 0 && videos > this.max) throw tooManyVideos(videos, this.max, this.earlier);
	}

	/**
	 * Counts the video that `submit` submits, unless it was surely not accepted. Throws `VeoError` at the limit, and what
	 * `submit` throws.
	 */
	async counted<T>(itemIndex: number, submit: () => Promise<T>): Promise<T> {
		if (this.max > 0 && this.count.videos >= this.max) throw maxVideosReached(this.max);
		this.count.videos++;
		const accepted = await submit().catch((thrown: unknown) => {
			if (thrown instanceof VeoError && !thrown.details.isUnclear) this.count.videos--;
			throw thrown;
		});
		this.newItems.add(itemIndex);
		return accepted;
	}

	/** Read at each use: n8n may replace what is stored between two tries. */
	private get count(): Count {
		const stored = this.memory.videoCount as Count | undefined;
		if (stored?.executionId === this.executionId) return stored;
		const count = { executionId: this.executionId, videos: 0 };
		this.memory.videoCount = count;
		return count;
	}
}
