import { Backoff } from '../../../nodes/Veo/api/backoff';
import { StoppedError } from '../../../nodes/Veo/errors/VeoError';
import { everyoneDone, FakeClock, thrownBy } from '../fakes';

function paceAt(nowMs = 0, jitter = 0) {
	const clock = new FakeClock(nowMs, jitter);
	return { clock, backoff: new Backoff() };
}

/** Fails requests one after the other, and gives the pauses in between. */
async function pausesAfterFailures(times: number, jitter: number): Promise<number[]> {
	const { clock, backoff } = paceAt(0, jitter);
	for (let i = 0; i < times; i++) {
		const sentAtMs = await clock.run(backoff.waitForSlot());
		await clock.advance(1);
		backoff.failed(sentAtMs);
	}
	await clock.run(backoff.waitForSlot());
	return clock.sleeps;
}

describe('the backoff of a run', () => {
	it('lets the first request go at once and gives the time', async () => {
		const { clock, backoff } = paceAt(1_000);
		expect(backoff.remainingMs() > 0).toBe(false);
		expect(await backoff.waitForSlot()).toBe(1_000);
		expect(clock.sleeps).toEqual([]);
	});

	it('doubles the pause with each failure in a row, up to a minute', async () => {
		// A jitter of 1 is the whole pause, one of 0 is half of it.
		const whole = [1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1000);
		expect(await pausesAfterFailures(8, 1)).toEqual(whole);
		expect(await pausesAfterFailures(8, 0)).toEqual(whole.map((ms) => ms / 2));
		expect(await pausesAfterFailures(3, 0.5)).toEqual([750, 1500, 3000]);
	});

	it('begins anew after a success', async () => {
		const { clock, backoff } = paceAt();
		backoff.failed(await backoff.waitForSlot());
		backoff.failed(await clock.run(backoff.waitForSlot()));
		await clock.run(backoff.waitForSlot());
		backoff.succeeded();
		backoff.failed(clock.now());
		await clock.run(backoff.waitForSlot());
		expect(clock.sleeps).toEqual([500, 1000, 500]);
	});

	it('obeys Retry-After where it is longer than the pause, and only there', async () => {
		const { clock, backoff } = paceAt();
		backoff.failed(await backoff.waitForSlot(), 20_000);
		backoff.failed(await clock.run(backoff.waitForSlot()), 10);
		expect(await clock.run(backoff.waitForSlot())).toBe(21_000);
		expect(clock.sleeps).toEqual([20_000, 1_000]);
	});

	it('never forgets a longer Retry-After for a shorter one', async () => {
		const { clock, backoff } = paceAt();
		backoff.failed(0, 20_000);
		backoff.failed(0, 5_000);
		expect(await clock.run(backoff.waitForSlot())).toBe(20_000);
	});

	it('is slowed once by all that was sent before the slowing', async () => {
		const { clock, backoff } = paceAt(0, 1);
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

	it('takes the Retry-After of each of them all the same', async () => {
		const { clock, backoff } = paceAt();
		backoff.failed(0);
		backoff.failed(0, 9_000);
		expect(await clock.run(backoff.waitForSlot())).toBe(9_000);
	});

	it('holds back whoever is waiting already when it slows down more', async () => {
		const { clock, backoff } = paceAt();
		backoff.failed(0, 2_000);
		const turn = backoff.waitForSlot();
		await clock.advance(1_000);
		backoff.failed(0, 5_000);
		expect(await clock.run(turn)).toBe(6_000);
		expect(clock.sleeps).toEqual([2_000, 4_000]);
	});

	it('is too soon until the very millisecond', async () => {
		const { clock, backoff } = paceAt();
		backoff.failed(0, 2_000);
		await clock.advance(1_999);
		expect(backoff.remainingMs() > 0).toBe(true);
		await clock.advance(1);
		expect(backoff.remainingMs() > 0).toBe(false);
	});

	it('waits no longer than asked, even where it is still too soon then', async () => {
		const { clock, backoff } = paceAt();
		backoff.failed(0, 60_000);
		expect(await clock.run(backoff.waitForSlot(undefined, 7_000))).toBe(7_000);
		expect(clock.sleeps).toEqual([7_000]);
		expect(backoff.remainingMs() > 0).toBe(true);
	});

	it('ends at once when the run is stopped', async () => {
		const { clock, backoff } = paceAt();
		const stop = new AbortController();
		backoff.failed(0, 60_000);
		const stopped = thrownBy(backoff.waitForSlot(stop.signal));
		await clock.advance(1_234);
		stop.abort();
		await everyoneDone();
		expect(await stopped).toBeInstanceOf(StoppedError);
		expect(clock.now()).toBe(1_234);
	});

	it('lets nothing go once the run is stopped', async () => {
		expect(await thrownBy(paceAt().backoff.waitForSlot(AbortSignal.abort()))).toBeInstanceOf(
			StoppedError,
		);
	});
});
