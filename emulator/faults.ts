import type { Envelope } from './answers';
import { random } from './random';
import type { Kind } from './requests';

/** What happens to a request instead of, or on top of, its normal answer. */
export type FaultAction =
	/** The connection is reset once the head of the request is in, while its body is still being sent. */
	| { type: 'resetWhileSending' }
	/** The connection is reset once the whole request is in. */
	| { type: 'resetBeforeAnswer' }
	/** The headers and half of the normal answer's body, then a reset. */
	| { type: 'resetMidAnswer' }
	/** No answer, until the client leaves. */
	| { type: 'hang' }
	/** The normal answer, late. The job of a generate request is accepted at once. */
	| { type: 'delay'; ms: number }
	/** Any HTTP status. `retryAfter` is a delay in seconds, sent as such or as the date that it comes to. */
	| {
			type: 'http';
			status: number;
			headers?: Record<string, string>;
			body?: string;
			retryAfter?: number;
			retryAfterAs?: 'seconds' | 'date';
	  }
	/** An envelope of your own, with HTTP 200 unless `status` is given. */
	| {
			type: 'envelope';
			code: number | string;
			msg?: string;
			data?: unknown;
			status?: number;
			headers?: Record<string, string>;
	  }
	/** A web page, as a proxy shows it; HTTP 502 unless `status` is given. */
	| { type: 'html'; status?: number }
	| { type: 'empty'; status?: number }
	/** The first half of the normal answer, sent as if it were whole: valid HTTP, broken JSON or video. */
	| { type: 'cutOff' }
	/** JSON that need not be an envelope: an array, a string, `null`, … */
	| { type: 'json'; value: unknown; status?: number }
	/** The normal envelope behind so many megabytes of other JSON. */
	| { type: 'huge'; megabytes: number }
	/** A byte a second (or every `everyMs`), for ever. */
	| { type: 'trickle'; everyMs?: number }
	/** A body without end, as fast as it is taken. */
	| { type: 'endless' }
	/**
	 * The normal answer with these fields of the envelope, of its `data` or of its headers put in place; a field given as
	 * `undefined` is left out. So: an unknown `status`, a missing `uuid`, a `videoUrl` of another kind, a content type, …
	 */
	| {
			type: 'alter';
			envelope?: Partial<Envelope> & Record<string, unknown>;
			data?: Record<string, unknown>;
			headers?: Record<string, string>;
	  };

export interface Fault {
	on: Kind;
	/** Only requests about this job. */
	uuid?: string;
	/**
	 * Only requests about jobs whose prompt includes this text. Never matches an upload or an image, which have no job, nor
	 * a generate request that is not read (`resetWhileSending`).
	 */
	prompt?: string;
	/**
	 * Which of the requests that match, counted from 1, and for each job by itself where `uuid` or `prompt` is given (a
	 * generate request has no job yet: those of one `prompt` are counted together). Default `every`.
	 */
	occurrence?: number | number[] | 'every';
	/** Strikes a matching request with this probability, by the emulator's `seed`. Default 1. */
	probability?: number;
	/**
	 * For generate: the job is made and billed before the fault strikes. Default false, and true for `delay` and `alter`,
	 * whose answer is the real one. A request that was never read (`resetWhileSending`) makes no job.
	 */
	accept?: boolean;
	do: FaultAction;
}

export interface Target {
	kind: Kind;
	uuid?: string;
	prompt?: string;
}

/** Counts the requests and says which fault strikes each of them. */
export class FaultPlan {
	private readonly progress = new WeakMap<
		Fault,
		{ counts: Map<string, number>; draw: () => number }
	>();

	/** `whole`: whether the request has been read. Faults that strike before that are for requests that are not, only. */
	next(faults: Fault[], seed: number, target: Target, whole: boolean): Fault | undefined {
		// Every fault counts every request that it matches, whichever fault then strikes.
		return faults
			.filter((fault) => (fault.do.type === 'resetWhileSending') !== whole)
			.filter((fault) => matches(fault, target))
			.filter((fault) => this.isDue(fault, seed + faults.indexOf(fault), target))[0];
	}

	private isDue(fault: Fault, seed: number, target: Target): boolean {
		let progress = this.progress.get(fault);
		if (!progress) {
			// A generator for each fault, so that what other requests do in between changes nothing.
			progress = { counts: new Map<string, number>(), draw: random(seed) };
			this.progress.set(fault, progress);
		}
		const counted = fault.uuid === undefined && fault.prompt === undefined ? '' : target.uuid;
		const count = (progress.counts.get(counted ?? '') ?? 0) + 1;
		progress.counts.set(counted ?? '', count);
		const { occurrence = 'every', probability = 1 } = fault;
		const drawn = progress.draw() < probability;
		return drawn && (occurrence === 'every' || [occurrence].flat().includes(count));
	}
}

function matches(fault: Fault, { kind, uuid, prompt }: Target): boolean {
	return (
		fault.on === kind &&
		(fault.uuid === undefined || fault.uuid === uuid) &&
		(fault.prompt === undefined || prompt?.includes(fault.prompt) === true)
	);
}

/** Whether a generate request that this fault strikes makes a job all the same. */
export function makesJob(fault: Fault | undefined): boolean {
	return fault?.accept ?? (!fault || fault.do.type === 'delay' || fault.do.type === 'alter');
}
