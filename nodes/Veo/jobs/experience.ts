const MAX_DURATIONS = 50;
/** Fewer finished jobs say too little of how long the next one takes. */
const MIN_DURATIONS = 20;
const MAX_VERDICTS = 10;
const MIN_VERDICTS = 3;
const MIN_RIGHT = 0.8;
/** So many wrong verdicts among the last ones refute the predictions. */
const MIN_WRONG = 5;
/** A job may take less or more time than the fastest and the slowest that are known. */
const EARLY_FACTOR = 0.95;
const LATE_FACTOR = 1.1;

/** What the finished jobs of one run or one table say about the next ones. */
export class Experience {
	private durations: number[] = [];
	private verdicts: boolean[] = [];
	private hinted: boolean[] = [];

	/** How long a job took from acceptance to its end. */
	addDuration(ms: number): void {
		if (ms > 0) this.durations = [...this.durations, ms].slice(-MAX_DURATIONS);
	}

	/** Whether a job ended when its first predictions said. */
	addVerdict(isRight: boolean): void {
		this.verdicts = [...this.verdicts, isRight].slice(-MAX_VERDICTS);
	}

	/** Whether a hint said that a job has ended. */
	addHinted(isHinted: boolean): void {
		this.hinted = [...this.hinted, isHinted].slice(-MAX_VERDICTS);
	}

	/** Whether the API's predictions have proved right, for other jobs too. */
	get isTrusted(): boolean {
		return isMostlyRight(this.verdicts);
	}

	/** Whether they have often proved wrong. */
	get isRefuted(): boolean {
		return this.verdicts.filter((isRight) => !isRight).length >= MIN_WRONG;
	}

	/** Whether hints have reported most job ends. */
	get areHintsTrusted(): boolean {
		return isMostlyRight(this.hinted);
	}

	/** From which to which time after its acceptance a job is likely to end, in ms. */
	get window(): { fromMs: number; toMs: number } | undefined {
		if (this.durations.length < MIN_DURATIONS) return undefined;
		return {
			fromMs: Math.min(...this.durations) * EARLY_FACTOR,
			toMs: Math.max(...this.durations) * LATE_FACTOR,
		};
	}
}

const isMostlyRight = (verdicts: boolean[]) =>
	verdicts.length >= MIN_VERDICTS && verdicts.filter(Boolean).length >= verdicts.length * MIN_RIGHT;
