import { Backoff } from '../../../nodes/Veo/api/backoff';
import { VeoClient } from '../../../nodes/Veo/api/client';
import type { JsonObject } from '../../../nodes/Veo/api/json';
import { isFinal } from '../../../nodes/Veo/api/videoStatus';
import { RequestError } from '../../../nodes/Veo/errors/outcome';
import { CheckQueue, type Knowledge } from '../../../nodes/Veo/jobs/checkQueue';
import { Experience } from '../../../nodes/Veo/jobs/experience';
import { FakeClock, json, ok, type Reply, transportOf } from '../fakes';

export const START_MS = 1_800_000_000_000;

export interface SimulatedJob {
	uuid: string;
	acceptedAtMs: number;
	finalAtMs: number;
}

export type Fields = (leftMs: number, job: SimulatedJob, check: number) => JsonObject;

export const correct: Fields = (leftMs, { acceptedAtMs, finalAtMs }) => ({
	progress: Math.floor(100 * (1 - leftMs / (finalAtMs - acceptedAtMs))),
	estimatedTime: Math.ceil(leftMs / 1000),
});
export const progressOnly: Fields = (...args) => ({ progress: correct(...args).progress });
export const nothing: Fields = () => ({});
export const wrong: Fields = (_, { uuid }) =>
	Number(uuid) % 2 === 0
		? { progress: 99, estimatedTime: 1 }
		: { progress: 1, estimatedTime: 3600 };

export interface Setting {
	intervalMs?: number;
	fields?: Fields;
	experience?: Experience;
	latencyMs?: number;
	answer?: (atMs: number) => Reply | undefined;
}

/** The queue on a simulated API. Jobs are added by `add`; `seen` holds when each was found final. */
export function simulate({
	intervalMs = 10_000,
	fields = correct,
	latencyMs = 20,
	...more
}: Setting) {
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

export const median = (numbers: number[]) => numbers[Math.floor(numbers.length / 2)] ?? NaN;
export const mean = (numbers: number[]) =>
	numbers.reduce((sum, one) => sum + one, 0) / numbers.length;

/** 30 jobs at once that end spread over two minutes, as in the benchmark. */
export async function spread(setting: Setting, isHinted = false) {
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
