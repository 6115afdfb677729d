import { readFile } from 'node:fs/promises';

import type { Execution, Item } from '../../harness/execution';
import { objectOr } from '../../harness/json';
import type { SavedWorkflow } from '../../harness/n8nClient';
import type { Fault, Job, RecordedRequest } from '../../emulator';
import { Harness } from './harness';
import {
	items,
	webhook,
	workflow,
	type NodeSettings,
	type TestWorkflow,
	type WorkflowNode,
} from './workflow';

/** "Retry On Fail" as the scenarios use it. */
export const threeTries = { retryOnFail: true, maxTries: 3, waitBetweenTries: 200 };

/** What a scenario's prompt may hold, to tell the emulator how that job goes. */
export const fails = 'a job that fails';
export const takesLong = 'a job that takes long';

const executionTimeoutMs = 90_000;

/** One line of the table that is printed at the end. */
interface Figures {
	scenario: string;
	items: number;
	executions: number;
	'generate requests': number;
	'jobs accepted': number;
	/** Jobs beyond one for each item, turn of the loop and new execution. */
	'paid twice': number;
}

export interface Veo {
	/** Of the node, beside the operation and the prompt. */
	parameters?: object;
	options?: object;
	settings?: NodeSettings;
}

/**
 * One workflow, active, whose items have prompts of their own: so what the emulator was asked for and was paid can be
 * counted for each item, whatever else goes on at the same time. Without `veo.settings` nothing is tried again.
 */
export class Scenario {
	/** Each item's prompt; none is part of another one. */
	readonly prompts: string[];
	/** Those that have ended, in order. */
	readonly executions: Execution[] = [];
	private readonly faults: Fault[] = [];
	private workflow?: TestWorkflow;
	private saved?: SavedWorkflow;
	private webhookPath = '';
	private started = 0;
	/** How often one prompt is to be paid in one execution. */
	private turns = 1;

	constructor(
		readonly harness: Harness,
		readonly name: string,
		count = 10,
		/** What to add to the prompt of an item. */
		hints: Record<number, string> = {},
	) {
		this.prompts = Array.from({ length: count }, (_, index) =>
			[`<${name} / ${index}>`, hints[index] ?? ''].join(' ').trim(),
		);
	}

	/** From now on this goes wrong with the item's requests, until `heal`. */
	strike(itemIndex: number, fault: Omit<Fault, 'prompt'>): void {
		this.add({ ...fault, prompt: this.prompts[itemIndex] });
	}

	/** From now on this goes wrong with the requests about this job, until `heal`. */
	strikeJob(job: Job, fault: Omit<Fault, 'uuid'>): void {
		this.add({ ...fault, uuid: job.uuid });
	}

	/** Takes the cause away: from now on all is well. */
	heal(): void {
		const { options } = this.harness.emulator;
		options.faults = (options.faults ?? []).filter((fault) => !this.faults.includes(fault));
	}

	/** Saves and activates webhook -> items -> Veo -> `after` (one for each output of Veo). */
	async set(veo: Veo = {}, after: WorkflowNode[] = []): Promise<void> {
		const first = webhook();
		const list = items(
			'Items',
			this.prompts.map((prompt) => ({ prompt })),
		);
		const node = this.veo(veo);
		const links = after.map((next, output): [[WorkflowNode, number], WorkflowNode] => [
			[node, output],
			next,
		]);
		await this.activate([first, list, node, ...after], [[first, list], [list, node], ...links]);
	}

	/** Saves and activates a loop over the items, one a turn, all of them with the first item's prompt. */
	async setLoop(veo: Veo): Promise<void> {
		this.turns = this.prompts.length;
		const first = webhook();
		const list = items(
			'Items',
			this.prompts.map(() => ({ prompt: this.prompts[0] })),
		);
		const loop: WorkflowNode = {
			...items('Loop', []),
			type: 'n8n-nodes-base.splitInBatches',
			typeVersion: 3,
			parameters: { batchSize: 1, options: {} },
		};
		const node = this.veo(veo);
		await this.activate(
			[first, list, loop, node],
			[
				[first, list],
				[list, loop],
				[[loop, 1], node],
				[node, loop],
			],
		);
	}

	/** Saves the workflow with another Veo node. */
	async change(veo: Veo): Promise<void> {
		if (!this.workflow || !this.saved) throw new Error(`"${this.name}" has no workflow yet`);
		const nodes = this.workflow.nodes.map((node) =>
			node.name === 'Veo' ? { ...this.veo(veo), id: node.id } : node,
		);
		await this.harness.client.updateWorkflow(this.saved.id, { ...this.workflow, nodes });
	}

	/** Starts a new execution; gives its id. */
	async start(): Promise<string> {
		if (this.saved === undefined) throw new Error(`"${this.name}" has no workflow yet`);
		this.started++;
		return await this.harness.client.runByWebhook(this.saved.id, this.webhookPath);
	}

	/** Waits for an execution that was started. */
	async end(id: string): Promise<Execution> {
		return this.seen(await this.harness.client.waitForExecution(id, executionTimeoutMs));
	}

	/** A new execution, to its end. */
	async run(): Promise<Execution> {
		return await this.end(await this.start());
	}

	/** "Retry" in the executions list, with the workflow as it ran or as it is saved now. */
	async retry({ id }: Pick<Execution, 'id'>, withSavedWorkflow = false): Promise<Execution> {
		return this.seen(await this.harness.client.retryExecution(id, withSavedWorkflow));
	}

	/** The jobs that were accepted, and therefore paid, in order. */
	get jobs(): Job[] {
		return this.harness.emulator.jobs.filter(({ request }) =>
			this.prompts.includes(request.prompt),
		);
	}

	jobsOf(itemIndex: number): Job[] {
		return this.jobs.filter(({ request }) => request.prompt === this.prompts[itemIndex]);
	}

	/** How many jobs were paid for each item. */
	get paid(): number[] {
		return this.prompts.map((_, itemIndex) => this.jobsOf(itemIndex).length);
	}

	/** How often a generate request was sent for each item, accepted or not. */
	get sent(): number[] {
		const generate = this.requests('generate');
		return this.prompts.map(
			(prompt) => generate.filter(({ body }) => objectOr(body).prompt === prompt).length,
		);
	}

	/** The requests about this scenario's items. */
	requests(...kinds: Array<RecordedRequest['kind']>): RecordedRequest[] {
		const uuids: string[] = this.jobs.map(({ uuid }) => uuid);
		return this.harness.emulator.requests.filter(
			({ kind, uuid, body }) =>
				(kinds.length === 0 || kinds.includes(kind)) &&
				((uuid !== undefined && uuids.includes(uuid)) ||
					this.prompts.includes(String(objectOr(body).prompt))),
		);
	}

	get figures(): Figures {
		return {
			scenario: this.name,
			items: this.prompts.length,
			executions: this.executions.length,
			'generate requests': this.sent.reduce((sum, count) => sum + count, 0),
			'jobs accepted': this.jobs.length,
			'paid twice': this.paid
				.map((count) => Math.max(0, count - this.started * this.turns))
				.reduce((sum, count) => sum + count, 0),
		};
	}

	private veo({ parameters, options, settings }: Veo): WorkflowNode {
		return this.harness.veo(
			'Veo',
			{
				operation: 'generateAndWait',
				prompt: '={{ $json.prompt }}',
				options: { ...options },
				...parameters,
			},
			settings,
		);
	}

	private async activate(
		nodes: Parameters<typeof workflow>[1],
		links: Parameters<typeof workflow>[2],
	): Promise<void> {
		this.webhookPath = nodes[0].webhookId ?? '';
		this.workflow = workflow(this.name, nodes, links);
		this.saved = await this.harness.save(this.workflow);
		await this.harness.client.activateWorkflow(this.saved.id);
	}

	private add(fault: Fault): void {
		this.faults.push(fault);
		const { options } = this.harness.emulator;
		options.faults = [...(options.faults ?? []), fault];
	}

	private seen(execution: Execution): Execution {
		this.executions.push(execution);
		return execution;
	}
}

/** All that a user is told of a failed execution. */
export function toldBy({ error, customData }: Execution): string {
	return [error?.message, error?.description, JSON.stringify(customData)].join('\n');
}

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** What an item tells of its failure; empty where it did not fail. */
export const errorOf = (item: Item | undefined): string => text(item?.json.error);

export async function logOf({ n8n }: Harness): Promise<string> {
	return await readFile(n8n.logFile, 'utf8');
}

/**
 * Tests that do not disturb one another: they all begin at once, and each is told by itself. Without this they would
 * wait, one after another, for what takes the API its time.
 */
export function atOnce(cases: Record<string, () => Promise<void>>): void {
	const running = new Map<string, Promise<void>>();
	beforeAll(() => {
		for (const [name, run] of Object.entries(cases)) {
			const promise = run();
			// Heard by the test itself, which may come later.
			promise.catch(() => undefined);
			running.set(name, promise);
		}
	});
	it.each(Object.keys(cases))('%s', async (name) => {
		await running.get(name);
	});
}
