import { randomUUID } from 'node:crypto';
import { defaults, settingFor, type EmulatorOptions } from './options';
import { random } from './random';

export interface GenerateRequest {
	generationType: 'text_to_video' | 'image_to_video';
	prompt: string;
	aspectRatio?: 'auto' | '16:9' | '9:16';
	imageUrl?: string;
	imageKey?: string;
}

export type JobStatus = 'pending' | 'processing' | 'completed' | 'failed';

/** An accepted, and therefore paid, job. Its status is computed from the clock; no timer runs. */
export class Job {
	readonly uuid = randomUUID();
	/** Milliseconds since the epoch, like all times of this class. */
	readonly acceptedAt = Date.now();
	readonly startsAt: number;
	readonly finalAt: number;
	readonly outcome: 'completed' | 'failed';
	readonly failureMessage: string;
	/** Status requests that arrived, answered or not. */
	statusChecks = 0;
	/** GET requests for the video file that arrived, answered or not. */
	fileRequests = 0;
	/** When a status answer first reported `completed` or `failed`. */
	firstToldFinalAt?: number;

	constructor(
		readonly request: GenerateRequest,
		/** The number of jobs accepted before this one. */
		readonly index: number,
		/** The number of those with the same prompt. */
		readonly attempt: number,
		options: EmulatorOptions,
	) {
		const { queuedMs, durationMs, outcome, failureMessage } = { ...defaults, ...options };
		this.startsAt = this.acceptedAt + settingFor(queuedMs, request, index, attempt);
		this.finalAt = this.acceptedAt + settingFor(durationMs, request, index, attempt);
		this.outcome = settingFor(outcome, request, index, attempt);
		this.failureMessage = settingFor(failureMessage, request, index, attempt);
	}

	get status(): JobStatus {
		const now = Date.now();
		if (now >= this.finalAt) return this.outcome;
		return now < this.startsAt ? 'pending' : 'processing';
	}
}

/** A job as `JSON.stringify` writes it. */
export type SavedJob = Omit<Job, 'status'>;

/** The `data` of the answer to `POST /generate-video`. */
export function acceptedData(job: Job): Record<string, unknown> {
	const { generationType, prompt, aspectRatio = 'auto' } = job.request;
	// Without milliseconds, as in the API reference's example.
	const createdAt = new Date(job.acceptedAt).toISOString().replace(/\.\d+/, '');
	return { uuid: job.uuid, status: 'pending', generationType, prompt, aspectRatio, createdAt };
}

/** The `data` of a status answer: only the documented fields. */
export function statusData(
	job: Job,
	options: EmulatorOptions,
	videoUrl: (job: Job) => string,
): Record<string, unknown> {
	const { uuid, status } = job;
	const { estimates, failureField } = { ...defaults, ...options };
	if (status === 'completed') {
		return {
			uuid,
			status,
			videoUrl: videoUrl(job),
			...(estimates !== 'none' && { progress: 100 }),
		};
	}
	if (status === 'failed') {
		return { uuid, status, ...(failureField !== 'msg' && { [failureField]: job.failureMessage }) };
	}
	return { uuid, status, ...estimate(job, { ...defaults, ...options }) };
}

function estimate(
	job: Job,
	{ estimates, seed }: Required<Pick<EmulatorOptions, 'estimates' | 'seed'>>,
): { progress?: number; estimatedTime?: number } {
	if (estimates === 'none') return {};
	if (estimates === 'random') {
		const next = random(seed + job.index * 7919 + job.statusChecks * 104_729);
		return { progress: Math.floor(next() * 101), estimatedTime: Math.floor(next() * 600) };
	}
	if (estimates === 'wrong') {
		return job.index % 2 === 0
			? { progress: 99, estimatedTime: 1 }
			: { progress: 1, estimatedTime: 3600 };
	}
	const leftMs = job.finalAt - Date.now();
	const workMs = Math.max(1, job.finalAt - job.startsAt);
	const progress = Math.floor(100 * (1 - leftMs / workMs));
	if (estimates === 'progressOnly') return { progress: Math.min(99, Math.max(0, progress)) };
	return {
		progress: Math.min(99, Math.max(0, progress)),
		estimatedTime: Math.max(0, Math.ceil(leftMs / 1000)),
	};
}
