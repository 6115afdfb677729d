import { setTimeout as sleep } from 'node:timers/promises';

import { hasEnded } from '../../harness/execution';
import { objectOr } from '../../harness/json';
import type { SavedWorkflow } from '../../harness/n8nClient';
import type { Job } from '../../emulator';
import { Deliveries, eventOf } from '../../nodes/Veo/trigger/deliveries';
import { JOB_COLUMNS, toJobRow } from '../../nodes/Veo/jobTable/jobTable';
import type { Tables } from '../e2e/triggerSupport';
import { chain, node, type TestWorkflow, webhook, type WorkflowNode } from '../e2e/workflow';
import { balance, type Books, type Delivery, type NotedJob } from './books';
import type { Kill, RoundPlan } from './plan';

/** What n8n keeps of an execution that dies with it. */
const KEEP_ALL = {
	executionOrder: 'v1',
	saveExecutionProgress: true,
	saveDataSuccessExecution: 'all',
	saveDataErrorExecution: 'all',
};
/** A moment that does not come is waited for no longer: n8n is then killed whatever it does. */
const SUBMITTING_MS = 8_000;
const A_POLL_MS = 70_000;
/** Two polls, the first of which may come a minute after n8n's last start, and time to spare on a busy machine. */
const SETTLING_MS = 180_000;
const LOOK_EVERY_MS = 2;

export interface RoundResult extends Books {
	plan: RoundPlan;
	kills: number;
	/** Executions of n8n in which the trigger itself failed. */
	failedPolls: number;
	/** Whether the trigger noted all its deliveries in time. */
	settled: boolean;
	wallMs: number;
}

interface Batch {
	prompts: string[];
	saved: SavedWorkflow;
	path: string;
}

/**
 * One round: executions submit tracked jobs, a trigger on their table delivers them, and n8n is killed and started again
 * in between.
 *
 * A wish is a prompt, and each is wished for once. Like a caller whose webhook was not answered, the round calls again
 * where n8n has no execution of the first call; it never does where n8n has one, in whatever state. n8n itself runs those
 * again that had not begun, and none that died under way: for those the round presses "Retry" in the list of executions,
 * as a user may.
 */
export class Round {
	private readonly startedAt = Date.now();
	private readonly table: string;
	private readonly killedAt: number[] = [];
	/** The executions that have ended: they are read once. */
	private readonly read = new Map<string, Delivery>();
	private failedPolls = 0;

	constructor(
		private readonly tables: Tables,
		private readonly plan: RoundPlan,
		private readonly say: (words: string) => void,
	) {
		this.table = `crash_${plan.seed}_${Date.now().toString(36)}`;
	}

	async play(): Promise<RoundResult> {
		const { plan } = this;
		await this.createTable();
		const watching = await this.watch();
		const batches = await Promise.all(plan.batches.map(async (prompts) => this.prepare(prompts)));

		for (const [index, batch] of batches.entries()) {
			await sleep(plan.pausesMs[index]);
			const kill = plan.kills.find((one) => one.when === 'submitting' && one.batch === index);
			await this.submit(batch, kill);
			this.say(`batch ${index + 1} of ${batches.length}: ${this.jobs.length} jobs paid so far`);
		}
		for (const kill of plan.kills) {
			if (kill.when === 'submitting') continue;
			await this.moment(kill, watching);
			await this.crash(kill);
		}

		const settled = await this.settle(watching);
		const deliveries = await this.deliveries(watching);
		const table = await this.noted();
		for (const { id } of [watching, ...batches.map(({ saved }) => saved)]) {
			await this.tables.harness.client.deactivateWorkflow(id);
		}
		return {
			...balance({
				prompts: plan.batches.flat(),
				paid: this.jobs.map(({ uuid, request: { prompt } }) => ({ uuid, prompt })),
				table,
				deliveries,
				killedAt: this.killedAt,
			}),
			plan,
			kills: this.killedAt.length,
			failedPolls: this.failedPolls,
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

	/** The trigger is switched on before the first job is submitted, and refuses a table that is not there. */
	private async createTable(): Promise<void> {
		const columns = Object.entries(JOB_COLUMNS).map(([name, type]) => ({ name, type }));
		await this.tables.harness.client.api('POST', '/data-tables', { name: this.table, columns });
	}

	private async watch(): Promise<SavedWorkflow> {
		const watching = this.tables.watching({
			jobTableName: this.table,
			events: ['completed', 'failed'],
			options: { pollInterval: 5 },
		});
		return await this.switchOn(watching);
	}

	/** A workflow that submits what its webhook is given; one for each batch, so that its executions tell whether it ran. */
	private async prepare(prompts: string[]): Promise<Batch> {
		const start = webhook();
		const split = node('Prompts', 'n8n-nodes-base.splitOut', 1, {
			fieldToSplitOut: 'body.prompts',
			options: { destinationFieldName: 'prompt' },
		});
		// With `onError`, one unclear item of a retry does not keep the others from being submitted.
		const veo: WorkflowNode = {
			...this.tables.tracked(this.table, { prompt: '={{ $json.prompt }}' }),
			onError: 'continueRegularOutput',
		};
		const saved = await this.switchOn(chain('Submit', start, split, veo));
		return { prompts, saved, path: String(start.webhookId) };
	}

	private async switchOn(workflow: TestWorkflow): Promise<SavedWorkflow> {
		const saved = await this.tables.harness.save({ ...workflow, settings: KEEP_ALL });
		const words = await this.tables.activate(saved);
		if (words !== '') throw new Error(`"${workflow.name}" could not be switched on: ${words}`);
		return saved;
	}

	/** Has the batch submitted, with n8n killed in between where the plan says so. */
	private async submit(batch: Batch, kill: Kill | undefined): Promise<void> {
		const { client } = this.tables.harness;
		for (const dies of [kill, undefined, undefined]) {
			const called = this.call(batch);
			if (dies) {
				await this.moment(dies, batch.saved, batch);
				await this.crash(dies);
			}
			await called;
			const execution = await latest(10_000, async () => {
				const [newest] = await client.executions({ workflowId: batch.saved.id });
				return newest;
			});
			if (!execution) {
				this.say('no execution was started: calling again');
				continue;
			}
			const ended = await latest(60_000, async () => {
				const [newest] = await client.executions({ workflowId: batch.saved.id });
				return newest && hasEnded(newest.status) ? newest : undefined;
			});
			if (ended?.status === 'crashed') {
				const { id, status } = await client.retryExecution(ended.id);
				this.say(`retried: execution ${id} (${status})`);
			}
			return;
		}
		throw new Error(`n8n starts no execution of "${batch.saved.name}"`);
	}

	/** Calls the webhook, which may be registered only some seconds after n8n's start. No answer is an answer, too. */
	private async call({ prompts, path }: Batch): Promise<void> {
		await latest(30_000, async () => {
			const response = await fetch(`${this.tables.harness.n8n.url}/webhook/${path}`, {
				method: 'POST',
				headers: { 'content-type': 'application/json' },
				body: JSON.stringify({ prompts }),
			});
			return response.status === 404 ? undefined : response.status;
		}).catch(() => undefined);
	}

	/** Waits for the moment at which n8n is to be killed. */
	private async moment(kill: Kill, { id }: SavedWorkflow, batch?: Batch): Promise<void> {
		const executions = async () =>
			(await this.tables.harness.client.executions({ workflowId: id })).length;
		const told = () =>
			this.jobs.filter(({ firstToldFinalAt }) => firstToldFinalAt !== undefined).length;
		const toldBefore = told();
		const all = this.jobs.length;
		const executionsBefore = kill.when === 'delivering' ? await executions() : 0;

		const hasCome = async () => {
			switch (kill.when) {
				case 'submitting':
					return this.jobsOf(batch?.prompts ?? []).length >= kill.accepted;
				case 'checking':
					return told() >= Math.min(all, toldBefore + kill.told);
				case 'delivering':
					return (await executions()) > executionsBefore;
			}
		};
		const forMs = kill.when === 'submitting' ? SUBMITTING_MS : A_POLL_MS;
		await latest(forMs, async () => ((await hasCome()) ? true : undefined), LOOK_EVERY_MS);
		await sleep(kill.thenMs);
	}

	private async crash(kill: Kill): Promise<void> {
		const { n8n, client } = this.tables.harness;
		this.killedAt.push(Date.now());
		await n8n.kill();
		this.say(`n8n killed (${JSON.stringify(kill)})`);
		await n8n.start();
		await client.login({ email: 'tester@example.com', password: 'Veo-tests-1' });
	}

	/** Waits until the trigger has delivered all that has a `uuid` in the table, and has noted that. */
	private async settle(watching: SavedWorkflow): Promise<boolean> {
		const done = await latest(
			SETTLING_MS,
			async () => {
				const given = (await this.deliveries(watching)).flatMap(({ uuids }) => uuids);
				const rows = (await this.tables.rows(this.table)) ?? [];
				const triggers = (await this.tables.rows('veo_triggers')) ?? [];
				const noted = triggers.find(({ trigger }) => String(trigger).startsWith(`${watching.id}/`));
				const remembered = Deliveries.parse(noted?.deliveries);
				const jobs = rows.map(toJobRow).filter(({ uuid }) => uuid !== undefined);
				const isDone = jobs.every(
					({ uuid, status, finishedAt }) =>
						given.includes(String(uuid)) &&
						remembered?.has({
							uuid: String(uuid),
							event: eventOf(status),
							finishedMs: Date.parse(String(finishedAt)),
						}),
				);
				return isDone || undefined;
			},
			1_000,
		);
		return done ?? false;
	}

	/**
	 * What n8n took from the trigger. Also an execution that died with n8n counts: n8n had the item, and shows it. n8n
	 * rewrites what such an execution holds, so the jobs are looked for in all of it.
	 */
	private async deliveries({ id: workflowId }: SavedWorkflow): Promise<Delivery[]> {
		const { client } = this.tables.harness;
		for (const { id, status } of await client.executions({ workflowId })) {
			if (this.read.get(id)) continue;
			const answer = objectOr(await client.api('GET', `/executions/${id}?includeData=true`));
			const data = JSON.stringify(answer.data ?? '');
			// The trigger itself failed: no items.
			const uuids = this.jobs.map(({ uuid }) => uuid).filter((uuid) => data.includes(uuid));
			if (status === 'error') this.failedPolls++;
			const isTaken = status !== 'error';
			const delivery = {
				executionId: `${id} (${status})`,
				takenAt: Date.parse(String(answer.createdAt)),
				uuids: isTaken ? uuids : [],
			};
			if (!hasEnded(status)) continue;
			this.read.set(id, delivery);
			if (isTaken) this.say(`execution ${id} (${status}) has ${uuids.length} videos`);
		}
		return [...this.read.values()];
	}

	private async noted(): Promise<NotedJob[]> {
		const rows = (await this.tables.rows(this.table)) ?? [];
		return rows.map(toJobRow).map(({ uuid, prompt, status, jobKey }) => ({
			uuid: textOf(uuid),
			prompt: textOf(prompt),
			status: textOf(status),
			jobKey: textOf(jobKey),
		}));
	}
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined);

/** Tries until there is an answer, or the time is up. */
async function latest<T>(
	forMs: number,
	attempt: () => Promise<T | undefined>,
	everyMs = 250,
): Promise<T | undefined> {
	const untilMs = Date.now() + forMs;
	for (;;) {
		const answer = await attempt();
		if (answer !== undefined || Date.now() > untilMs) return answer;
		await sleep(everyMs);
	}
}
