import { VeoClient } from '../../../nodes/Veo/api/client';
import { Experience } from '../../../nodes/Veo/jobs/experience';
import { ok, tooMany, transportOf } from '../fakes';
import {
	type Fields,
	correct,
	mean,
	median,
	nothing,
	progressOnly,
	simulate,
	spread,
	START_MS,
	wrong,
} from './checkSimulation';

describe('30 jobs that end over two minutes', () => {
	it('are seen within a second by correct estimates, with few checks', async () => {
		const { medianMs, worstMs, checks } = await spread({});
		expect(medianMs).toBeLessThanOrEqual(300);
		expect(worstMs).toBeLessThanOrEqual(700);
		expect(checks).toBeLessThanOrEqual(5.5);
	});

	it('are seen within two seconds by progress only', async () => {
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

	it('are seen no later by wrong estimates than without any', async () => {
		const { medianMs, worstMs } = await spread({ fields: wrong });
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
		const byEstimates = await run(correct);
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
