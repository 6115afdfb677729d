import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GenerateRequest, Job, SavedJob } from './jobs';
import { defaults, type EmulatorOptions } from './options';
import type { RecordedRequest } from './requests';
import { createServer } from './server';
import { VeoApi } from './veo-api';
import type { WebhookCall } from './webhooks';

export type { Fault, FaultAction } from './faults';
export type { GenerateRequest, Job, JobStatus, SavedJob } from './jobs';
export { defaults, type EmulatorOptions, type FailureField, type Setting } from './options';
export { random } from './random';
export { randomFaults, troubles, type Trouble } from './random-faults';
export * from './scenarios';
export { isLoopback, type WebhookCall, type WebhookOptions } from './webhooks';
export { kinds, type Kind, type RecordedRequest } from './requests';

/** The Veo API as a local server. */
export interface Emulator {
	/** The base URL for the credential: `http://127.0.0.1:PORT/api`. */
	readonly url: string;
	/** `http://127.0.0.1:PORT`, which also serves videos and images. */
	readonly origin: string;
	readonly port: number;
	/** May be changed between requests. Options about jobs apply to jobs accepted afterwards. */
	options: EmulatorOptions;
	/** The account's remaining balance. */
	credits: number;
	/** Accepted, and therefore paid, jobs in order of acceptance, with the counts of requests about each. */
	readonly jobs: readonly Job[];
	/** Every request that arrived, in order. */
	readonly requests: readonly RecordedRequest[];
	/** Every webhook call, in order. */
	readonly webhookCalls: readonly WebhookCall[];
	/** How many requests of this kind arrived. */
	count(kind: RecordedRequest['kind']): number;
	/** Accepts and bills a job as `POST /generate-video` does, without a request. */
	accept(request: GenerateRequest): Job;
	/** Adds jobs of an earlier emulator, with their videos. */
	restore(saved: readonly SavedJob[]): void;
	/** Clears jobs, requests, faults and scheduled webhook calls, and restores the start options, overlaid with `options`. */
	reset(options?: EmulatorOptions): void;
	/** Closes all connections, answered or not, and deletes stored files. */
	close(): Promise<void>;
}

/** Rejects with the code `EADDRINUSE` if `port` is taken. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
	const folder = await mkdtemp(join(tmpdir(), 'veo-emulator-'));
	const api = new VeoApi(options, folder);
	const app = await createServer(api);
	const close = async () => {
		await app.close();
		await api.webhooks.close();
		await rm(folder, { recursive: true, force: true, maxRetries: 5 });
	};
	try {
		api.origin = await app.listen({ host: '127.0.0.1', port: options.port ?? defaults.port });
	} catch (error) {
		await close();
		throw error;
	}
	const { origin } = api;
	return Object.assign(api, { url: `${origin}/api`, port: Number(new URL(origin).port), close });
}
