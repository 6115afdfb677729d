import { CheckPlan } from '../../../nodes/Veo/jobs/checkPlan';
import { Experience } from '../../../nodes/Veo/jobs/experience';

const NOW = 1_000_000;
const INTERVAL_MS = 10_000;

/** A plan of a job that was accepted at `NOW`. */
function planOf({ verdicts = 0, acceptedAtMs = NOW as number | undefined } = {}) {
	const experience = new Experience();
	for (let i = 0; i < verdicts; i++) experience.addVerdict(true);
	const plan = new CheckPlan(experience, INTERVAL_MS, acceptedAtMs);
	/** The next check after an answer so long after `NOW`: its pause and when the job is likely to end. */
	const next = (ms: number, fields?: object) => {
		const { pauseMs, endMs } = plan.next(
			fields && { uuid: 'v-1', status: 'processing', ...fields },
			NOW + ms,
		);
		return [Math.round(pauseMs), Math.round(endMs - NOW)];
	};
	const ended = (ms: number, status = 'completed') => plan.ended({ uuid: 'v-1', status }, NOW + ms);
	return { experience, plan, next, ended };
}

describe('A job about whose end nothing is known', () => {
	it.each<[string, object | undefined]>([
		['says nothing', {}],
		['failed', undefined],
		['has an estimate that is no number', { estimatedTime: 'soon' }],
		['has an empty estimate', { estimatedTime: ' ' }],
		['has a negative estimate', { estimatedTime: -1 }],
		['has an estimate without end', { estimatedTime: Infinity }],
		['has an estimate of another kind', { estimatedTime: [30] }],
		['has its first progress', { progress: 10 }],
		['has a progress of 100', { progress: 100 }],
		['has a negative progress', { progress: -5 }],
	])('is checked after the interval if the check %s', (_, fields) => {
		expect(planOf({ verdicts: 3 }).next(1_000, fields)).toEqual([10_000, 11_000]);
	});

	it('is checked after the interval as long as its progress stays as it is', () => {
		const { next } = planOf();
		expect(next(0, { progress: 10 })).toEqual([10_000, 10_000]);
		expect(next(10_000, { progress: 10 })).toEqual([10_000, 20_000]);
	});
});

describe('An estimate', () => {
	it.each([40, '40', ' 40 '])('is trusted the third time that it agrees: %j', (first) => {
		const { next } = planOf();
		expect(next(0, { estimatedTime: first })).toEqual([10_000, 10_000]);
		expect(next(10_000, { estimatedTime: 30 })[0]).toBeGreaterThan(9_000);
		// The job is expected at 40 s, and 20 s of agreement allow a pause of 40 s.
		expect(next(20_000, { estimatedTime: 20 })).toEqual([20_000, 40_000]);
	});

	it('is not trusted after one that differs by more than two seconds', () => {
		const { next } = planOf();
		next(0, { estimatedTime: 40 });
		next(10_000, { estimatedTime: 30 });
		expect(next(20_000, { estimatedTime: 23 })).toEqual([10_000, 30_000]);
		const { next: nextOf } = planOf();
		nextOf(0, { estimatedTime: 40 });
		nextOf(10_000, { estimatedTime: 30 });
		expect(nextOf(20_000, { estimatedTime: 22 })).not.toEqual([10_000, 30_000]);
	});

	it('allows a pause of twice the time for which estimates have agreed', () => {
		const { next } = planOf();
		next(0, { estimatedTime: 300 });
		next(10_000, { estimatedTime: 290 });
		// Half a second more, so that a rounded estimate says in which half of a second the job ends.
		expect(next(20_000, { estimatedTime: 280 })).toEqual([40_500, 300_000]);
	});

	it('is forgotten when progress goes back', () => {
		const { next } = planOf();
		next(0, { progress: 10, estimatedTime: 40 });
		next(10_000, { progress: 20, estimatedTime: 30 });
		expect(next(20_000, { progress: 15, estimatedTime: 20 })).toEqual([10_000, 30_000]);
		expect(next(30_000, { progress: 20, estimatedTime: 10 })).toEqual([10_000, 40_000]);
	});

	it('is trusted at once where those of other jobs have proved right', () => {
		expect(planOf({ verdicts: 3 }).next(0, { estimatedTime: 40 })).toEqual([40_000, 40_000]);
		expect(planOf({ verdicts: 3 }).next(0, { estimatedTime: 60 })).toEqual([60_000, 60_000]);
		expect(planOf({ verdicts: 3 }).next(0, { estimatedTime: 61 })).toEqual([31_500, 61_000]);
		expect(planOf({ verdicts: 3 }).next(0, { estimatedTime: 100 })).toEqual([50_500, 100_000]);
	});

	it.each([1_900, 110_000, 99_999_999])(
		'of %i s is checked after 75 s at first, then after half of the time, then after five minutes',
		(estimatedTime) => {
			const { next } = planOf({ verdicts: 3 });
			// Half a second more, so that a rounded estimate says in which half of a second the job ends.
			const pauseAt = (ms: number) => next(ms, { estimatedTime: estimatedTime - ms / 1000 })[0];
			expect(pauseAt(0)).toBe(75_500);
			expect(pauseAt(100_000)).toBe(75_500);
			expect(pauseAt(200_000)).toBe(100_500);
			expect(pauseAt(900_000)).toBe(300_500);
		},
	);

	it('may be awaited for up to an interval longer', () => {
		const pauseOf = (estimatedTime: number) =>
			planOf({ verdicts: 3 }).next(0, { estimatedTime })[0];
		expect(pauseOf(168)).toBe(84_500);
		expect(pauseOf(170)).toBe(75_500);
	});

	it('may be awaited for the interval, however long that is', () => {
		const plan = new CheckPlan(planOf({ verdicts: 3 }).experience, 200_000, NOW);
		const video = { uuid: 'v-1', status: 'processing', estimatedTime: 99_999 };
		expect(plan.next(video, NOW).pauseMs).toBe(200_500);
	});

	it.each([
		[4, 40_500],
		[5, 9_500],
	])('is believed less where those of other jobs have proved wrong: %i', (wrong, pauseMs) => {
		const { experience, next } = planOf({ verdicts: 3 });
		for (let i = 0; i < wrong; i++) experience.addVerdict(false);
		next(0, { estimatedTime: 300 });
		next(10_000, { estimatedTime: 290 });
		expect(next(20_000, { estimatedTime: 280 })[0]).toBe(pauseMs);
	});

	it('never leads to a check within five seconds, nor to an end in the past', () => {
		expect(planOf({ verdicts: 3 }).next(0, { estimatedTime: 0 })).toEqual([5_000, 0]);
		expect(planOf({ verdicts: 3 }).next(0, { estimatedTime: 4 })).toEqual([5_000, 4_000]);
	});
});

describe('Progress', () => {
	it('is trusted the second time that it leads to the same end', () => {
		const { next } = planOf();
		next(0, { progress: 0 });
		expect(next(10_000, { progress: 10 })).toEqual([10_000, 20_000]);
		// 80 s are left, 20 s were watched: at most 40 s.
		expect(next(20_000, { progress: 20 })).toEqual([40_000, 100_000]);
		// 40 s are left: 80 % of them, as more than 15 s are left.
		expect(next(60_000, { progress: 60 })).toEqual([32_000, 100_000]);
		expect(next(92_000, { progress: 92 })).toEqual([8_000, 100_000]);
	});

	it('is not trusted where it leads to another end', () => {
		const { next } = planOf();
		next(0, { progress: 0 });
		next(10_000, { progress: 10 });
		expect(next(20_000, { progress: 60 })).toEqual([10_000, 30_000]);
	});

	it('is trusted at once where that of other jobs has proved right', () => {
		const { next } = planOf({ verdicts: 3 });
		next(0, { progress: 0 });
		expect(next(10_000, { progress: 10 })).toEqual([72_000, 100_000]);
	});

	it('is measured from the end of a queue', () => {
		const { next } = planOf({ verdicts: 3 });
		for (let ms = 0; ms <= 300_000; ms += 10_000) next(ms, { progress: 0 });
		expect(next(310_000, { progress: 10 })).toEqual([72_000, 400_000]);
	});

	it('may be one percent off, in what was made and in what is left', () => {
		const { next } = planOf();
		next(0, { progress: 0 });
		next(1_000_000, { progress: 50 });
		// 20 s for a percent that was made, 20 s for one that is left, and 2 s.
		expect(next(1_020_000, { progress: 50 })[0]).toBeGreaterThan(10_000);
		next(1_040_000, { progress: 52 });
		expect(next(1_100_000, { progress: 52 })).toEqual([10_000, 1_110_000]);
	});

	it('counts as unchanged in an answer without it, which contradicts the end before', () => {
		const { next } = planOf({ verdicts: 3 });
		next(0, { progress: 0 });
		next(10_000, { progress: 10 });
		expect(next(20_000, {})).toEqual([10_000, 30_000]);
	});
});

describe('The end of a job', () => {
	/** Whether three jobs that first said 30 s and were found final at `endMs`, last open before, make estimates trusted. */
	const isTrustedAfter = (openMs: number, endMs: number, estimatedTime = 30) => {
		const { experience } = planOf();
		for (let jobs = 0; jobs < 3; jobs++) {
			const plan = new CheckPlan(experience, INTERVAL_MS, NOW);
			const video = { uuid: 'v-1', status: 'processing' };
			plan.next({ ...video, estimatedTime }, NOW);
			plan.next(video, NOW + openMs);
			plan.ended({ uuid: 'v-1', status: 'failed' }, NOW + endMs);
		}
		return experience.isTrusted;
	};

	it.each([
		[20_000, 30_000, true],
		[20_000, 27_000, true],
		[10_000, 26_000, false],
		[33_000, 40_000, true],
		[34_000, 40_000, false],
	])(
		'between %i and %i ms proves an estimate of 30 s right, give or take a part: %p',
		(openMs, endMs, isTrusted) => {
			expect(isTrustedAfter(openMs, endMs)).toBe(isTrusted);
		},
	);

	it('proves nothing about an estimate of less than 15 s', () => {
		expect(isTrustedAfter(5_000, 14_000, 14)).toBe(false);
		expect(isTrustedAfter(5_000, 15_000, 15)).toBe(true);
	});

	it.each([
		[100, [true, true, true], false],
		[100, [true, true, true, true], true],
		[100, [true, true, true, true, false], false],
		[10_000_000, [true, true, true], false],
	])(
		'proves an estimate of a later end wrong, %i s after the last check, also after %j',
		(seconds, verdicts, isTrusted) => {
			const { experience, next, ended } = planOf();
			for (const verdict of verdicts) experience.addVerdict(verdict);
			next(0, { estimatedTime: seconds * 2 });
			ended(seconds * 1000);
			expect(experience.isTrusted).toBe(isTrusted);
		},
	);

	it('proves nothing right after a long time without checks', () => {
		const { experience, next, ended } = planOf();
		experience.addVerdict(true);
		experience.addVerdict(true);
		next(0, { estimatedTime: 60 });
		ended(1_000_000);
		expect(experience.isTrusted).toBe(false);
	});

	it('is compared with the first end from progress that was not coarse', () => {
		const { experience, next, ended } = planOf();
		experience.addVerdict(true);
		experience.addVerdict(true);
		next(0, { progress: 0 });
		next(10_000, { progress: 1 });
		next(100_000, { progress: 40 });
		next(200_000, { progress: 50 });
		next(240_000, { progress: 96 });
		ended(250_000);
		expect(experience.isTrusted).toBe(true);
	});

	it('says how long a completed video took, if it was checked within two pauses before', () => {
		const after = (openMs: number, endMs: number, status?: string, acceptedAtMs?: number) => {
			const experience = new Experience();
			for (let jobs = 0; jobs < 20; jobs++) {
				const plan = new CheckPlan(experience, INTERVAL_MS, acceptedAtMs);
				plan.next({ uuid: 'v-1', status: 'processing' }, NOW + openMs);
				plan.ended({ uuid: 'v-1', status: status ?? 'completed' }, NOW + endMs);
			}
			return experience.window?.fromMs;
		};
		expect(after(0, 100_000, 'completed', NOW)).toBeCloseTo(95_000);
		expect(after(80_000, 200_000, 'completed', NOW)).toBeCloseTo(190_000);
		expect(after(50_000, 200_000, 'completed', NOW)).toBeCloseTo(190_000);
		expect(after(49_999, 200_000, 'completed', NOW)).toBeUndefined();
		expect(after(0, 100_000, 'failed', NOW)).toBeUndefined();
		expect(after(0, 100_000, 'completed')).toBeUndefined();
	});
});
