import type { VideoStatus } from '../api/client';
import type { JobTracker, Tracked } from '../jobTable/tracker';

const MIN_INTERVAL_MS = 60_000;

/** Writes the progress of a job to the job table while Generate and Wait waits for it, at most once a minute. */
export class ProgressWriter {
	/** Accepting the job has written its row. */
	private writtenAtMs = Date.now();
	private hasWritten = false;
	private writing: Promise<void> = Promise.resolve();

	constructor(
		private readonly tracker: JobTracker,
		private readonly item: Tracked,
	) {}

	/** Does not wait for the job table: a slow one must not delay the next check. */
	write(video: VideoStatus): void {
		const { progress } = video;
		const isFirst = !this.hasWritten && typeof progress === 'number' && progress > 0;
		if (!isFirst && Date.now() - this.writtenAtMs < MIN_INTERVAL_MS) return;
		this.writtenAtMs = Date.now();
		this.hasWritten = true;
		this.writing = this.tracker.checked(this.item, video).catch(() => undefined);
	}

	/** Resolves when nothing is being written any more. Never rejects. */
	async done(): Promise<void> {
		await this.writing;
	}
}
