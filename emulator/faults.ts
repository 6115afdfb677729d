import type { Envelope } from './answers';
import type { JobStatus } from './jobs';
import type { Kind } from './requests';

/** A Retry-After header, in seconds or as the date that they lead to. */
export interface RetryAfter {
	retryAfter?: number;
	retryAfterAs?: 'seconds' | 'date';
}

/** What happens to a request in place of its normal answer, or in addition to it. */
export type FaultAction =
	/** The connection is reset after the request's headers, while its body is still being sent. */
	| { type: 'resetWhileSending' }
	/** The connection is reset after the whole request was read. */
	| { type: 'resetBeforeAnswer' }
	/** The headers and half of the normal body, then a reset. */
	| { type: 'resetMidAnswer' }
	/** No answer until the client disconnects. */
	| { type: 'hang' }
	/** The normal answer after `ms`. The job of a generate request is accepted at once. */
	| { type: 'delay'; ms: number }
	/** Any HTTP status, with a text body. */
	| ({
			type: 'http';
			status: number;
			headers?: Record<string, string>;
			body?: string;
	  } & RetryAfter)
	/** Any envelope, with HTTP 200 unless `status` is given. */
	| ({
			type: 'envelope';
			code: number | string;
			msg?: string;
			data?: unknown;
			status?: number;
			headers?: Record<string, string>;
	  } & RetryAfter)
	/** An HTML page, as proxies send it, with HTTP 502 unless `status` is given. */
	| { type: 'html'; status?: number }
	| { type: 'empty'; status?: number }
	/** The first half of the normal answer with a matching Content-Length: valid HTTP, broken JSON or video. */
	| { type: 'cutOff' }
	/** Any JSON, which need not be an envelope. */
	| ({ type: 'json'; value: unknown; status?: number } & RetryAfter)
	/** The normal envelope after `megabytes` of other JSON. */
	| { type: 'huge'; megabytes: number }
	/** One byte each second (or each `everyMs`), without end. */
	| { type: 'trickle'; everyMs?: number }
	/** A body without end, as fast as the client reads it. */
	| { type: 'endless' }
	/**
	 * The normal answer with fields of its envelope, its `data` or its headers replaced. A field given as `undefined` is
	 * left out. `status` replaces the HTTP status. Examples: an unknown `status`, a missing `uuid`, another content type.
	 */
	| {
			type: 'alter';
			envelope?: Partial<Envelope> & Record<string, unknown>;
			data?: Record<string, unknown>;
			headers?: Record<string, string | undefined>;
			status?: number;
	  };

/** What goes wrong (`do`), with which requests. All conditions that are given must hold. */
export interface Fault {
	on: Kind;
	/** Only requests about this job. */
	uuid?: string;
	/**
	 * Only requests about jobs whose prompt includes this text. Never matches uploads and images, which have no job, nor
	 * generate requests whose body is not read (`resetWhileSending`).
	 */
	prompt?: string;
	/** Only requests about jobs that are in this status when the request arrives. */
	jobStatus?: JobStatus;
	/** Only in the first milliseconds after the job became `completed` or `failed`. */
	withinMsOfFinal?: number;
	/** Only while at least this many accepted jobs are pending or processing. */
	runningJobs?: number;
	/** Only while at least `jobs` jobs were accepted in the last `perMs` milliseconds. */
	acceptedJobs?: { jobs: number; perMs: number };
	/**
	 * Which of the matching requests, counted from 1. Default `every`. With a condition about the job (`uuid`, `prompt`,
	 * `jobStatus`, `withinMsOfFinal`) the requests of each job are counted separately. A generate request has no job yet,
	 * so all that match `prompt` are counted together.
	 */
	occurrence?: number | number[] | { first: number } | 'every';
	/** The probability that a matching request is affected, drawn with the emulator's `seed`. Default 1. */
	probability?: number;
	/**
	 * For generate: whether the job is created and billed before the fault applies. Default false, but true for `delay`
	 * and `alter`, which send the real answer. `resetWhileSending` never creates a job.
	 */
	accept?: boolean;
	do: FaultAction;
}

/** Whether a generate request with this fault still creates a job. */
export function createsJob(fault: Fault | undefined): boolean {
	return fault?.accept ?? (!fault || fault.do.type === 'delay' || fault.do.type === 'alter');
}
