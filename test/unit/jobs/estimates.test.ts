import * as fc from 'fast-check';

import { random } from '../../../emulator';
import { VeoClient } from '../../../nodes/Veo/api/client';
import type { JsonObject } from '../../../nodes/Veo/api/json';
import { Backoff } from '../../../nodes/Veo/api/backoff';
import { waitForJob } from '../../../nodes/Veo/jobs/wait';
import { FakeClock, status, transportOf } from '../fakes';

const INTERVAL_MS = 5_000;

interface Estimate {
	leftMs: number;
	atMs: number;
	doneMs: number;
}
type Estimator = (estimate: Estimate) => JsonObject;

const honest: Estimator = ({ leftMs, atMs, doneMs }) => ({
	progress: Math.floor((100 * atMs) / doneMs),
	estimatedTime: Math.ceil(leftMs / 1000),
});
const onlyTime: Estimator = (estimate) => ({ estimatedTime: honest(estimate).estimatedTime });
const roundedDown: Estimator = ({ leftMs }) => ({ estimatedTime: Math.floor(leftMs / 1000) });

/** How often a job that takes `doneMs` is asked about, and how late it is known to be finished. */
async function watch(doneMs: number, estimator: Estimator) {
	const clock = new FakeClock();
	const server = transportOf(async () => {
		const atMs = clock.now();
		await clock.pass(20);
		if (atMs >= doneMs) return status('completed');
		return status('processing', estimator({ leftMs: doneMs - atMs, atMs, doneMs }));
	});
	const client = new VeoClient(server.send);
	const rules = { client, clock, backoff: new Backoff(), intervalMs: INTERVAL_MS };
	await clock.run(waitForJob('v-1', { ...rules, maxWaitMs: 900_000 }));
	const times = server.times();
	return { times, checks: times.length, lateMs: Number(times.at(-1)) - doneMs };
}

const fixed = async (doneMs: number) => await watch(doneMs, () => ({}));
const durations = fc.integer({ min: 0, max: 600_000 });

describe('waiting by the estimates of the API', () => {
	it('takes a quarter of the checks for a job of two minutes, and hears of its end no later', async () => {
		for (let doneMs = 115_000; doneMs < 125_000; doneMs += 170) {
			const { checks, lateMs } = await watch(doneMs, honest);
			expect(checks).toBeLessThanOrEqual((await fixed(doneMs)).checks / 4);
			expect(lateMs).toBeLessThanOrEqual(1_000);
		}
	});

	it.each([
		['honest', honest],
		['without progress', onlyTime],
		['rounded down', roundedDown],
	])('never asks more often, nor much later, where estimates are %s', async (_, estimator) => {
		await fc.assert(
			fc.asyncProperty(durations, async (doneMs) => {
				const { checks, lateMs } = await watch(doneMs, estimator);
				expect(checks).toBeLessThanOrEqual((await fixed(doneMs)).checks);
				expect(lateMs).toBeLessThanOrEqual(INTERVAL_MS + 20);
			}),
		);
	});

	it('never asks more often, nor later than an interval, where they are out by a factor', async () => {
		await fc.assert(
			fc.asyncProperty(durations, fc.double({ min: 0.1, max: 10 }), async (doneMs, factor) => {
				const byFactor: Estimator = ({ leftMs }) => ({ estimatedTime: (leftMs * factor) / 1000 });
				const { checks, lateMs } = await watch(doneMs, byFactor);
				expect(checks).toBeLessThanOrEqual((await fixed(doneMs)).checks);
				expect(lateMs).toBeLessThanOrEqual(INTERVAL_MS + 20);
			}),
			{ numRuns: 1_000 },
		);
	});

	it.each<[string, Estimator]>([
		['are absent', () => ({})],
		['are always an hour', () => ({ progress: 1, estimatedTime: 3600 })],
		['are always a second', () => ({ progress: 99, estimatedTime: 1 })],
		['are no numbers', () => ({ progress: 'half', estimatedTime: 'soon' })],
		['are null', () => ({ progress: null, estimatedTime: null })],
		['are endless', () => ({ estimatedTime: Number.MAX_VALUE })],
		['grow', ({ atMs }) => ({ estimatedTime: 60 + atMs / 1000 })],
		['belie their progress', ({ leftMs }) => ({ progress: leftMs, estimatedTime: leftMs / 1000 })],
	])('asks at each interval where they %s', async (_, estimator) => {
		for (const doneMs of [1, 4_999, 17_000, 121_300]) {
			expect(await watch(doneMs, estimator)).toEqual(await fixed(doneMs));
		}
	});

	it('is hardly ever taken in by estimates at random, and then not for long', async () => {
		let later = 0;
		const jobs = 1_000;
		for (let seed = 1; seed <= jobs; seed++) {
			const next = random(seed);
			const doneMs = 115_000 + next() * 10_000;
			const wild = () => ({ progress: next() * 100, estimatedTime: next() * 600 });
			const [watched, known] = [await watch(doneMs, wild), await fixed(doneMs)];
			expect(watched.checks).toBeLessThanOrEqual(known.checks);
			if (watched.lateMs > known.lateMs) later++;
		}
		expect(later).toBeLessThan(jobs / 500);
	});
});
