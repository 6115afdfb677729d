import { isIPv4 } from 'node:net';
import { Agent, request } from 'undici';
import type { Envelope } from './answers';
import type { Job } from './jobs';
import { settingFor, type Setting } from './options';

const TIMEOUT_MS = 5_000;
const MAX_CONNECTIONS = 10;
/** setTimeout overflows above this and fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface WebhookOptions {
	/** Called once by POST when a job ends. Redirects are not followed and failed calls are not repeated. */
	url: Setting<string>;
	/** The JSON body. Default: the status answer of the job. */
	body?: (job: Job, statusAnswer: Envelope) => unknown;
	/** Allows hosts other than localhost, 127.0.0.0/8 and [::1]. Default false. */
	allowRemote?: boolean;
}

/** A call of a webhook. */
export interface WebhookCall {
	uuid: string;
	url: string;
	/** Milliseconds since the epoch. */
	sentAt: number;
	body: unknown;
	/** The HTTP status, or why there is none. Absent until then. */
	answered?: number | string;
}

/** Whether the URL's host is this machine. Throws for an invalid URL. */
export function isLoopback(url: string): boolean {
	const { hostname } = new URL(url);
	if (hostname === 'localhost' || hostname === '[::1]') return true;
	return isIPv4(hostname) && hostname.startsWith('127.');
}

/** Calls a webhook at the end of each job. */
export class Webhooks {
	calls: WebhookCall[] = [];
	private readonly timers = new Set<NodeJS.Timeout>();
	private readonly agent = new Agent({ connections: MAX_CONNECTIONS });

	/** `statusAnswer` returns the status answer at the time of the call. */
	schedule(job: Job, options: WebhookOptions, statusAnswer: () => Envelope): void {
		const delayMs = job.finalAt - Date.now();
		const timer = setTimeout(
			() => {
				this.timers.delete(timer);
				// Timers may fire a millisecond early, and long delays take several timers.
				if (Date.now() < job.finalAt) this.schedule(job, options, statusAnswer);
				else void this.call(job, options, statusAnswer());
			},
			Math.min(delayMs, MAX_TIMER_MS),
		);
		this.timers.add(timer);
	}

	/** Cancels scheduled calls and clears the record. */
	reset(): void {
		for (const timer of this.timers) clearTimeout(timer);
		this.timers.clear();
		this.calls = [];
	}

	async close(): Promise<void> {
		this.reset();
		await this.agent.destroy();
	}

	private async call(job: Job, options: WebhookOptions, statusAnswer: Envelope): Promise<void> {
		const url = settingFor(options.url, job.request, job.index, job.attempt);
		const body = options.body ? options.body(job, statusAnswer) : statusAnswer;
		const call: WebhookCall = { uuid: job.uuid, url, sentAt: Date.now(), body };
		this.calls.push(call);
		try {
			call.answered =
				options.allowRemote || isLoopback(url)
					? await this.post(url, body)
					: 'not sent: the host is not a loopback address';
		} catch (error) {
			call.answered = error instanceof Error ? error.message : String(error);
		}
	}

	private async post(url: string, body: unknown): Promise<number> {
		const answer = await request(url, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(body),
			dispatcher: this.agent,
			signal: AbortSignal.timeout(TIMEOUT_MS),
		});
		await answer.body.dump();
		return answer.statusCode;
	}
}
