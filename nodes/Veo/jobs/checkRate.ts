import type { Backoff } from '../api/backoff';
import { isThrottled, scopeOf } from '../api/policy';
import type { Outcome } from '../errors/outcome';

const FIRST_PER_SECOND = 10;
const MIN_PER_SECOND = 0.5;
const MAX_PER_SECOND = 50;
/** Added for each clean and quick answer while checks wait for their turn: 10 becomes 50 within 80 seconds. */
const RISE_PER_ANSWER = 0.02;
/** How far late checks may catch up, so that the average rate holds although timers are late. */
const MAX_CATCH_UP_MS = 200;
/** Answers faster than this are quick, whatever is usual. */
const QUICK_MS = 200;
/** Weight of one answer in the usual and in the recent time that answers take. */
const USUAL_WEIGHT = 0.02;
const RECENT_WEIGHT = 0.2;
/** After this many consecutive failures, the API counts as down. */
const MAX_CONSECUTIVE_FAILURES = 10;
/** A longer `Retry-After` is capped, so that one wrong answer does not stop all checks. */
export const MAX_RETRY_AFTER_MS = 10 * 60_000;

/**
 * How many status checks a second the API gets. The rate rises slowly while answers are clean and quick, and halves when
 * the API refuses checks or takes twice as long as usual. One instance for all checks that go to the same API.
 */
export class CheckRate {
	private perSecond = FIRST_PER_SECOND;
	private nextMs = -Infinity;
	private slowedAtMs = -Infinity;
	private usualMs: number | undefined;
	private recentMs = 0;
	private consecutiveFailures = 0;

	constructor(private readonly backoff: Backoff) {}

	/** How long no check should be sent, in ms. 0 if one may be sent now. */
	remainingMs(): number {
		return Math.max(0, this.nextMs - Date.now(), this.backoff.remainingMs());
	}

	started(): void {
		const now = Date.now();
		this.nextMs = Math.max(this.nextMs, now - MAX_CATCH_UP_MS) + 1000 / this.perSecond;
	}

	/** `isBusy`: other checks are due. Without them, the answer does not show that the API can do more. */
	answered(sentAtMs: number, isBusy: boolean): void {
		this.backoff.succeeded();
		this.consecutiveFailures = 0;
		const tookMs = Date.now() - sentAtMs;
		const usualMs = this.usualMs ?? tookMs;
		this.usualMs = usualMs + (tookMs - usualMs) * USUAL_WEIGHT;
		this.recentMs += (tookMs - this.recentMs) * RECENT_WEIGHT;
		if (this.recentMs > Math.max(QUICK_MS, usualMs * 2)) this.slowDown(sentAtMs);
		else if (isBusy) this.perSecond = Math.min(MAX_PER_SECOND, this.perSecond + RISE_PER_ANSWER);
	}

	failed(sentAtMs: number, outcome: Outcome, isBusy: boolean): void {
		const { retryAfterMs } = outcome;
		const scope = scopeOf(outcome);
		if (isThrottled(outcome) || retryAfterMs !== undefined) this.slowDown(sentAtMs);
		else if (scope === 'item') {
			// That the API does not know one job says nothing against the API.
			this.answered(sentAtMs, isBusy);
			return;
		}
		this.consecutiveFailures++;
		const isDown = this.consecutiveFailures >= MAX_CONSECUTIVE_FAILURES;
		if (scope === 'api' || retryAfterMs !== undefined || isDown) {
			this.backoff.failed(sentAtMs, retryAfterMs && Math.min(retryAfterMs, MAX_RETRY_AFTER_MS));
		}
	}

	private slowDown(sentAtMs: number): void {
		// A check sent before the last slow-down belongs to the same burst.
		if (sentAtMs <= this.slowedAtMs) return;
		this.slowedAtMs = Date.now();
		this.perSecond = Math.max(MIN_PER_SECOND, this.perSecond / 2);
		this.recentMs = Math.min(this.recentMs, this.usualMs ?? 0);
	}
}
