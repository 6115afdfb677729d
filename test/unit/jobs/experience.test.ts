import { CheckPlan } from '../../../nodes/Veo/jobs/checkPlan';
import { Experience } from '../../../nodes/Veo/jobs/experience';

const DURATION_MS = 100_000;

function experienced({ durations = 20, hints = [] }: { durations?: number; hints?: boolean[] }) {
	const experience = new Experience();
	for (let i = 0; i < durations; i++) experience.addDuration(DURATION_MS);
	for (const hint of hints) experience.addHinted(hint);
	return experience;
}

const processing = { uuid: 'v-1', status: 'processing' };

/** The pause of a job without estimates, so long after its acceptance. */
const pauseAt = (ms: number, experience: Experience) =>
	new CheckPlan(experience, 10_000, 1).next(processing, ms + 1).pauseMs;

describe('The window in which jobs end', () => {
	it('needs 20 durations, and forgets those before the last 50', () => {
		expect(experienced({ durations: 19 }).window).toBeUndefined();
		const experience = experienced({});
		expect(experience.window?.fromMs).toBeCloseTo(95_000);
		expect(experience.window?.toMs).toBeCloseTo(110_000);
		for (let i = 0; i < 50; i++) experience.addDuration(200_000);
		expect(experience.window?.fromMs).toBeCloseTo(190_000);
		expect(experience.window?.toMs).toBeCloseTo(220_000);
	});

	it('lies between the fastest and the slowest job, give or take a part', () => {
		const experience = experienced({ durations: 18 });
		experience.addDuration(80_000);
		experience.addDuration(120_000);
		expect(experience.window?.fromMs).toBeCloseTo(76_000);
		expect(experience.window?.toMs).toBeCloseTo(132_000);
	});

	it('ignores durations that are not positive', () => {
		const experience = experienced({ durations: 19 });
		for (const ms of [0, -1, NaN]) experience.addDuration(ms);
		expect(experience.window).toBeUndefined();
	});

	it.each([
		[[], 5_000],
		[[true, true], 5_000],
		[[true, true, true], 10_000],
		[[true, true, true, true, false], 10_000],
		[[true, true, true, false], 5_000],
		[[...Array.from({ length: 20 }, () => true), ...Array.from({ length: 5 }, () => false)], 5_000],
	])('is checked more rarely where hints have told of the ends: %j', (hints, pauseMs) => {
		expect(pauseAt(100_000, experienced({ hints }))).toBe(pauseMs);
	});

	it('is reached with one check on the way, and left after its end', () => {
		const experience = experienced({});
		expect(pauseAt(1_000, experience)).toBeCloseTo(47_000);
		expect(pauseAt(40_000, experience)).toBeCloseTo(55_000);
		expect(pauseAt(111_000, experience)).toBe(10_000);
	});
});

/** Ten jobs, one after the other, where predictions have proved right: how late each is found, and its checks. */
function tenJobs(endMs: number, fields: (ms: number) => object) {
	const experience = new Experience();
	for (let i = 0; i < 10; i++) experience.addVerdict(true);
	const jobs = Array.from({ length: 10 }, () => {
		const plan = new CheckPlan(experience, 10_000, 0);
		let nowMs = 0;
		let checks = 1;
		for (; nowMs < endMs; checks++) {
			nowMs += plan.next({ ...processing, ...fields(nowMs) }, nowMs).pauseMs;
		}
		plan.ended({ uuid: 'v-1', status: 'completed' }, nowMs);
		return { lateMs: nowMs - endMs, checks };
	});
	return { experience, jobs };
}

describe('Trusted predictions that become wrong', () => {
	const END_MS = 120_000;

	it.each<[string, (ms: number) => object]>([
		['are a minute late', (ms) => ({ estimatedTime: (END_MS - ms) / 1000 + 60 })],
		['are half an hour late', (ms) => ({ estimatedTime: (END_MS - ms) / 1000 + 1_800 })],
		['are in milliseconds', (ms) => ({ estimatedTime: END_MS - ms })],
		['are always the same', () => ({ estimatedTime: 99_999_999 })],
		['come from progress that ends at 10 %', (ms) => ({ progress: Math.floor(ms / 12_000) })],
	])('cost little, and are not followed any more: those that %s', (_, fields) => {
		const { experience, jobs } = tenJobs(END_MS, fields);
		const late = jobs.map(({ lateMs }) => lateMs);
		expect(Math.max(...late)).toBeLessThanOrEqual(65_000);
		expect(Math.max(...late.slice(3))).toBeLessThanOrEqual(30_000);
		expect(Math.max(...late.slice(6))).toBeLessThanOrEqual(10_000);
		expect(experience.isTrusted).toBe(false);
	});

	it('do not come from progress that waits in a queue at first', () => {
		const queueMs = 5 * 60_000;
		const { experience, jobs } = tenJobs(queueMs + END_MS, (ms) => ({
			progress: Math.max(0, Math.floor((100 * (ms - queueMs)) / END_MS)),
		}));
		expect(Math.max(...jobs.map(({ lateMs }) => lateMs))).toBeLessThanOrEqual(2_000);
		expect(experience.isTrusted).toBe(true);
	});

	it('are durations too, where all jobs took an hour and now take two minutes', () => {
		const experience = new Experience();
		for (let i = 0; i < 20; i++) experience.addDuration(3_600_000);
		const plan = new CheckPlan(experience, 10_000, 0);
		let nowMs = 0;
		while (nowMs < END_MS) nowMs += plan.next(processing, nowMs).pauseMs;
		plan.ended({ uuid: 'v-1', status: 'completed' }, nowMs);
		expect(nowMs).toBeLessThanOrEqual(150_000);
		expect(experience.window?.fromMs).toBeLessThanOrEqual(150_000);
	});
});

describe('Jobs of an hour', () => {
	const END_MS = 3_600_500;

	it.each<[string, number, (ms: number) => object]>([
		['estimates', 1_000, (ms) => ({ estimatedTime: Math.ceil((END_MS - ms) / 1000) })],
		['progress', 40_000, (ms) => ({ progress: Math.floor((100 * ms) / END_MS) })],
	])('need 25 checks or fewer, with right %s', (_, maxLateMs, fields) => {
		const { experience, jobs } = tenJobs(END_MS, fields);
		expect(Math.max(...jobs.map(({ checks }) => checks))).toBeLessThanOrEqual(25);
		expect(Math.max(...jobs.map(({ lateMs }) => lateMs))).toBeLessThanOrEqual(maxLateMs);
		expect(experience.isTrusted).toBe(true);
	});
});

describe('Estimates that are rounded up to whole seconds', () => {
	it.each([120_001, 120_250, 120_499, 120_500, 120_749, 120_999])(
		'are narrowed down to a quarter of a second or less: %i ms',
		(endMs) => {
			const plan = new CheckPlan(new Experience(), 10_000, 0);
			let nowMs = 0;
			let checks = 0;
			while (nowMs < endMs) {
				const estimatedTime = Math.ceil((endMs - nowMs) / 1000);
				nowMs += plan.next({ ...processing, estimatedTime }, nowMs).pauseMs;
				checks++;
			}
			expect(nowMs - endMs).toBeLessThanOrEqual(250);
			expect(checks).toBeLessThanOrEqual(6);
		},
	);
});
