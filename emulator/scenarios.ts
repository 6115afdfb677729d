/** Situations that users of such APIs report: faults for `EmulatorOptions.faults`, and outcomes of jobs. */
import type { Fault, FaultAction } from './faults';
import type { Setting } from './options';

/** For each job: only the first `requests`, only in the first `ms` after its end. With both, both must hold. */
export interface Late {
	requests?: number;
	ms?: number;
}

function late({ requests, ms }: Late): Pick<Fault, 'jobStatus' | 'withinMsOfFinal' | 'occurrence'> {
	return {
		jobStatus: 'completed',
		withinMsOfFinal: ms,
		...(requests !== undefined && { occurrence: { first: requests } }),
	};
}

/** The first status answers with `completed` have no usable `videoUrl`: none (default), an empty string or null. */
export function lateVideoUrl({ as, ...extent }: Late & { as?: '' | null }): Fault {
	return { on: 'status', ...late(extent), do: { type: 'alter', data: { videoUrl: as } } };
}

/** The first GETs of a completed job's file get an HTTP status (default 404), an empty body or an HTML page. */
export function lateFile({
	as = 404,
	...extent
}: Late & { as?: number | 'empty' | 'html' }): Fault {
	const action: FaultAction =
		typeof as === 'number' ? { type: 'http', status: as } : { type: as, status: 200 };
	return { on: 'video', ...late(extent), do: action };
}

/** Files are sent with this Content-Type, or without one. Put it after other faults on `video`. */
export function fileType(type: string | undefined): Fault {
	return { on: 'video', do: { type: 'alter', headers: { 'content-type': type } } };
}

/** Beyond `jobs` pending or processing jobs, submissions are refused. */
export function maxRunningJobs(jobs: number, refusal: FaultAction): Fault {
	return { on: 'generate', runningJobs: jobs, do: refusal };
}

/** Beyond `jobs` accepted submissions in any `perMs` milliseconds, submissions are refused. */
export function maxAcceptedJobs(
	limit: { jobs: number; perMs: number },
	refusal: FaultAction,
): Fault {
	return { on: 'generate', acceptedJobs: limit, do: refusal };
}

export const tooManyTasksForms = ['http429', 'code1003', 'code1003-http200'] as const;
export type TooManyTasksForm = (typeof tooManyTasksForms)[number];

/** Refuses with "Too many concurrent tasks": HTTP 429 as text, or code 1003 with HTTP 429 or 200. */
export function tooManyTasks(form: TooManyTasksForm, retryAfter?: number): FaultAction {
	const msg = 'Too many concurrent tasks';
	if (form === 'http429') return { type: 'http', status: 429, body: msg, retryAfter };
	const status = form === 'code1003' ? 429 : 200;
	return { type: 'envelope', code: 1003, msg, status, retryAfter };
}

/** These submissions, counted from 1, are accepted and billed, but the connection is reset instead of an answer. */
export function lostAnswer(occurrence: Fault['occurrence']): Fault {
	return { on: 'generate', occurrence, accept: true, do: { type: 'resetBeforeAnswer' } };
}

/**
 * Status answers of failed jobs have a code other than 0 and nothing but the status in `data`. `status` is the HTTP
 * status, default 200.
 */
export function failedWithCode(code: number, msg: string, status = 200): Fault {
	const envelope = { code, msg, data: { status: 'failed' } };
	return { on: 'status', jobStatus: 'failed', do: { type: 'alter', envelope, status } };
}

/** Refuses submissions with an HTTP status and any JSON, e.g. a code that is not documented or `{ detail: '…' }`. */
export function refuse(
	status: number,
	value: unknown,
	which: Pick<Fault, 'prompt' | 'occurrence'> = {},
): Fault {
	return { on: 'generate', ...which, do: { type: 'json', status, value } };
}

/** Which jobs fail. All conditions that are given must hold; `{}` selects all jobs. */
export interface FailingJobs {
	/** Prompts that include this text. */
	prompt?: string;
	/** The first submissions of the same prompt. */
	attempts?: number;
	/** The first accepted jobs. */
	jobs?: number;
}

/** For `EmulatorOptions.outcome`: the selected jobs fail, all others are completed. */
export function failing(which: FailingJobs): Setting<'completed' | 'failed'> {
	const { prompt: text = '', attempts = Infinity, jobs = Infinity } = which;
	return ({ prompt }, index, attempt) =>
		prompt.includes(text) && attempt < attempts && index < jobs ? 'failed' : 'completed';
}
