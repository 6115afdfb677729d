import { readFile } from 'node:fs/promises';

import { type Execution, hasEnded } from '../../../harness/execution';
import { waitFor } from '../../../harness/waitFor';
import type { RunningN8n } from '../../../harness/n8nProcess';
import { Tables } from '../../../harness/jobTables';
import { chain, items, webhook, type WorkflowNode } from '../../../harness/workflow';
import { Servers } from './redisAndPostgres';

/** Low enough that two executions occupy a worker. */
export const CONCURRENCY = 2;

/** Workers renew a lock per job, by which n8n detects a dead worker. The defaults are 60, 10 and 30 seconds. */
const FAST_STALL_DETECTION = {
	QUEUE_WORKER_LOCK_DURATION: '10000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '2000',
	QUEUE_WORKER_STALLED_INTERVAL: '3000',
};

/** A start of an execution on a worker. */
export interface Start {
	executionId: string;
	/** The ID in Bull's queue. */
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

	/** Takes a minute or more. */
	static async start(): Promise<Cluster> {
		const servers = await Servers.start();
		let tables: Tables | undefined;
		try {
			tables = await Tables.start({
				...servers.n8nEnv,
				...FAST_STALL_DETECTION,
				N8N_ENCRYPTION_KEY: 'shared-key-of-all-processes',
				// Reveals times that lose their time zone on the way to the database and back.
				TZ: 'Asia/Kolkata',
			});
			const { harness } = tables;
			const worker = async () => await harness.startWorker(CONCURRENCY);
			const both = [worker(), worker()] as const;
			// If one worker fails to start, wait for the other before stopping everything.
			await Promise.allSettled(both);
			return new Cluster(tables, await Promise.all(both), servers);
		} catch (error) {
			await tables?.harness.close();
			await servers.stop();
			throw error;
		}
	}

	async close(): Promise<void> {
		await this.tables.harness.close();
		await this.servers.stop();
	}

	/**
	 * Starts one production execution of the Veo node per name, all at the same time. Each has one item per suffix, with the
	 * prompt "name: suffix". Returns the workflow's ID.
	 */
	async startExecutions(veo: WorkflowNode, names: string[], suffixes: string[]): Promise<string> {
		const { client } = this.tables.harness;
		const start = webhook();
		const each = items(
			'Prompts',
			suffixes.map((suffix) => ({ suffix })),
		);
		const prompt = '={{ $("Webhook").first().json.body.name + ": " + $json.suffix }}';
		const node = { ...veo, parameters: { ...veo.parameters, prompt } };
		const saved = await this.tables.harness.save(chain('Submit', start, each, node));
		await client.activateAndWait(saved.id);
		const call = async (name: string) =>
			await client.callWebhook(String(start.webhookId), { name });
		await Promise.all(names.map(call));
		return saved.id;
	}

	/** Waits until `count` executions of a workflow have ended. */
	async ended(workflowId: string, count: number, timeoutMs = 90_000): Promise<Execution[]> {
		const { client } = this.tables.harness;
		const ids = await waitFor(`${count} executions to end`, timeoutMs, async () => {
			const all = await client.executions({ workflowId });
			const ended = all.filter(({ status }) => hasEnded(status));
			return ended.length === count ? ended.map(({ id }) => id) : undefined;
		});
		return await Promise.all(ids.map(async (id) => await client.execution(id)));
	}

	/** Every start of an execution on a worker, from the workers' logs. */
	async starts(): Promise<Start[]> {
		const all = this.workers.map(async (worker) => {
			const log = await readFile(worker.logFile, 'utf8');
			const lines = log.matchAll(/Worker started execution (\d+) \(job (\d+)\)/g);
			return [...lines].map(([, executionId = '', jobId = '']) => ({ executionId, jobId, worker }));
		});
		return (await Promise.all(all)).flat();
	}

	/**
	 * Lets another worker run a job whose worker has died. n8n allowed this until 2.0. Since then it sets Bull's limit of such
	 * restarts to 0, and this raises the limit for one job.
	 */
	async allowRestart({ jobId }: Start): Promise<void> {
		await this.servers.redis('HSET', `bull:jobs:${jobId}`, 'stalledCounter', '-1');
	}
}
