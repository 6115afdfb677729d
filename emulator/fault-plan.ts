import type { Fault } from './faults';
import type { Job } from './jobs';
import { random } from './random';
import type { Kind } from './requests';

/** The facts about a request that faults are matched against. */
export interface Target {
	kind: Kind;
	uuid?: string;
	prompt?: string;
	/** The job that `uuid` belongs to. */
	job?: Job;
	/** All accepted jobs, in order of acceptance. */
	jobs: readonly Job[];
}

interface Progress {
	/** Matching requests so far, by job where the fault counts by job. */
	counts: Map<string, number>;
	draw: () => number;
}

/** Counts requests for each fault and picks the fault that applies to a request. */
export class FaultPlan {
	private readonly progress = new WeakMap<Fault, Progress>();

	/**
	 * The first fault in `faults` that applies. `isRead`: whether the request's body has been read. `resetWhileSending`
	 * applies before that, all other faults after it.
	 */
	next(faults: Fault[], seed: number, target: Target, isRead: boolean): Fault | undefined {
		// All matching faults count the request, even when another fault is picked.
		return faults
			.filter((fault) => (fault.do.type === 'resetWhileSending') !== isRead)
			.filter((fault) => matches(fault, target))
			.filter((fault) => this.isDue(fault, seed + faults.indexOf(fault), target))[0];
	}

	private isDue(fault: Fault, seed: number, target: Target): boolean {
		const { counts, draw } = this.progressOf(fault, seed);
		const key = (isAboutJob(fault) && target.uuid) || '';
		const count = (counts.get(key) ?? 0) + 1;
		counts.set(key, count);
		const { occurrence = 'every', probability = 1 } = fault;
		return draw() < probability && isSelected(occurrence, count);
	}

	private progressOf(fault: Fault, seed: number): Progress {
		let progress = this.progress.get(fault);
		if (!progress) {
			// Each fault has its own generator, so that requests it does not match cannot change its draws.
			progress = { counts: new Map(), draw: random(seed) };
			this.progress.set(fault, progress);
		}
		return progress;
	}
}

function isAboutJob({ uuid, prompt, jobStatus, withinMsOfFinal }: Fault): boolean {
	return [uuid, prompt, jobStatus, withinMsOfFinal].some((condition) => condition !== undefined);
}

function isSelected(occurrence: NonNullable<Fault['occurrence']>, count: number): boolean {
	if (occurrence === 'every') return true;
	if (typeof occurrence === 'object' && 'first' in occurrence) return count <= occurrence.first;
	return [occurrence].flat().includes(count);
}

function matches(fault: Fault, { kind, uuid, prompt, job, jobs }: Target): boolean {
	return (
		fault.on === kind &&
		(fault.uuid === undefined || fault.uuid === uuid) &&
		(fault.prompt === undefined || prompt?.includes(fault.prompt) === true) &&
		(fault.jobStatus === undefined || fault.jobStatus === job?.status) &&
		(fault.withinMsOfFinal === undefined || isWithinMsOfFinal(fault.withinMsOfFinal, job)) &&
		(fault.runningJobs === undefined || countRunning(jobs) >= fault.runningJobs) &&
		(fault.acceptedJobs === undefined || isReached(fault.acceptedJobs, jobs))
	);
}

function isWithinMsOfFinal(ms: number, job: Job | undefined): boolean {
	if (!job) return false;
	const elapsed = Date.now() - job.finalAt;
	return elapsed >= 0 && elapsed < ms;
}

function countRunning(jobs: readonly Job[]): number {
	const now = Date.now();
	return jobs.filter((job) => job.finalAt > now).length;
}

function isReached(
	{ jobs: limit, perMs }: NonNullable<Fault['acceptedJobs']>,
	jobs: readonly Job[],
): boolean {
	const since = Date.now() - perMs;
	return jobs.filter((job) => job.acceptedAt > since).length >= limit;
}
