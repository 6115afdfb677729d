/**
 * A stand-in for the APIs of the nodes that are compared: OpenAI (Sora), Google Gemini (Veo), MiniMax, and this node's.
 * It has the requests that the nodes make for one video from text, and nothing else: no key is checked, no other parameter
 * than the prompt is read, and no estimate is sent by any API. The paths and the fields that the nodes read were taken
 * from the nodes' sources in n8n 2.41.1. All APIs share the jobs, the faults and the file, so that only the nodes differ.
 */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import multipart from '@fastify/multipart';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';

import { arrayOr, objectOr, requiredString } from '../../harness/json';
import { loopback } from '../../harness/ports';
import { MB } from '../lib/numbers';
import { indexIn } from '../lib/prompts';

export type ApiName = 'veo' | 'openai' | 'gemini' | 'minimax';

/** How the jobs of a scenario behave. Prompts start with its name and end with the index of the item. */
export interface Scenario {
	/** Default: completed at once. */
	durationMs?: (index: number) => number;
	/** Size of the video file. Default 1 MB. */
	bytes?: number;
	/** Default: as fast as the client reads. */
	bytesPerSecond?: number;
	/** The item whose first submission gets HTTP 429 and creates no job. */
	refused?: number;
	/** The item whose first status check gets HTTP 502. */
	uncheckable?: number;
}

/** An accepted, and therefore paid, job. */
export interface Job {
	id: string;
	api: ApiName;
	prompt: string;
	finalAt: number;
	/** When status checks arrived, in milliseconds since the epoch. */
	checkedAt: number[];
	/** Bytes of the file that were sent. */
	sentBytes: number;
}

const CHUNK = Buffer.alloc(64 * 1024);
/** The start of an MP4 file. */
const HEAD = Buffer.from('\0\0\0\x18ftypisom\0\0\x02\0isomiso2');

export class StandIn {
	private readonly byId = new Map<string, Job>();
	/** The API and prompt of each fault that was applied. */
	private readonly applied = new Set<string>();
	private readonly app: FastifyInstance = fastify({ forceCloseConnections: true });
	private origin = '';

	private constructor(private readonly scenarios: Record<string, Scenario>) {}

	static async start(scenarios: Record<string, Scenario>): Promise<StandIn> {
		const standIn = new StandIn(scenarios);
		await standIn.app.register(multipart, { attachFieldsToBody: 'keyValues' });
		standIn.addVeo();
		standIn.addOpenAi();
		standIn.addGemini();
		standIn.addMiniMax();
		standIn.origin = await standIn.app.listen({ host: loopback, port: 0 });
		return standIn;
	}

	/** The base URL for the credential of an API's node. */
	baseUrl(api: ApiName): string {
		const path = { veo: '/veo', openai: '/openai/v1', gemini: '/gemini', minimax: '/minimax/v1' };
		return this.origin + path[api];
	}

	/** The jobs of one node in a scenario, in order of acceptance. */
	jobs(api: ApiName, scenario: string): Job[] {
		return [...this.byId.values()].filter(
			(job) => job.api === api && scenarioOf(job.prompt) === scenario,
		);
	}

	async close(): Promise<void> {
		await this.app.close();
	}

	private addVeo(): void {
		this.app.post('/veo/generate-video', ({ body }, reply) => {
			const job = this.accept('veo', requiredString(body, 'prompt'));
			if (!job) return reply.code(429).send({ code: 1003, msg: 'Too many requests', data: null });
			const { id: uuid, prompt } = job;
			return reply.send({ code: 0, msg: 'ok', data: { uuid, status: 'pending', prompt } });
		});
		this.app.get<ById>('/veo/video-status/:id', ({ params: { id } }, reply) =>
			this.answerCheck(reply, id, (isDone) => ({
				code: 0,
				msg: 'ok',
				data: isDone
					? { uuid: id, status: 'completed', videoUrl: `${this.origin}/veo/files/${id}` }
					: { uuid: id, status: 'processing' },
			})),
		);
		this.addFile('/veo/files/:id');
	}

	private addOpenAi(): void {
		this.app.post('/openai/v1/videos', ({ body }, reply) => {
			const job = this.accept('openai', requiredString(body, 'prompt'));
			if (job) return reply.send({ id: job.id, object: 'video', status: 'queued', error: null });
			const error = { message: 'Rate limit reached', code: 'rate_limit_exceeded' };
			return reply.code(429).send({ error });
		});
		this.app.get<ById>('/openai/v1/videos/:id', ({ params: { id } }, reply) =>
			this.answerCheck(reply, id, (isDone) => ({
				id,
				object: 'video',
				status: isDone ? 'completed' : 'in_progress',
				error: null,
			})),
		);
		this.addFile('/openai/v1/videos/:id/content');
	}

	private addGemini(): void {
		const models = '/gemini/v1beta/models';
		this.app.post(`${models}/:model`, ({ body }, reply) => {
			const [instance] = arrayOr(objectOr(body).instances);
			const job = this.accept('gemini', requiredString(instance, 'prompt'));
			if (job) return reply.send({ name: `models/veo/operations/${job.id}` });
			const error = { code: 429, message: 'Quota exceeded', status: 'RESOURCE_EXHAUSTED' };
			return reply.code(429).send({ error });
		});
		this.app.get<ById>(`${models}/:model/operations/:id`, ({ params: { id } }, reply) =>
			this.answerCheck(reply, id, (isDone) => {
				const video = { uri: `${this.origin}/gemini/v1beta/files/${id}` };
				const response = { generateVideoResponse: { generatedSamples: [{ video }] } };
				return { name: `models/veo/operations/${id}`, ...(isDone && { done: true, response }) };
			}),
		);
		this.addFile('/gemini/v1beta/files/:id');
	}

	private addMiniMax(): void {
		this.app.post('/minimax/v2/video_generation', ({ body }, reply) => {
			const [text] = arrayOr(objectOr(body).content);
			const job = this.accept('minimax', requiredString(text, 'text'));
			if (job) return reply.send({ task_id: job.id });
			return reply.code(429).send({ error: { code: '1002', message: 'Rate limit' } });
		});
		this.app.get<ById>('/minimax/v2/query/video_generation/:id', ({ params: { id } }, reply) =>
			this.answerCheck(reply, id, (isDone) => ({
				task: isDone
					? { status: 'succeeded', content: { url: `${this.origin}/minimax/files/${id}` } }
					: { status: 'running' },
			})),
		);
		this.addFile('/minimax/files/:id');
	}

	/** Creates a job, unless this is the submission that the scenario refuses. */
	private accept(api: ApiName, prompt: string): Job | undefined {
		const { refused, durationMs } = this.scenario(prompt);
		const index = indexIn(prompt);
		if (index === refused && this.applies(`${api} refused ${prompt}`)) return undefined;
		const finalAt = Date.now() + (durationMs?.(index) ?? 0);
		const job = { id: randomUUID(), api, prompt, finalAt, checkedAt: [], sentBytes: 0 };
		this.byId.set(job.id, job);
		return job;
	}

	private answerCheck(reply: FastifyReply, id: string, answer: (isDone: boolean) => object) {
		const job = this.job(id);
		job.checkedAt.push(Date.now());
		const isFault = indexIn(job.prompt) === this.scenario(job.prompt).uncheckable;
		if (isFault && this.applies(`${job.api} uncheckable ${job.prompt}`)) {
			return reply.code(502).type('text/plain').send('Bad Gateway');
		}
		return reply.send(answer(Date.now() >= job.finalAt));
	}

	private addFile(path: string): void {
		this.app.get<ById>(path, ({ params: { id } }, reply) => {
			const job = this.job(id);
			const { bytes = MB, bytesPerSecond } = this.scenario(job.prompt);
			reply.headers({ 'content-type': 'video/mp4', 'content-length': bytes });
			return reply.send(Readable.from(contentOf(job, bytes, bytesPerSecond)));
		});
	}

	private scenario(prompt: string): Scenario {
		const scenario = this.scenarios[scenarioOf(prompt)];
		if (!scenario) throw new Error(`No scenario for the prompt "${prompt}"`);
		return scenario;
	}

	private job(id: string): Job {
		const job = this.byId.get(id);
		if (!job) throw new Error(`No job ${id}`);
		return job;
	}

	/** Whether this fault has not been applied yet. */
	private applies(fault: string): boolean {
		if (this.applied.has(fault)) return false;
		this.applied.add(fault);
		return true;
	}
}

interface ById {
	Params: { id: string };
}

const scenarioOf = (prompt: string) => prompt.split(':')[0] ?? '';

async function* contentOf(job: Job, bytes: number, bytesPerSecond?: number) {
	yield HEAD;
	job.sentBytes = HEAD.length;
	while (job.sentBytes < bytes) {
		const chunk = CHUNK.subarray(0, bytes - job.sentBytes);
		yield chunk;
		job.sentBytes += chunk.length;
		if (bytesPerSecond) await sleep((chunk.length * 1000) / bytesPerSecond);
	}
}
