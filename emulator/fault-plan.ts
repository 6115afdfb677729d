import type { Fault } from './faults';
import { random } from './random';
import type { Kind } from './requests';

/** The facts about a request that faults are matched against. */
export interface Target {
	kind: Kind;
	uuid?: string;
	prompt?: string;
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
		const countsByJob = fault.uuid !== undefined || fault.prompt !== undefined;
		const key = (countsByJob && target.uuid) || '';
		const count = (counts.get(key) ?? 0) + 1;
		counts.set(key, count);
		const { occurrence = 'every', probability = 1 } = fault;
		const isDrawn = draw() < probability;
		return isDrawn && (occurrence === 'every' || [occurrence].flat().includes(count));
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

function matches(fault: Fault, { kind, uuid, prompt }: Target): boolean {
	return (
		fault.on === kind &&
		(fault.uuid === undefined || fault.uuid === uuid) &&
		(fault.prompt === undefined || prompt?.includes(fault.prompt) === true)
	);
}
