import { maxVideosReached, type Situation, tooManyVideos } from '../errors/messages';
import { StoppedError, VeoError } from '../errors/VeoError';

/** Node memory of n8n, which all runs of a node in an execution share. */
type Memory = Record<string, unknown>;

interface Counted {
	executionId: string;
	videos: number;
}

/** The count of one item's video. */
export interface Count {
	/** Counts it, unless it is counted. Returns why it must not be submitted, at the limit. */
	add: () => VeoError | undefined;
	remove: () => void;
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
		readonly max: number,
		private readonly situation: Situation,
	) {
		this.earlier = this.count.videos;
	}

	/** Throws `VeoError` if a run with so many new videos passes the limit on its own. */
	checkRun(videos: number): void {
		if (this.max > 0 && videos > this.max) throw tooManyVideos(videos, this.max, this.earlier);
	}

	/** Whether no further video may be submitted in this execution. */
	get isReached(): boolean {
		return this.max > 0 && this.count.videos >= this.max;
	}

	/**
	 * `submit` adds its video to the count before it submits it. The count keeps it, unless it was surely not accepted.
	 * Throws what `submit` throws.
	 */
	async counted<T>(itemIndex: number, submit: (count: Count) => Promise<T>): Promise<T> {
		let isCounted = false;
		const add: Count['add'] = () => {
			if (isCounted) return undefined;
			if (this.isReached) return maxVideosReached(this.max, this.situation);
			this.count.videos++;
			isCounted = true;
			return undefined;
		};
		const remove = () => {
			if (isCounted) this.count.videos--;
			isCounted = false;
		};
		const result = await submit({ add, remove }).catch((thrown: unknown) => {
			if (isNotAccepted(thrown)) remove();
			throw thrown;
		});
		if (isCounted) this.newItems.add(itemIndex);
		return result;
	}

	/** Read at each use: n8n may replace what is stored between two tries. */
	private get count(): Counted {
		const stored = this.memory.videoCount as Counted | undefined;
		if (stored?.executionId === this.executionId) return stored;
		const count = { executionId: this.executionId, videos: 0 };
		this.memory.videoCount = count;
		return count;
	}
}

/** Only the user's Stop interrupts a paid request, and ends the execution. A retry of it starts its count again. */
const isNotAccepted = (thrown: unknown): boolean =>
	thrown instanceof StoppedError || (thrown instanceof VeoError && !thrown.details.isUnclear);
