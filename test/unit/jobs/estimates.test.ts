import * as fc from 'fast-check';

import { random } from '../../../emulator';
import { VeoClient } from '../../../nodes/Veo/api/client';
import type { JsonObject } from '../../../nodes/Veo/api/json';
import { Backoff } from '../../../nodes/Veo/api/backoff';
import { waitForJob } from '../../../nodes/Veo/jobs/wait';
import { FakeClock, status, transportOf } from '../fakes';

const INTERVAL_MS = 5_000;

interface Job {
	remainingMs: number;
	elapsedMs: number;
	durationMs: number;
}
type Estimator = (job: Job) => JsonObject;

const accurate: Estimator = ({ remainingMs, elapsedMs, durationMs }) => ({
	progress: Math.floor((100 * elapsedMs) / durationMs),
	estimatedTime: Math.ceil(remainingMs / 1000),
});
const onlyTime: Estimator = (job) => ({ estimatedTime: accurate(job).estimatedTime });
const roundedDown: Estimator = ({ remainingMs }) => ({
	estimatedTime: Math.floor(remainingMs / 1000),
});

/** Waits for a job of this duration. Returns the times of the checks, their count and the delay of the last one. */
async function waitWith(durationMs: number, estimator: Estimator) {
	const clock = new FakeClock();
	const server = transportOf(async () => {
		const elapsedMs = clock.now();
		await clock.pass(20);
		if (elapsedMs >= durationMs) return status('completed', { videoUrl: 'https://x.test/v.mp4' });
		return status(
			'processing',
			estimator({ remainingMs: durationMs - elapsedMs, elapsedMs, durationMs }),
		);
	});
	const client = new VeoClient(server.send);
	const rules = { client, clock, backoff: new Backoff(), intervalMs: INTERVAL_MS };
	await clock.run(waitForJob('v-1', { ...rules, maxWaitMs: 900_000 }));
	const times = server.times();
	return { times, checks: times.length, delayMs: Number(times.at(-1)) - durationMs };
}

const withoutEstimates = async (durationMs: number) => await waitWith(durationMs, () => ({}));
const durations = fc.integer({ min: 0, max: 600_000 });

describe('waiting by the estimates of the API', () => {
	it('needs a quarter of the checks for a job of two minutes, with a delay of at most a second', async () => {
		for (let durationMs = 115_000; durationMs < 125_000; durationMs += 170) {
			const { checks, delayMs } = await waitWith(durationMs, accurate);
			expect(checks).toBeLessThanOrEqual((await withoutEstimates(durationMs)).checks / 4);
			expect(delayMs).toBeLessThanOrEqual(1_000);
		}
	});

	it.each([
		['accurate', accurate],
		['without progress', onlyTime],
		['rounded down', roundedDown],
	])(
		'never needs more checks or more than an interval of delay if estimates are %s',
		async (_, estimator) => {
			await fc.assert(
				fc.asyncProperty(durations, async (durationMs) => {
					const { checks, delayMs } = await waitWith(durationMs, estimator);
					expect(checks).toBeLessThanOrEqual((await withoutEstimates(durationMs)).checks);
					expect(delayMs).toBeLessThanOrEqual(INTERVAL_MS + 20);
				}),
			);
		},
	);

	it('never needs more checks or more than an interval of delay if estimates are wrong by a factor', async () => {
		await fc.assert(
			fc.asyncProperty(durations, fc.double({ min: 0.1, max: 10 }), async (durationMs, factor) => {
				const byFactor: Estimator = ({ remainingMs }) => ({
					estimatedTime: (remainingMs * factor) / 1000,
				});
				const { checks, delayMs } = await waitWith(durationMs, byFactor);
				expect(checks).toBeLessThanOrEqual((await withoutEstimates(durationMs)).checks);
				expect(delayMs).toBeLessThanOrEqual(INTERVAL_MS + 20);
			}),
			{ numRuns: 1_000 },
		);
	});

	it.each<[string, Estimator]>([
		['are absent', () => ({})],
		['are always an hour', () => ({ progress: 1, estimatedTime: 3600 })],
		['are always a second', () => ({ progress: 99, estimatedTime: 1 })],
		['are not numbers', () => ({ progress: 'half', estimatedTime: 'soon' })],
		['are null', () => ({ progress: null, estimatedTime: null })],
		['are huge', () => ({ estimatedTime: Number.MAX_VALUE })],
		['grow', ({ elapsedMs }) => ({ estimatedTime: 60 + elapsedMs / 1000 })],
		[
			'contradict the progress',
			({ remainingMs }) => ({ progress: remainingMs, estimatedTime: remainingMs / 1000 }),
		],
	])('checks at each interval if estimates %s', async (_, estimator) => {
		for (const durationMs of [1, 4_999, 17_000, 121_300]) {
			expect(await waitWith(durationMs, estimator)).toEqual(await withoutEstimates(durationMs));
		}
	});

	it('is rarely late with random estimates', async () => {
		let later = 0;
		const jobs = 1_000;
		for (let seed = 1; seed <= jobs; seed++) {
			const next = random(seed);
			const durationMs = 115_000 + next() * 10_000;
			const randomEstimate = () => ({ progress: next() * 100, estimatedTime: next() * 600 });
			const actual = await waitWith(durationMs, randomEstimate);
			const expected = await withoutEstimates(durationMs);
			expect(actual.checks).toBeLessThanOrEqual(expected.checks);
			if (actual.delayMs > expected.delayMs) later++;
		}
		expect(later).toBeLessThan(jobs / 500);
	});
});
