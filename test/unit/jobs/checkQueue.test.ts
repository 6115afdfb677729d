import { random } from '../../../emulator';
import { Backoff } from '../../../nodes/Veo/api/backoff';
import { VeoClient } from '../../../nodes/Veo/api/client';
import type { JsonObject } from '../../../nodes/Veo/api/json';
import { isFinal } from '../../../nodes/Veo/api/videoStatus';
import { RequestError } from '../../../nodes/Veo/errors/outcome';
import { CheckQueue, type Knowledge } from '../../../nodes/Veo/jobs/checkQueue';
import { Experience } from '../../../nodes/Veo/jobs/experience';
import { FakeClock, json, ok, tooMany, type Reply, transportOf } from '../fakes';

const START_MS = 1_800_000_000_000;

interface SimulatedJob {
	uuid: string;
	acceptedAtMs: number;
	finalAtMs: number;
}

type Fields = (leftMs: number, job: SimulatedJob, check: number) => JsonObject;

const honest: Fields = (leftMs, { acceptedAtMs, finalAtMs }) => ({
	progress: Math.floor(100 * (1 - leftMs / (finalAtMs - acceptedAtMs))),
	estimatedTime: Math.ceil(leftMs / 1000),
});
const progressOnly: Fields = (...args) => ({ progress: honest(...args).progress });
const nothing: Fields = () => ({});
const lying: Fields = (_, { uuid }) =>
	Number(uuid) % 2 === 0
		? { progress: 99, estimatedTime: 1 }
		: { progress: 1, estimatedTime: 3600 };

interface Setting {
	intervalMs?: number;
	fields?: Fields;
	experience?: Experience;
	latencyMs?: number;
	answer?: (atMs: number) => Reply | undefined;
}

/** The queue on a simulated API. Jobs are added by `add`; `seen` holds when each was found final. */
function simulate({ intervalMs = 10_000, fields = honest, latencyMs = 20, ...more }: Setting) {
	const clock = new FakeClock(START_MS, 0.5);
	const jobs = new Map<string, SimulatedJob & { checkedMs: number[] }>();
	const seen = new Map<string, number>();
	const server = transportOf(async ({ path }) => {
		const atMs = Date.now();
		const job = jobs.get(path.replace('/video-status/', ''));
		await clock.pass(latencyMs);
		const other = more.answer?.(atMs);
		if (other) return other;
		if (!job) return json(200, { code: 1000, msg: 'Unknown' });
		job.checkedMs.push(atMs);
		if (atMs >= job.finalAtMs) return ok({ status: 'completed', videoUrl: 'https://x.test/v' });
		return ok({
			status: 'processing',
			...fields(job.finalAtMs - atMs, job, job.checkedMs.length),
		});
	});
	const stop = new AbortController();
	const queue = new CheckQueue({
		client: new VeoClient(server.send),
		backoff: new Backoff(),
		experience: more.experience ?? new Experience(),
		intervalMs,
		signal: stop.signal,
	});
	const running = queue.run();
	let index = 0;
	const add = (durationMs: number, knowledge: Knowledge = {}) => {
		const uuid = String(index++);
		const acceptedAtMs = Date.now();
		const job = { uuid, acceptedAtMs, finalAtMs: acceptedAtMs + durationMs, checkedMs: [] };
		jobs.set(uuid, job);
		queue.add(uuid, { acceptedAtMs, ...knowledge }, (answer) => {
			if (answer instanceof RequestError || !isFinal(answer.status)) return 'again';
			seen.set(uuid, Date.now());
			return 'done';
		});
		return job;
	};
	const end = async () => {
		stop.abort();
		await clock.run(running);
	};
	const latenesses = () =>
		[...seen].map(([uuid, ms]) => ms - Number(jobs.get(uuid)?.finalAtMs)).sort((a, b) => a - b);
	const checks = () => [...jobs.values()].map(({ checkedMs }) => checkedMs.length);
	return { clock, jobs, seen, server, queue, add, end, latenesses, checks };
}

const median = (numbers: number[]) => numbers[Math.floor(numbers.length / 2)] ?? NaN;
const mean = (numbers: number[]) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;

/** 30 jobs at once that end spread over two minutes, as in the benchmark. */
async function spread(setting: Setting, isHinted = false) {
	const simulation = simulate(setting);
	for (let i = 0; i < 30; i++) {
		const durationMs = 75_000 + ((i * 0.618034) % 1) * 120_000;
		const { uuid } = simulation.add(durationMs, { lastCheckMs: START_MS });
		if (isHinted) setTimeout(() => simulation.queue.hint(uuid), durationMs + 10);
	}
	await simulation.clock.advance(240_000);
	const latenesses = simulation.latenesses();
	await simulation.end();
	expect(latenesses).toHaveLength(30);
	for (const { checkedMs } of simulation.jobs.values()) {
		for (const [i, ms] of checkedMs.entries()) {
			expect(ms - (checkedMs[i - 1] ?? -Infinity)).toBeGreaterThanOrEqual(5_000);
		}
	}
	return {
		medianMs: median(latenesses),
		worstMs: latenesses.at(-1) ?? NaN,
		checks: mean(simulation.checks()),
	};
}

describe('30 jobs that end over two minutes', () => {
	it('are seen within a second by honest estimates, with few checks', async () => {
		const { medianMs, worstMs, checks } = await spread({});
		expect(medianMs).toBeLessThanOrEqual(300);
		expect(worstMs).toBeLessThanOrEqual(700);
		expect(checks).toBeLessThanOrEqual(5.5);
	});

	it('are seen within two seconds by progress alone', async () => {
		const { medianMs, worstMs, checks } = await spread({ fields: progressOnly });
		expect(medianMs).toBeLessThanOrEqual(1_400);
		expect(worstMs).toBeLessThanOrEqual(10_000);
		expect(checks).toBeLessThanOrEqual(6);
	});

	it('are seen within the interval where the API says neither', async () => {
		const { medianMs, worstMs, checks } = await spread({ fields: nothing });
		expect(medianMs).toBeLessThanOrEqual(5_100);
		expect(worstMs).toBeLessThanOrEqual(10_100);
		expect(checks).toBeLessThanOrEqual(14.5);
	});

	it('are seen sooner where 20 finished jobs say how long it takes', async () => {
		const experience = new Experience();
		for (let i = 0; i < 20; i++) experience.addDuration(75_000 + (i / 19) * 120_000);
		const { medianMs, worstMs } = await spread({ fields: nothing, experience });
		expect(medianMs).toBeLessThanOrEqual(2_700);
		expect(worstMs).toBeLessThanOrEqual(10_000);
	});

	it('are seen at once by hints, unless a check came less than 5 s before', async () => {
		const { medianMs, worstMs } = await spread({ fields: nothing }, true);
		expect(medianMs).toBeLessThanOrEqual(500);
		expect(worstMs).toBeLessThanOrEqual(5_100);
	});

	it('are seen no later by estimates that lie than without any', async () => {
		const { medianMs, worstMs } = await spread({ fields: lying });
		expect(medianMs).toBeLessThanOrEqual(5_200);
		expect(worstMs).toBeLessThanOrEqual(10_200);
	});
});

describe('many jobs', () => {
	it('are all seen once, 10,000 at once within 340 seconds', async () => {
		const simulation = simulate({ latencyMs: 100 });
		for (let i = 0; i < 10_000; i++) simulation.add(3_600_000);
		await simulation.clock.advance(340_000);
		expect(simulation.checks().filter((checks) => checks === 0)).toEqual([]);
		await simulation.end();
	});

	it.each([
		['honest estimates', honest],
		['neither estimates nor progress', nothing],
	])(
		'do not pile up: 1,000 pending in a steady state, with %s',
		async (_, fields) => {
			const simulation = simulate({ fields, latencyMs: 50 });
			const next = random(1);
			for (let second = 0; second < 900; second++) {
				for (let i = 0; i < 8; i++) simulation.add(105_000 + next() * 30_000);
				await simulation.clock.advance(1_000);
			}
			const late = simulation.latenesses();
			expect(late.length).toBeGreaterThan(6_000);
			expect(median(late)).toBeLessThanOrEqual(10_000);
			expect(late.at(-1)).toBeLessThanOrEqual(60_000);
			await simulation.end();
		},
		60_000,
	);

	it('of one run learn from each other: 100 jobs of 120 s, 10 at a time', async () => {
		const run = async (fields: Fields) => {
			const simulation = simulate({ fields, intervalMs: 5_000 });
			for (let turn = 0; turn < 10; turn++) {
				for (let i = 0; i < 10; i++) simulation.add(120_000);
				await simulation.clock.advance(126_000);
			}
			await simulation.end();
			return { checks: mean(simulation.checks()), medianMs: median(simulation.latenesses()) };
		};
		const byEstimates = await run(honest);
		expect(byEstimates.checks).toBeLessThanOrEqual(3.5);
		expect(byEstimates.medianMs).toBeLessThanOrEqual(1_100);
		const byProgress = await run(progressOnly);
		expect(byProgress.checks).toBeLessThanOrEqual(6.5);
		expect(byProgress.medianMs).toBeLessThanOrEqual(2_600);
	});
});

describe('the rate', () => {
	const perSecond = (times: number[], fromMs: number, forMs: number) =>
		times.filter((ms) => ms >= START_MS + fromMs && ms < START_MS + fromMs + forMs).length /
		(forMs / 1000);

	it('starts at 10 a second, rises, and stays at 50', async () => {
		const simulation = simulate({});
		for (let i = 0; i < 10_000; i++) simulation.add(3_600_000);
		await simulation.clock.advance(150_000);
		const times = simulation.server.times();
		expect(perSecond(times, 0, 5_000)).toBeLessThanOrEqual(12);
		expect(perSecond(times, 40_000, 5_000)).toBeGreaterThan(18);
		expect(perSecond(times, 140_000, 10_000)).toBeGreaterThan(45);
		expect(perSecond(times, 140_000, 10_000)).toBeLessThanOrEqual(51);
		await simulation.end();
	});

	it.each([
		['refuses', { answer: (atMs: number) => (atMs < START_MS + 60_000 ? tooMany() : undefined) }],
		[
			'asks for a pause',
			{ answer: (atMs: number) => (atMs < START_MS + 60_000 ? tooMany('7') : undefined) },
		],
	])('falls while the API %s, and never reaches the old one at once', async (_, setting) => {
		const simulation = simulate(setting);
		for (let i = 0; i < 1_000; i++) simulation.add(3_600_000);
		await simulation.clock.advance(60_000);
		expect(simulation.server.sent.length).toBeLessThan(100);
		await simulation.end();
	});

	it('waits no longer than ten minutes, whatever the API asks for', async () => {
		let isFirst = true;
		const simulation = simulate({
			answer: () => {
				if (!isFirst) return undefined;
				isFirst = false;
				return tooMany('99999999');
			},
		});
		simulation.add(0);
		await simulation.clock.advance(11 * 60_000);
		expect(simulation.seen.size).toBe(1);
		await simulation.end();
	});

	it('halves when answers take twice as long as usual', async () => {
		let latencyMs = 300;
		const simulation = simulate({ latencyMs: 0 });
		simulation.queue.client = new VeoClient(
			transportOf(async () => {
				await simulation.clock.pass(latencyMs);
				return ok({ status: 'processing' });
			}).send,
		);
		const sent = jest.spyOn(simulation.queue.client, 'status');
		for (let i = 0; i < 1_000; i++) simulation.add(3_600_000);
		await simulation.clock.advance(20_000);
		sent.mockClear();
		await simulation.clock.advance(5_000);
		const before = sent.mock.calls.length;
		latencyMs = 900;
		await simulation.clock.advance(10_000);
		sent.mockClear();
		await simulation.clock.advance(5_000);
		expect(sent.mock.calls.length).toBeLessThan(before * 0.7);
		await simulation.end();
	});
});

describe('a hint', () => {
	it('checks a job at once, or as soon as its last check is 5 s old', async () => {
		const simulation = simulate({ fields: nothing });
		const job = simulation.add(3_600_000);
		await simulation.clock.advance(1_000);
		expect(simulation.queue.hint('0')).toBe(true);
		expect(simulation.queue.hint('0')).toBe(true);
		expect(simulation.queue.hint('unknown')).toBe(false);
		await simulation.clock.advance(3_900);
		expect(job.checkedMs).toHaveLength(1);
		await simulation.clock.advance(200);
		expect(job.checkedMs).toHaveLength(2);
		await simulation.clock.advance(7_000);
		simulation.queue.hint('0');
		await simulation.clock.advance(50);
		expect(job.checkedMs).toHaveLength(3);
		await simulation.end();
	});
});

describe('the queue', () => {
	it('asks no more about a job that was taken out, and ends with its signal', async () => {
		const simulation = simulate({ fields: nothing });
		simulation.add(3_600_000);
		await simulation.clock.advance(1_000);
		simulation.queue.delete('0');
		expect(simulation.queue.has('0')).toBe(false);
		await simulation.clock.advance(60_000);
		expect(simulation.server.sent).toHaveLength(1);
		await simulation.end();
		simulation.add(0);
		await simulation.clock.advance(60_000);
		expect(simulation.server.sent).toHaveLength(1);
	});

	it('waits with the first check until the last one of somebody else is 5 s old', async () => {
		const simulation = simulate({});
		const job = simulation.add(0, { lastCheckMs: START_MS - 2_000 });
		await simulation.clock.advance(2_900);
		expect(job.checkedMs).toEqual([]);
		await simulation.clock.advance(200);
		expect(job.checkedMs).toHaveLength(1);
		await simulation.end();
	});
});
