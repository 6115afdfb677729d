import type { Execution, Item } from './execution';
import { objectOr } from './json';
import type { SavedWorkflow } from './n8nClient';
import type { Fault, Job, RecordedRequest } from '../emulator';
import type { N8nHarness } from './n8nHarness';
import {
	items,
	webhook,
	workflow,
	type NodeSettings,
	type TestWorkflow,
	type WorkflowNode,
} from './workflow';

/** Node settings for "Retry On Fail". */
export const threeTries = { retryOnFail: true, maxTries: 3, waitBetweenTries: 200 };

/** Marks in prompts, for the emulator's options: the job fails, or does not finish during the test. */
export const fails = 'a job that fails';
export const takesLong = 'a job that takes long';

const executionTimeoutMs = 90_000;

/** A line of the table that is printed at the end. */
interface Figures {
	scenario: string;
	items: number;
	executions: number;
	'generate requests': number;
	'jobs accepted': number;
	/** Jobs beyond one per item, loop turn and new execution. */
	'paid twice': number;
}

export interface Veo {
	/** Parameters besides the operation and the prompt. */
	parameters?: object;
	options?: object;
	settings?: NodeSettings;
}

/**
 * An active workflow whose items have unique prompts, so that requests and paid jobs can be counted per item, also when
 * scenarios run in parallel. Without `veo.settings`, n8n retries nothing.
 */
export class RetryScenario {
	/** The prompt of each item. No prompt is a substring of another one. */
	readonly prompts: string[];
	/** The ended executions, in order. */
	readonly executions: Execution[] = [];
	private readonly faults: Fault[] = [];
	private workflow?: TestWorkflow;
	private saved?: SavedWorkflow;
	private webhookPath = '';
	private started = 0;
	/** How many jobs one prompt should have per execution. */
	private turns = 1;

	constructor(
		readonly harness: N8nHarness,
		readonly name: string,
		count = 10,
		/** Added to the prompt of an item. */
		hints: Record<number, string> = {},
	) {
		this.prompts = Array.from({ length: count }, (_, index) =>
			[`<${name} / ${index}>`, hints[index] ?? ''].join(' ').trim(),
		);
	}

	/** Adds a fault for the item's requests, until `heal`. */
	strike(itemIndex: number, fault: Omit<Fault, 'prompt'>): void {
		this.add({ ...fault, prompt: this.prompts[itemIndex] });
	}

	/** Adds a fault for the requests about this job, until `heal`. */
	strikeJob(job: Job, fault: Omit<Fault, 'uuid'>): void {
		this.add({ ...fault, uuid: job.uuid });
	}

	/** Removes all faults of this scenario. */
	heal(): void {
		const { options } = this.harness.emulator;
		options.faults = (options.faults ?? []).filter((fault) => !this.faults.includes(fault));
	}

	/** Saves and activates webhook -> items -> Veo -> `after` (one node per output of Veo). */
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

	/** Saves and activates a loop over the items, one per turn, all with the first item's prompt. */
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

	/** Saves the workflow with a changed Veo node. */
	async change(veo: Veo): Promise<void> {
		if (!this.workflow || !this.saved) throw new Error(`"${this.name}" has no workflow yet`);
		const nodes = this.workflow.nodes.map((node) =>
			node.name === 'Veo' ? { ...this.veo(veo), id: node.id } : node,
		);
		await this.harness.client.updateWorkflow(this.saved.id, { ...this.workflow, nodes });
	}

	/** Starts a new execution. Returns its ID. */
	async start(): Promise<string> {
		if (this.saved === undefined) throw new Error(`"${this.name}" has no workflow yet`);
		this.started++;
		return await this.harness.client.runByWebhook(this.saved.id, this.webhookPath);
	}

	/** Waits until an execution has ended. */
	async end(id: string): Promise<Execution> {
		return this.record(await this.harness.client.waitForExecution(id, executionTimeoutMs));
	}

	/** Runs a new execution to its end. */
	async run(): Promise<Execution> {
		return await this.end(await this.start());
	}

	/** "Retry" in the executions list, with the original or the currently saved workflow. */
	async retry({ id }: Pick<Execution, 'id'>, withSavedWorkflow = false): Promise<Execution> {
		return this.record(await this.harness.client.retryExecution(id, withSavedWorkflow));
	}

	/** The accepted (paid) jobs, in order. */
	get jobs(): Job[] {
		return this.harness.emulator.jobs.filter(({ request }) =>
			this.prompts.includes(request.prompt),
		);
	}

	jobsOf(itemIndex: number): Job[] {
		return this.jobs.filter(({ request }) => request.prompt === this.prompts[itemIndex]);
	}

	/** The number of paid jobs per item. */
	get paid(): number[] {
		return this.prompts.map((_, itemIndex) => this.jobsOf(itemIndex).length);
	}

	/** The number of generate requests per item, accepted or not. */
	get sent(): number[] {
		const generate = this.requests('generate');
		return this.prompts.map(
			(prompt) => generate.filter(({ body }) => objectOr(body).prompt === prompt).length,
		);
	}

	/** All requests about this scenario's items. */
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
				downloadVideo: false,
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

	private record(execution: Execution): Execution {
		this.executions.push(execution);
		return execution;
	}
}

/** Everything that n8n shows of a failed execution. */
export function shownFailure({ error, customData }: Execution): string {
	return [error?.message, error?.description, JSON.stringify(customData)].join('\n');
}

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The item's error message. Empty if it did not fail. */
export const errorOf = (item: Item | undefined): string => text(item?.json.error);
