import { VeoClient } from '../../../nodes/Veo/api/client';
import { keyRefusedWhileWaiting, waitTimedOut } from '../../../nodes/Veo/errors/messages';
import { OUTCOMES } from '../../../nodes/Veo/errors/outcome';
import { Backoff } from '../../../nodes/Veo/api/backoff';
import { StoppedError } from '../../../nodes/Veo/errors/VeoError';
import { JobWaiter } from '../../../nodes/Veo/jobs/wait';
import {
	type Answerer,
	FakeClock,
	flushPromises,
	hanging,
	json,
	REPLIES,
	type Reply,
	scripted,
	status,
	rejectionOf,
	tooMany,
	transportOf,
} from '../fakes';

const MINUTE = 60_000;

interface Options {
	intervalMs?: number;
	maxWaitMs?: number;
	signal?: AbortSignal;
}

const stops: AbortController[] = [];
afterEach(() => stops.splice(0).forEach((stop) => stop.abort()));

function setUp(answers: Array<Reply | Answerer> | Answerer, options: Options = {}) {
	const clock = new FakeClock();
	const server = typeof answers === 'function' ? transportOf(answers) : scripted(...answers);
	const stop = new AbortController();
	stops.push(stop);
	const waiter = new JobWaiter({
		client: new VeoClient(server.send),
		backoff: new Backoff(),
		intervalMs: 5_000,
		maxWaitMs: MINUTE,
		signal: stop.signal,
		...options,
	});
	return {
		clock,
		...server,
		waiter,
		wait: async (uuid = 'v-1') => await waiter.wait({ uuid }),
	};
}

const pending = status('pending');
const completed = status('completed', { videoUrl: 'https://x.test/v.mp4' });

describe('waiting for a job', () => {
	it('ends after the first check if the job is finished', async () => {
		const { clock, wait, times, sent } = setUp([completed]);
		expect(await clock.run(wait())).toEqual({
			ended: 'final',
			last: { uuid: 'v-1', status: 'completed', videoUrl: 'https://x.test/v.mp4' },
		});
		expect(times()).toEqual([0]);
		expect(sent[0]?.request).toEqual({ method: 'GET', path: '/video-status/v-1' });
	});

	it('checks at each interval until the job is finished', async () => {
		const { clock, wait, times } = setUp([pending, status('processing'), pending, completed]);
		expect(await clock.run(wait())).toMatchObject({
			ended: 'final',
			last: { status: 'completed' },
		});
		expect(times()).toEqual([0, 5_000, 10_000, 15_000]);
	});

	it('ends if the job failed and returns the reason', async () => {
		const { clock, wait } = setUp([pending, status('failed', { error: 'Blocked' })]);
		expect(await clock.run(wait())).toEqual({
			ended: 'final',
			last: { uuid: 'v-1', status: 'failed', errorMessage: 'Blocked' },
		});
	});

	it('makes the last check at the end of the wait', async () => {
		const { clock, wait, times } = setUp(() => pending, { maxWaitMs: 12_000 });
		expect(await clock.run(wait())).toEqual({
			ended: 'timeout',
			last: { uuid: 'v-1', status: 'pending' },
			lastOutcome: undefined,
		});
		expect(times()).toEqual([0, 5_000, 10_000, 12_000]);
	});

	it('finds a video that is finished at the end of the wait', async () => {
		const { clock, wait } = setUp([pending, pending, completed], { maxWaitMs: 7_000 });
		expect(await clock.run(wait())).toMatchObject({ ended: 'final' });
		expect(clock.now()).toBe(7_000);
	});

	it('does not check twice if the end falls on an interval', async () => {
		const { clock, wait, times } = setUp(() => pending, { maxWaitMs: 10_000 });
		expect(await clock.run(wait())).toMatchObject({ ended: 'timeout' });
		expect(times()).toEqual([0, 5_000, 10_000]);
	});

	it('checks at the start and at the end if the wait is shorter than an interval', async () => {
		const { clock, wait, times } = setUp(() => pending, { maxWaitMs: 1_000 });
		await clock.run(wait());
		expect(times()).toEqual([0, 1_000]);
	});

	it('counts the interval from the end of the previous answer', async () => {
		const slow: Answerer = async () => {
			await clock.pass(3_000);
			return pending;
		};
		const { clock, wait, times } = setUp([slow, slow, completed]);
		await clock.run(wait());
		expect(times()).toEqual([0, 8_000, 16_000]);
	});

	it('ends without another check if an answer arrives after the end of the wait', async () => {
		const slow: Answerer = async () => {
			await clock.pass(9_000);
			return status('processing');
		};
		const { clock, wait, times } = setUp([slow], { maxWaitMs: 8_000 });
		expect(await clock.run(wait())).toMatchObject({
			ended: 'timeout',
			last: { status: 'processing' },
		});
		expect(times()).toEqual([0]);
	});

	it.each(['queued', 'rendering', 'COMPLETED', 'done', 'constructor', ''])(
		'goes on after the unknown status %j',
		async (name) => {
			const { clock, wait } = setUp([status(name), completed]);
			expect(await clock.run(wait())).toMatchObject({ ended: 'final' });
			expect(clock.now()).toBe(5_000);
		},
	);

	it('does not depend on when the API says that it accepted the job', async () => {
		for (const createdAt of [{ toString: null }, [], 'yesterday', -1]) {
			const { clock, waiter } = setUp([completed]);
			const waited = waiter.wait({ uuid: 'v-1', createdAt });
			expect(await clock.run(waited)).toMatchObject({ ended: 'final' });
		}
	});

	it('goes on after decreasing progress, invalid fields and missing fields', async () => {
		const { clock, wait } = setUp([
			status('processing', { progress: 80, estimatedTime: 4 }),
			status('processing', { progress: 20, estimatedTime: -1 }),
			status('processing', { progress: 'lots', estimatedTime: null, unknownField: [{}] }),
			json(200, { code: 0, data: { status: 'pending' } }),
			completed,
		]);
		expect(await clock.run(wait())).toMatchObject({ ended: 'final' });
	});
});

describe('a failed check', () => {
	const refusals = ['http401', 'http403', 'code1002'] as const;

	it.each(OUTCOMES.filter((name) => !refusals.some((refusal) => refusal === name)))(
		'does not end the wait: %s',
		async (name) => {
			const { clock, wait } = setUp([pending, REPLIES[name], completed]);
			expect(await clock.run(wait())).toMatchObject({ ended: 'final' });
			expect(clock.now()).toBe(10_000);
		},
	);

	it.each(refusals)('ends the wait if the key is refused: %s', async (name) => {
		const { clock, wait, times } = setUp([status('processing'), REPLIES[name]]);
		const waited = await clock.run(wait());
		expect(waited).toMatchObject({
			ended: 'keyRefused',
			last: { uuid: 'v-1', status: 'processing' },
			lastOutcome: { name },
		});
		expect(times()).toEqual([0, 5_000]);

		if (waited.ended !== 'keyRefused') throw new Error('Expected a refused key');
		const { fullText } = keyRefusedWhileWaiting('v-1', waited.last?.status, waited.lastOutcome);
		expect(fullText).toMatch(/video v-1 .*'processing'.*Get Status/);
	});

	it('ends the wait at the first check if the key is refused', async () => {
		const { clock, wait } = setUp([REPLIES.http401]);
		const waited = await clock.run(wait());
		expect(waited).toMatchObject({ ended: 'keyRefused', last: undefined });
	});

	it('slows down the checks and is returned as the last outcome', async () => {
		const { clock, wait, times } = setUp(() => REPLIES.http5xx, { maxWaitMs: 2 * MINUTE });
		const waited = await clock.run(wait());
		expect(waited).toMatchObject({
			ended: 'timeout',
			last: undefined,
			lastOutcome: { name: 'http5xx', httpStatus: 502 },
		});
		// From the tenth failure on, the API counts as down. Pauses of up to 4 s are shorter than the interval.
		expect(times()).toEqual([
			...Array.from({ length: 14 }, (_, index) => index * 5_000),
			73_000,
			89_000,
			119_000,
		]);
	});

	it('no longer slows down the checks after a successful one', async () => {
		const down = Array.from({ length: 6 }, () => REPLIES.refused);
		const { clock, wait, times } = setUp([...down, pending, REPLIES.refused, pending, completed]);
		await clock.run(wait());
		expect(times()).toEqual([
			0, 5_000, 10_000, 15_000, 20_000, 28_000, 44_000, 49_000, 54_000, 59_000,
		]);
	});

	it('does not replace the last known status', async () => {
		const { clock, wait } = setUp([status('processing', { progress: 40 }), tooMany(), tooMany()], {
			maxWaitMs: 10_000,
		});
		expect(await clock.run(wait())).toMatchObject({
			ended: 'timeout',
			last: { status: 'processing', progress: 40 },
			lastOutcome: { name: 'http429' },
		});
	});

	it('is not returned as the last outcome after a successful check', async () => {
		const { clock, wait } = setUp([REPLIES.reset, pending], { maxWaitMs: 5_000 });
		const waited = await clock.run(wait());
		expect(waited).toEqual({
			ended: 'timeout',
			last: { uuid: 'v-1', status: 'pending' },
			lastOutcome: undefined,
		});
		expect(waitTimedOut('v-1', waited.last?.status, 5_000).fullText).toMatch(/v-1.*'pending'/);
	});
});

describe('Retry-After', () => {
	it('is obeyed to the millisecond, then the interval applies again', async () => {
		const { clock, wait, times } = setUp([tooMany('20'), pending, completed]);
		await clock.run(wait());
		expect(times()).toEqual([0, 20_000, 25_000]);
	});

	it('has no effect if it is shorter than the interval', async () => {
		const { clock, wait, times } = setUp([tooMany('2'), completed]);
		await clock.run(wait());
		expect(times()).toEqual([0, 5_000]);
	});

	it('beyond the end of the wait prevents further checks', async () => {
		const { clock, wait, times } = setUp([pending, tooMany('86400')]);
		expect(await clock.run(wait())).toMatchObject({
			ended: 'timeout',
			last: { status: 'pending' },
			lastOutcome: { name: 'http429', retryAfterMs: 86_400_000 },
		});
		expect(times()).toEqual([0, 5_000]);
		expect(clock.now()).toBe(MINUTE);
	});

	it('up to the end of the wait allows a last check', async () => {
		const { clock, wait, times } = setUp([tooMany('60'), completed]);
		expect(await clock.run(wait())).toMatchObject({ ended: 'final' });
		expect(times()).toEqual([0, 60_000]);
	});
});

describe('parallel jobs', () => {
	it('are each checked at every interval', async () => {
		const checks = new Map<string, number>();
		const { clock, wait, times } = setUp(({ path }) => {
			const nth = (checks.get(path) ?? 0) + 1;
			checks.set(path, nth);
			return nth < 4 ? pending : completed;
		});
		const uuids = Array.from({ length: 20 }, (_, index) => `v-${index}`);
		const all = await clock.run(Promise.all(uuids.map(async (uuid) => await wait(uuid))));
		expect(all.map(({ last }) => last?.uuid)).toEqual(uuids);
		expect(clock.now()).toBeLessThan(18_000);
		expect(times()).toHaveLength(80);
	});

	it('all obey the Retry-After of one check', async () => {
		let refusals = 1;
		const { clock, wait, sent } = setUp(({ path }) => {
			if (path.endsWith('v-2') && refusals-- > 0) return tooMany('20');
			return clock.now() < 20_000 ? pending : completed;
		});
		await clock.run(Promise.all(['v-1', 'v-2', 'v-3'].map(async (uuid) => await wait(uuid))));
		expect(sent.map(({ request }) => request.path.slice(-3))).toEqual([
			...['v-1', 'v-2', 'v-3'],
			...['v-1', 'v-2', 'v-3'],
		]);
		expect(sent.slice(3).every(({ atMs }) => atMs >= 20_000)).toBe(true);
	});

	it('are checked in turn, so that the API gets ten checks a second at first', async () => {
		const { clock, wait, times } = setUp(() => completed);
		const uuids = Array.from({ length: 30 }, (_, index) => `v-${index}`);
		await clock.run(Promise.all(uuids.map(async (uuid) => await wait(uuid))));
		expect(times().filter((ms) => ms < 1_000).length).toBeLessThanOrEqual(13);
	});

	it('of several items share the checks of one job, each with its own time', async () => {
		const { clock, wait, times } = setUp(() => (clock.now() < 63_000 ? pending : completed));
		const first = wait();
		await clock.advance(7_000);
		expect(await clock.run(Promise.all([first, wait(), wait()]))).toMatchObject([
			{ ended: 'timeout' },
			{ ended: 'final' },
			{ ended: 'final' },
		]);
		// One check each 5 seconds, then the last one at the end of the first wait.
		expect(times()).toHaveLength(15);
	});

	it('learn from each other how far estimates are right', async () => {
		const doneMs = new Map<string, number>();
		const checks: number[] = [];
		const { clock, wait } = setUp(
			({ path }) => {
				const endMs = doneMs.get(path) ?? clock.now() + 120_000;
				doneMs.set(path, endMs);
				const leftMs = endMs - clock.now();
				checks[Number(path.slice(-1))] = (checks[Number(path.slice(-1))] ?? 0) + 1;
				return leftMs <= 0 ? completed : status('processing', { estimatedTime: leftMs / 1000 });
			},
			{ maxWaitMs: 10 * MINUTE },
		);
		for (let index = 0; index < 4; index++) await clock.run(wait(`v-${index}`));
		expect(checks[0]).toBeGreaterThanOrEqual(5);
		expect(checks[3]).toBe(3);
	});
});

describe('the last check', () => {
	it('does not wait for the rate without end', async () => {
		const { clock, wait, times } = setUp(hanging, { maxWaitMs: 6_000 });
		const uuids = Array.from({ length: 30 }, (_, index) => `v-${index}`);
		const all = uuids.map(async (uuid) => await wait(uuid));
		const late = all.slice(25);
		expect(await clock.run(Promise.all(late))).toHaveLength(5);
		expect(clock.now()).toBeGreaterThanOrEqual(16_000);
		expect(clock.now()).toBeLessThanOrEqual(18_000);
		expect(times()).toHaveLength(25);
		const stopped = Promise.allSettled(all.slice(0, 25));
		stops.forEach((stop) => stop.abort());
		await clock.run(stopped);
	});
});

describe('Stop', () => {
	it('ends the wait at once during a sleep', async () => {
		const stop = new AbortController();
		const { clock, wait, times } = setUp(() => pending, { signal: stop.signal });
		const stopped = rejectionOf(wait());
		await clock.advance(6_000);
		stop.abort();
		await flushPromises();
		expect(await stopped).toBeInstanceOf(StoppedError);
		expect(clock.now()).toBe(6_000);
		expect(times()).toEqual([0, 5_000]);
	});

	it('ends the wait during a backoff', async () => {
		const stop = new AbortController();
		const { clock, wait, times } = setUp(() => tooMany('50'), { signal: stop.signal });
		const stopped = rejectionOf(wait());
		await clock.advance(20_000);
		stop.abort();
		expect(await stopped).toBeInstanceOf(StoppedError);
		expect(times()).toEqual([0]);
	});

	it('ends the wait during a request', async () => {
		const stop = new AbortController();
		const { clock, wait } = setUp(hanging, { signal: stop.signal });
		const stopped = rejectionOf(wait());
		await clock.advance(1_000);
		stop.abort();
		expect(await stopped).toBeInstanceOf(StoppedError);
	});

	it('prevents the first check if it comes before it', async () => {
		const { clock, wait, sent } = setUp([], { signal: AbortSignal.abort() });
		await expect(clock.run(wait())).rejects.toBeInstanceOf(StoppedError);
		expect(sent).toEqual([]);
	});
});
