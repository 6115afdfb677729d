import { Backoff } from '../../../nodes/Veo/api/backoff';
import type { Outcome } from '../../../nodes/Veo/errors/outcome';
import { CheckRate } from '../../../nodes/Veo/jobs/checkRate';
import { FakeClock } from '../fakes';

const NOW = 1_000_000;

function setUp() {
	const clock = new FakeClock(NOW, 1);
	const backoff = new Backoff();
	const rate = new CheckRate(backoff);
	/** Answers that took so long while other checks are due, or not. */
	const answer = async (times: number, tookMs: number, isBusy = true) => {
		for (let i = 0; i < times; i++) {
			const sentAtMs = clock.now();
			await clock.advance(tookMs);
			rate.answered(sentAtMs, isBusy);
		}
	};
	/** A check that failed after 10 ms. */
	const fail = async (outcome: Outcome, isBusy = true) => {
		const sentAtMs = clock.now();
		await clock.advance(10);
		rate.failed(sentAtMs, outcome, isBusy);
	};
	return { clock, backoff, rate, answer, fail };
}

describe('The rate of checks', () => {
	it('lets the first check go at once, and the next ones at ten a second', async () => {
		const { clock, rate } = setUp();
		expect(rate.remainingMs()).toBe(0);
		rate.started();
		// The first checks may catch up 200 ms.
		rate.started();
		expect(rate.remainingMs()).toBe(0);
		rate.started();
		expect(rate.remainingMs()).toBe(100);
		await clock.advance(100);
		expect(rate.remainingMs()).toBe(0);
		rate.started();
		expect(rate.remainingMs()).toBe(100);
	});

	it('lets late checks catch up 200 ms, however late they are', async () => {
		const { clock, rate } = setUp();
		rate.started();
		await clock.advance(60_000);
		const started: number[] = [];
		for (let i = 0; i < 4; i++) {
			rate.started();
			started.push(rate.remainingMs());
		}
		expect(started).toEqual([0, 0, 100, 200]);
	});

	it('rises with each quick answer while checks are due, up to 50 a second', async () => {
		const { clock, rate, answer } = setUp();
		const pauseNow = async () => {
			await clock.advance(60_000);
			for (let i = 0; i < 40; i++) rate.started();
			const before = rate.remainingMs();
			rate.started();
			return rate.remainingMs() - before;
		};
		expect(await pauseNow()).toBeCloseTo(100);
		await answer(500, 10);
		expect(await pauseNow()).toBeCloseTo(50);
		await answer(500, 10, false);
		expect(await pauseNow()).toBeCloseTo(50);
		await answer(3_000, 10);
		expect(await pauseNow()).toBeCloseTo(20);
	});
});

describe('A failed check', () => {
	/** The pause between two checks, and for how long the API gets none. */
	async function after(outcomes: Outcome[]) {
		const { clock, backoff, rate, fail } = setUp();
		for (const outcome of outcomes) await fail(outcome);
		const backoffMs = backoff.remainingMs();
		await clock.advance(3_600_000);
		for (let i = 0; i < 5; i++) rate.started();
		const before = rate.remainingMs();
		rate.started();
		return [Math.round(rate.remainingMs() - before), backoffMs];
	}
	const repeat = (times: number, outcome: Outcome) => Array.from({ length: times }, () => outcome);

	it.each<[string, Outcome, number, number]>([
		['of which the API says to slow down halves it', { name: 'http429' }, 200, 1_000],
		['of an API that is away leaves it as it is', { name: 'refused' }, 100, 1_000],
		['with a Retry-After halves it', { name: 'http5xx', retryAfterMs: 7_000 }, 200, 7_000],
		[
			'with a Retry-After of more than ten minutes waits for ten',
			{ name: 'http429', retryAfterMs: 9_999_999 },
			200,
			600_000,
		],
		['with a Retry-After of 0 halves it', { name: 'http5xx', retryAfterMs: 0 }, 200, 1_000],
		['that only the moment explains leaves it as it is', { name: 'timeout' }, 100, 0],
	])('%s', async (_, outcome, pauseMs, backoffMs) => {
		expect(await after([outcome])).toEqual([pauseMs, backoffMs]);
	});

	it('of one video counts as an answer', async () => {
		expect(await after(repeat(500, { name: 'http4xx', httpStatus: 404 }))).toEqual([50, 0]);
	});

	it('is the API being down when it is the tenth in a row', async () => {
		const timeout: Outcome = { name: 'timeout' };
		expect(await after(repeat(9, timeout))).toEqual([100, 0]);
		expect(await after(repeat(10, timeout))).toEqual([100, 1_000]);
		const gone: Outcome = { name: 'http4xx', httpStatus: 404 };
		expect((await after([...repeat(9, timeout), gone, timeout]))[1]).toBe(0);
	});

	it('halves the rate down to one check in two seconds', async () => {
		expect((await after(repeat(9, { name: 'http429' })))[0]).toBe(2_000);
	});

	it('of the same burst halves it once', async () => {
		const { clock, rate } = setUp();
		const sentAtMs = clock.now();
		await clock.advance(10);
		for (let i = 0; i < 5; i++) rate.failed(sentAtMs, { name: 'http429' }, true);
		await clock.advance(60_000);
		for (let i = 0; i < 3; i++) rate.started();
		const before = rate.remainingMs();
		rate.started();
		expect(rate.remainingMs() - before).toBeCloseTo(200);
	});
});

describe('Slow answers', () => {
	/** The pause between two checks after these answers, without checks that are due. */
	async function pauseAfter(...answers: Array<[times: number, tookMs: number]>) {
		const { clock, rate, answer } = setUp();
		for (const [times, tookMs] of answers) await answer(times, tookMs, false);
		await clock.advance(60_000);
		for (let i = 0; i < 5; i++) rate.started();
		const before = rate.remainingMs();
		rate.started();
		return Math.round(rate.remainingMs() - before);
	}

	it('leave the rate as it is while they are as usual', async () => {
		expect(await pauseAfter([50, 1_000])).toBe(100);
	});

	it('leave it as it is while they take less than 200 ms', async () => {
		expect(await pauseAfter([50, 10], [50, 190])).toBe(100);
	});

	it('halve it when several take more than twice as long as usual', async () => {
		expect(await pauseAfter([50, 300], [4, 900])).toBe(100);
		expect(await pauseAfter([50, 300], [8, 900])).toBe(200);
	});

	it('leave it as it is when one alone is slow', async () => {
		expect(await pauseAfter([50, 300], [1, 1_500], [20, 300])).toBe(100);
	});
});
