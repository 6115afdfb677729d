/** Time, handed in: n8n's in the node, a fake one in tests. */
export interface Clock {
	/** Milliseconds since the epoch. */
	now: () => number;
	/** Ends after `ms`, or at once when the signal fires; never throws. */
	sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
	/** From 0 up to 1: what back-off is jittered by. */
	random: () => number;
}
