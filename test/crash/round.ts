import { setTimeout as sleep } from 'node:timers/promises';

import { hasEnded } from '../../harness/execution';
import { objectOr, optionalString } from '../../harness/json';
import type { SavedWorkflow } from '../../harness/n8nClient';
import { pollFor } from '../../harness/waitFor';
import type { Job } from '../../emulator';
import { Deliveries, eventOf } from '../../nodes/Veo/trigger/deliveries';
import { JOB_COLUMNS, toJobRow } from '../../nodes/Veo/jobTable/jobTable';
import type { Tables } from '../../harness/jobTables';
import { owner } from '../../harness/n8nHarness';
import { chain, node, type TestWorkflow, webhook, type WorkflowNode } from '../../harness/workflow';
import { audit, type Audit, type Delivery, type RecordedJob } from './audit';
import type { Kill, RoundPlan, WorkflowVariant } from './plan';

/** Makes n8n keep the data of executions that are killed. */
const KEEP_ALL = {
	executionOrder: 'v1',
	saveExecutionProgress: true,
	saveDataSuccessExecution: 'all',
	saveDataErrorExecution: 'all',
};
/** n8n is killed at the latest after these times, even if the condition of the kill does not hold. */
const MAX_SUBMITTING_MS = 8_000;
const MAX_CHECKING_MS = 70_000;
/** The trigger starts up to a minute after n8n. The rest is for a busy machine. */
const MAX_SETTLING_MS = 180_000;
const CONDITION_INTERVAL_MS = 2;

export interface RoundResult extends Audit {
	plan: RoundPlan;
	kills: number;
	/** Executions in which the trigger itself failed. */
	failedChecks: number;
	/** Whether the trigger recorded all its deliveries in time. */
	settled: boolean;
	wallMs: number;
}

interface Batch {
	prompts: string[];
	saved: SavedWorkflow;
	path: string;
}

/**
 * One round: executions submit tracked jobs, a trigger on their table delivers them, and n8n is killed and restarted in
 * between.
 *
 * Each prompt should be submitted once. Like a caller that got no response, the round calls the webhook again if n8n has no
 * execution of the first call, and never if it has one. n8n itself restarts executions that had not started, but not those
 * that were killed while running: for these, the round uses "Retry" in the executions list, as a user may.
 */
export class Round {
	private readonly startedAt = Date.now();
	private readonly table: string;
	private readonly killedAt: number[] = [];
	/** The ended executions. Each is read once. */
	private readonly read = new Map<string, Delivery>();
	private failedChecks = 0;

	constructor(
		private readonly tables: Tables,
		private readonly plan: RoundPlan,
		private readonly log: (text: string) => void,
	) {
		this.table = `crash_${plan.seed}_${Date.now().toString(36)}`;
	}

	async play(): Promise<RoundResult> {
		const { plan } = this;
		await this.createTable();
		const watching = await this.watch();
		const batches = await Promise.all(
			plan.batches.map(async (prompts, index) => this.prepare(prompts, plan.workflows[index])),
		);

		for (const [index, batch] of batches.entries()) {
			await sleep(plan.pausesMs[index]);
			const kill = plan.kills.find((one) => one.when === 'submitting' && one.batch === index);
			await this.submit(batch, kill);
			this.log(`batch ${index + 1} of ${batches.length}: ${this.jobs.length} jobs paid so far`);
		}
		for (const kill of plan.kills) {
			if (kill.when === 'submitting') continue;
			await this.waitForKill(kill, watching);
			await this.crash(kill);
		}

		const settled = await this.settle(watching);
		const deliveries = await this.deliveries(watching);
		const table = await this.recordedJobs();
		for (const { id } of [watching, ...batches.map(({ saved }) => saved)]) {
			await this.tables.harness.client.deactivateWorkflow(id);
		}
		return {
			...audit({
				prompts: plan.batches.flat(),
				paid: this.jobs.map(({ uuid, request: { prompt } }) => ({ uuid, prompt })),
				table,
				deliveries,
				killedAt: this.killedAt,
			}),
			plan,
			kills: this.killedAt.length,
			failedChecks: this.failedChecks,
			settled,
			wallMs: Date.now() - this.startedAt,
		};
	}

	private get jobs(): Job[] {
		return this.jobsOf(this.plan.batches.flat());
	}

	private jobsOf(prompts: string[]): Job[] {
		return this.tables.harness.emulator.jobs.filter(({ request }) =>
			prompts.includes(request.prompt),
		);
	}

	/** The trigger is activated before the first job is submitted, and needs an existing table. */
	private async createTable(): Promise<void> {
		await this.tables.harness.client.createDataTable(this.table, JOB_COLUMNS);
	}

	private async watch(): Promise<SavedWorkflow> {
		const watching = this.tables.watching({
			jobTableName: this.table,
			events: ['completed', 'failed'],
			downloadVideo: true,
			options: { pollInterval: 5 },
		});
		return await this.saveAndActivate(watching);
	}

	/** A workflow that submits the prompts in the body of its webhook. Each batch has its own, to find its executions. */
	private async prepare(prompts: string[], variant?: WorkflowVariant): Promise<Batch> {
		const start = webhook();
		const split = node('Prompts', 'n8n-nodes-base.splitOut', 1, {
			fieldToSplitOut: 'body.prompts',
			options: { destinationFieldName: 'prompt' },
		});
		// With `onError`, one unclear item of a retry does not prevent the submission of the others.
		const veo: WorkflowNode = {
			...this.tables.tracked(this.table, { prompt: '={{ $json.prompt }}' }),
			onError: 'continueRegularOutput',
		};
		// Some kills come after the node has ended.
		const pause = node('Pause', 'n8n-nodes-base.wait', 1.1, { amount: 1, unit: 'seconds' });
		const workflow = chain('Submit', start, split, veo, pause);
		if (variant?.isReversed) workflow.nodes.reverse();
		const settings = { ...KEEP_ALL, saveExecutionProgress: variant?.savesProgress };
		const saved = await this.saveAndActivate(workflow, settings);
		return { prompts, saved, path: String(start.webhookId) };
	}

	private async saveAndActivate(
		workflow: TestWorkflow,
		settings: object = KEEP_ALL,
	): Promise<SavedWorkflow> {
		const saved = await this.tables.harness.save({ ...workflow, settings });
		const refusal = await this.tables.activate(saved);
		if (refusal !== '') throw new Error(`Could not activate "${workflow.name}": ${refusal}`);
		return saved;
	}

	/** Submits the batch. Kills n8n during the first attempt if there is a `kill`. */
	private async submit(batch: Batch, kill: Kill | undefined): Promise<void> {
		const { client } = this.tables.harness;
		for (const killNow of [kill, undefined, undefined]) {
			const called = this.call(batch);
			if (killNow) {
				await this.waitForKill(killNow, batch.saved, batch);
				await this.crash(killNow);
			}
			await called;
			const newestExecution = async () =>
				(await client.executions({ workflowId: batch.saved.id }))[0];
			const execution = await pollFor(newestExecution, { timeoutMs: 10_000 });
			if (!execution) {
				this.log('no execution was started: calling the webhook again');
				continue;
			}
			const endedExecution = async () => {
				const newest = await newestExecution();
				return newest && hasEnded(newest.status) ? newest : undefined;
			};
			const ended = await pollFor(endedExecution, { timeoutMs: 60_000 });
			if (ended?.status === 'crashed') {
				const { id, status } = await client.retryExecution(ended.id);
				this.log(`retried: execution ${id} (${status})`);
			} else if (ended) {
				await this.logItemErrors(ended.id);
			}
			return;
		}
		throw new Error(`n8n did not start an execution of "${batch.saved.name}"`);
	}

	/** An item that was refused is not paid for, so only the log says why. */
	private async logItemErrors(id: string): Promise<void> {
		const { client } = this.tables.harness;
		const { data } = objectOr(await client.api('GET', `/executions/${id}?includeData=true`));
		const errors = JSON.stringify(data ?? '').matchAll(/"error":"((?:[^"\\]|\\.)*)"/g);
		for (const text of new Set([...errors].map(([, error]) => error))) {
			this.log(`execution ${id}: ${text}`);
		}
	}

	/** Calls the webhook, which may be registered some seconds after n8n's start. Ignores a missing response. */
	private async call({ prompts, path }: Batch): Promise<void> {
		await this.tables.harness.client.callWebhook(path, { prompts }).catch(() => undefined);
	}

	/** Waits until n8n should be killed. */
	private async waitForKill(kill: Kill, { id }: SavedWorkflow, batch?: Batch): Promise<void> {
		const executions = async () =>
			(await this.tables.harness.client.executions({ workflowId: id })).length;
		const finished = () =>
			this.jobs.filter(({ firstToldFinalAt }) => firstToldFinalAt !== undefined).length;
		const finishedBefore = finished();
		const all = this.jobs.length;
		const executionsBefore = kill.when === 'delivering' ? await executions() : 0;

		const holds = async () => {
			switch (kill.when) {
				case 'submitting':
					return this.jobsOf(batch?.prompts ?? []).length >= kill.accepted;
				case 'checking':
					return finished() >= Math.min(all, finishedBefore + kill.finished);
				case 'delivering':
					return (await executions()) > executionsBefore;
			}
		};
		const timeoutMs = kill.when === 'submitting' ? MAX_SUBMITTING_MS : MAX_CHECKING_MS;
		await pollFor(async () => (await holds()) || undefined, {
			timeoutMs,
			intervalMs: CONDITION_INTERVAL_MS,
		});
		await sleep(kill.thenMs);
	}

	private async crash(kill: Kill): Promise<void> {
		const { n8n, client } = this.tables.harness;
		this.killedAt.push(Date.now());
		await n8n.kill();
		this.log(`n8n killed (${JSON.stringify(kill)})`);
		await n8n.start();
		await client.login(owner);
	}

	/** Waits until the trigger has delivered, and recorded as delivered, each job with a `uuid` in the table. */
	private async settle(watching: SavedWorkflow): Promise<boolean> {
		const isSettled = await pollFor(
			async () => {
				const delivered = (await this.deliveries(watching)).flatMap(({ uuids }) => uuids);
				const rows = (await this.tables.rows(this.table)) ?? [];
				const triggers = (await this.tables.rows('veo_triggers')) ?? [];
				const state = triggers.find(({ trigger }) => String(trigger).startsWith(`${watching.id}/`));
				const remembered = Deliveries.parse(state?.deliveries);
				const jobs = rows.map(toJobRow).filter(({ uuid }) => uuid !== undefined);
				const isDone = jobs.every(
					({ uuid, status, finishedAt }) =>
						delivered.includes(String(uuid)) &&
						remembered?.has({
							uuid: String(uuid),
							event: eventOf(status),
							finishedMs: Date.parse(String(finishedAt)),
						}),
				);
				return isDone || undefined;
			},
			{ timeoutMs: MAX_SETTLING_MS, intervalMs: 1_000 },
		);
		return isSettled ?? false;
	}

	/**
	 * What n8n accepted from the trigger. An execution that was killed counts too: n8n has the items and shows them. n8n
	 * rewrites the data of such an execution, so the whole data is searched for the jobs.
	 */
	private async deliveries({ id: workflowId }: SavedWorkflow): Promise<Delivery[]> {
		const { client } = this.tables.harness;
		for (const { id, status } of await client.executions({ workflowId })) {
			if (this.read.get(id)) continue;
			const answer = objectOr(await client.api('GET', `/executions/${id}?includeData=true`));
			const data = JSON.stringify(answer.data ?? '');
			const uuids = this.jobs.map(({ uuid }) => uuid).filter((uuid) => data.includes(uuid));
			// With this status, the trigger itself failed: there are no items.
			const isTaken = status !== 'error';
			if (!isTaken) this.failedChecks++;
			const delivery = {
				executionId: `${id} (${status})`,
				takenAt: Date.parse(String(answer.createdAt)),
				uuids: isTaken ? uuids : [],
			};
			if (!hasEnded(status)) continue;
			this.read.set(id, delivery);
			const { error } = objectOr(objectOr(answer.data).resultData);
			const what = isTaken
				? `has ${uuids.length} videos`
				: `failed: ${String(objectOr(error).message)}`;
			this.log(`execution ${id} (${status}) ${what}`);
		}
		return [...this.read.values()];
	}

	private async recordedJobs(): Promise<RecordedJob[]> {
		const rows = (await this.tables.rows(this.table)) ?? [];
		return rows.map(toJobRow).map(({ uuid, prompt, status, jobKey }) => ({
			uuid: optionalString(uuid),
			prompt: optionalString(prompt),
			status: optionalString(status),
			jobKey: optionalString(jobKey),
		}));
	}
}
