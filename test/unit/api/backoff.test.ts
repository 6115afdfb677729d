import { Backoff } from '../../../nodes/Veo/api/backoff';
import { StoppedError } from '../../../nodes/Veo/errors/VeoError';
import { FakeClock, flushPromises, rejectionOf } from '../fakes';

function setUp(nowMs = 0, jitter = 0) {
	const clock = new FakeClock(nowMs, jitter);
	return { clock, backoff: new Backoff() };
}

/** Lets requests fail one after the other and returns the pauses between them, in ms. */
async function pausesAfterFailures(times: number, jitter: number): Promise<number[]> {
	const { clock, backoff } = setUp(0, jitter);
	for (let i = 0; i < times; i++) {
		const sentAtMs = await clock.run(backoff.waitForSlot());
		await clock.advance(1);
		backoff.failed(sentAtMs);
	}
	await clock.run(backoff.waitForSlot());
	return clock.sleeps;
}

describe('Backoff', () => {
	it('lets the first request go at once and returns the time', async () => {
		const { clock, backoff } = setUp(1_000);
		expect(backoff.remainingMs() > 0).toBe(false);
		expect(await backoff.waitForSlot()).toBe(1_000);
		expect(clock.sleeps).toEqual([]);
	});

	it('doubles the pause with each consecutive failure, up to a minute', async () => {
		// With a jitter of 1 the pause is at its maximum, with 0 it is half of that.
		const maximum = [1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1000);
		expect(await pausesAfterFailures(8, 1)).toEqual(maximum);
		expect(await pausesAfterFailures(8, 0)).toEqual(maximum.map((ms) => ms / 2));
		expect(await pausesAfterFailures(3, 0.5)).toEqual([750, 1500, 3000]);
	});

	it('starts again with the shortest pause after a success', async () => {
		const { clock, backoff } = setUp();
		backoff.failed(await backoff.waitForSlot());
		backoff.failed(await clock.run(backoff.waitForSlot()));
		await clock.run(backoff.waitForSlot());
		backoff.succeeded();
		backoff.failed(clock.now());
		await clock.run(backoff.waitForSlot());
		expect(clock.sleeps).toEqual([500, 1000, 500]);
	});

	it('waits for the longer of Retry-After and the pause', async () => {
		const { clock, backoff } = setUp();
		backoff.failed(await backoff.waitForSlot(), 20_000);
		backoff.failed(await clock.run(backoff.waitForSlot()), 10);
		expect(await clock.run(backoff.waitForSlot())).toBe(21_000);
		expect(clock.sleeps).toEqual([20_000, 1_000]);
	});

	it('keeps the longest Retry-After', async () => {
		const { clock, backoff } = setUp();
		backoff.failed(0, 20_000);
		backoff.failed(0, 5_000);
		expect(await clock.run(backoff.waitForSlot())).toBe(20_000);
	});

	it('counts the failures of requests sent before the last slowdown once', async () => {
		const { clock, backoff } = setUp(0, 1);
		const sentAtMs = await Promise.all([
			backoff.waitForSlot(),
			backoff.waitForSlot(),
			backoff.waitForSlot(),
		]);
		await clock.advance(30);
		for (const at of sentAtMs) backoff.failed(at);
		expect(await clock.run(backoff.waitForSlot())).toBe(1_030);

		backoff.failed(1_030);
		expect(await clock.run(backoff.waitForSlot())).toBe(3_030);
	});

	it('obeys the Retry-After of a failure that it does not count', async () => {
		const { clock, backoff } = setUp();
		backoff.failed(0);
		backoff.failed(0, 9_000);
		expect(await clock.run(backoff.waitForSlot())).toBe(9_000);
	});

	it('extends a wait that has begun when another request gets a longer Retry-After', async () => {
		const { clock, backoff } = setUp();
		backoff.failed(0, 2_000);
		const slot = backoff.waitForSlot();
		await clock.advance(1_000);
		backoff.failed(0, 5_000);
		expect(await clock.run(slot)).toBe(6_000);
		expect(clock.sleeps).toEqual([2_000, 4_000]);
	});

	it('has time remaining until the exact millisecond', async () => {
		const { clock, backoff } = setUp();
		backoff.failed(0, 2_000);
		await clock.advance(1_999);
		expect(backoff.remainingMs() > 0).toBe(true);
		await clock.advance(1);
		expect(backoff.remainingMs() > 0).toBe(false);
	});

	it('waits no longer than the given maximum, even if time remains', async () => {
		const { clock, backoff } = setUp();
		backoff.failed(0, 60_000);
		expect(await clock.run(backoff.waitForSlot(undefined, 7_000))).toBe(7_000);
		expect(clock.sleeps).toEqual([7_000]);
		expect(backoff.remainingMs() > 0).toBe(true);
	});

	it('rejects at once when the run is stopped', async () => {
		const { clock, backoff } = setUp();
		const stop = new AbortController();
		backoff.failed(0, 60_000);
		const stopped = rejectionOf(backoff.waitForSlot(stop.signal));
		await clock.advance(1_234);
		stop.abort();
		await flushPromises();
		expect(await stopped).toBeInstanceOf(StoppedError);
		expect(clock.now()).toBe(1_234);
	});

	it('rejects if the run is already stopped', async () => {
		await expect(setUp().backoff.waitForSlot(AbortSignal.abort())).rejects.toBeInstanceOf(
			StoppedError,
		);
	});
});

describe('the end of a pause', () => {
	it('lets a request that waits be sent at once', async () => {
		const clock = new FakeClock();
		const backoff = new Backoff();
		backoff.failed(clock.now());
		const waiting = backoff.waitForSlot();
		await clock.advance(100);
		backoff.endPause();
		expect(backoff.remainingMs()).toBe(0);
		expect(await waiting).toBe(100);
	});

	it('leaves a pause that the server asked for', async () => {
		const clock = new FakeClock();
		const backoff = new Backoff();
		backoff.failed(clock.now(), 5_000);
		const waiting = backoff.waitForSlot();
		await clock.advance(100);
		backoff.endPause();
		expect(backoff.remainingMs()).toBe(4_900);
		expect(await clock.run(waiting)).toBe(5_000);
	});
});
