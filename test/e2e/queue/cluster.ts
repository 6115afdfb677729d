import { readFile } from 'node:fs/promises';

import { type Execution, hasEnded } from '../../../harness/execution';
import { waitFor } from '../../../harness/waitFor';
import type { RunningN8n } from '../../../harness/n8nProcess';
import { Tables } from '../../../harness/jobTables';
import { chain, items, webhook, type WorkflowNode } from '../../../harness/workflow';
import { Servers } from './redisAndPostgres';

/** So few that two executions of one worker leave none to spare for a third. */
export const CONCURRENCY = 2;

/** n8n notices a dead worker by its jobs' locks, which it renews. Its own figures are 60, 10 and 30 seconds. */
const NOTICES_SOON = {
	QUEUE_WORKER_LOCK_DURATION: '10000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '2000',
	QUEUE_WORKER_STALLED_INTERVAL: '3000',
};

/** A start of an execution on a worker. */
export interface Start {
	executionId: string;
	/** In Bull's queue. */
	jobId: string;
	worker: RunningN8n;
}

/** n8n in queue mode: a main process, two workers, Redis and PostgreSQL. */
export class Cluster {
	private constructor(
		readonly tables: Tables,
		readonly workers: [RunningN8n, RunningN8n],
		private readonly servers: Servers,
	) {}

	/** Takes a minute or more: for `beforeAll`. */
	static async start(): Promise<Cluster> {
		const servers = await Servers.start();
		let tables: Tables | undefined;
		try {
			tables = await Tables.start({
				...servers.n8nEnv,
				...NOTICES_SOON,
				N8N_ENCRYPTION_KEY: 'one-key-for-all-of-them',
				// Where a time loses its zone on its way to the database and back, this shows.
				TZ: 'Asia/Kolkata',
			});
			const { harness } = tables;
			const worker = async () => await harness.startWorker(CONCURRENCY);
			const both = [worker(), worker()] as const;
			// One that does not start must not leave the other behind.
			await Promise.allSettled(both);
			return new Cluster(tables, await Promise.all(both), servers);
		} catch (error) {
			await tables?.harness.close();
			await servers.stop();
			throw error;
		}
	}

	/** For `afterAll`. */
	async close(): Promise<void> {
		await this.tables.harness.close();
		await this.servers.stop();
	}

	/**
	 * Has production executions run the Veo node, one for each name and all at once. Each has an item for each of `wishes`,
	 * whose prompt the two make together.
	 */
	async begin(veo: WorkflowNode, names: string[], wishes: string[]): Promise<string> {
		const { client } = this.tables.harness;
		const start = webhook();
		const each = items(
			'Wishes',
			wishes.map((wish) => ({ wish })),
		);
		const prompt = '={{ $("Webhook").first().json.body.name + ": " + $json.wish }}';
		const node = { ...veo, parameters: { ...veo.parameters, prompt } };
		const saved = await this.tables.harness.save(chain('Submit', start, each, node));
		await client.activateAndWait(saved.id);
		const call = async (name: string) =>
			await client.callWebhook(String(start.webhookId), { name });
		await Promise.all(names.map(call));
		return saved.id;
	}

	/** Waits until so many executions of a workflow have ended. */
	async ended(workflowId: string, count: number, timeoutMs = 90_000): Promise<Execution[]> {
		const { client } = this.tables.harness;
		const ids = await waitFor(`${count} executions to end`, timeoutMs, async () => {
			const all = await client.executions({ workflowId });
			const ended = all.filter(({ status }) => hasEnded(status));
			return ended.length === count ? ended.map(({ id }) => id) : undefined;
		});
		return await Promise.all(ids.map(async (id) => await client.execution(id)));
	}

	/** Every start of an execution on a worker, as the workers' logs tell. */
	async starts(): Promise<Start[]> {
		const all = this.workers.map(async (worker) => {
			const log = await readFile(worker.logFile, 'utf8');
			const lines = log.matchAll(/Worker started execution (\d+) \(job (\d+)\)/g);
			return [...lines].map(([, executionId = '', jobId = '']) => ({ executionId, jobId, worker }));
		});
		return (await Promise.all(all)).flat();
	}

	/**
	 * Lets a job that loses its worker be run again by another. n8n did so by itself until 2.0; since then it allows Bull no
	 * such return, and this raises what Bull allows for the one job.
	 */
	async allowReturn({ jobId }: Start): Promise<void> {
		await this.servers.redis('HSET', `bull:jobs:${jobId}`, 'stalledCounter', '-1');
	}
}
