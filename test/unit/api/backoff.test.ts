import { Pace } from '../../../nodes/Veo/api/backoff';
import { Stopped } from '../../../nodes/Veo/api/transport';
import { everyoneDone, FakeClock, thrownBy } from '../fakes';

function paceAt(nowMs = 0, jitter = 0) {
	const clock = new FakeClock(nowMs, jitter);
	return { clock, pace: new Pace(clock) };
}

/** Fails requests one after the other, and gives the pauses in between. */
async function pausesAfterFailures(times: number, jitter: number): Promise<number[]> {
	const { clock, pace } = paceAt(0, jitter);
	for (let i = 0; i < times; i++) {
		const sentAtMs = await clock.run(pace.turn());
		await clock.advance(1);
		pace.failed(sentAtMs);
	}
	await clock.run(pace.turn());
	return clock.sleeps;
}

describe('the pace of a run', () => {
	it('lets the first request go at once and gives the time', async () => {
		const { clock, pace } = paceAt(1_000);
		expect(pace.tooSoon()).toBe(false);
		expect(await pace.turn()).toBe(1_000);
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
		const { clock, pace } = paceAt();
		pace.failed(await pace.turn());
		pace.failed(await clock.run(pace.turn()));
		await clock.run(pace.turn());
		pace.succeeded();
		pace.failed(clock.now());
		await clock.run(pace.turn());
		expect(clock.sleeps).toEqual([500, 1000, 500]);
	});

	it('obeys Retry-After where it is longer than the pause, and only there', async () => {
		const { clock, pace } = paceAt();
		pace.failed(await pace.turn(), 20_000);
		pace.failed(await clock.run(pace.turn()), 10);
		expect(await clock.run(pace.turn())).toBe(21_000);
		expect(clock.sleeps).toEqual([20_000, 1_000]);
	});

	it('never forgets a longer Retry-After for a shorter one', async () => {
		const { clock, pace } = paceAt();
		pace.failed(0, 20_000);
		pace.failed(0, 5_000);
		expect(await clock.run(pace.turn())).toBe(20_000);
	});

	it('is slowed once by all that was sent before the slowing', async () => {
		const { clock, pace } = paceAt(0, 1);
		const sentAtMs = await Promise.all([pace.turn(), pace.turn(), pace.turn()]);
		await clock.advance(30);
		for (const at of sentAtMs) pace.failed(at);
		expect(await clock.run(pace.turn())).toBe(1_030);

		pace.failed(1_030);
		expect(await clock.run(pace.turn())).toBe(3_030);
	});

	it('takes the Retry-After of each of them all the same', async () => {
		const { clock, pace } = paceAt();
		pace.failed(0);
		pace.failed(0, 9_000);
		expect(await clock.run(pace.turn())).toBe(9_000);
	});

	it('holds back whoever is waiting already when it slows down more', async () => {
		const { clock, pace } = paceAt();
		pace.failed(0, 2_000);
		const turn = pace.turn();
		await clock.advance(1_000);
		pace.failed(0, 5_000);
		expect(await clock.run(turn)).toBe(6_000);
		expect(clock.sleeps).toEqual([2_000, 4_000]);
	});

	it('is too soon until the very millisecond', async () => {
		const { clock, pace } = paceAt();
		pace.failed(0, 2_000);
		await clock.advance(1_999);
		expect(pace.tooSoon()).toBe(true);
		await clock.advance(1);
		expect(pace.tooSoon()).toBe(false);
	});

	it('waits no longer than asked, even where it is still too soon then', async () => {
		const { clock, pace } = paceAt();
		pace.failed(0, 60_000);
		expect(await clock.run(pace.turn(undefined, 7_000))).toBe(7_000);
		expect(clock.sleeps).toEqual([7_000]);
		expect(pace.tooSoon()).toBe(true);
	});

	it('ends at once when the run is stopped', async () => {
		const { clock, pace } = paceAt();
		const stop = new AbortController();
		pace.failed(0, 60_000);
		const stopped = thrownBy(pace.turn(stop.signal));
		await clock.advance(1_234);
		stop.abort();
		await everyoneDone();
		expect(await stopped).toBeInstanceOf(Stopped);
		expect(clock.now()).toBe(1_234);
	});

	it('lets nothing go once the run is stopped', async () => {
		expect(await thrownBy(paceAt().pace.turn(AbortSignal.abort()))).toBeInstanceOf(Stopped);
	});
});
