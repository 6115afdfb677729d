import { chain, type NodeSettings, webhook } from '../../harness/workflow';
import type { N8nHarness } from '../../harness/n8nHarness';
import { promptsOf } from '../lib/prompts';
import { split } from '../wallWorkflows';
import { prepareNode, VIDEO, type Compared, type NodeMaker } from './nodes';
import type { ApiName, StandIn } from './standIn';

const MAX_EXECUTION_MS = 900_000;

export interface Ended {
	wallMs: number;
	/** Items that the node emitted. */
	items: number;
}

/** One of the compared nodes in n8n. */
export class ComparedNode {
	private constructor(
		readonly harness: N8nHarness,
		readonly api: ApiName,
		readonly label: string,
		private readonly make: NodeMaker,
	) {}

	static async create(
		harness: N8nHarness,
		standIn: StandIn,
		compared: Compared,
	): Promise<ComparedNode> {
		const make = await prepareNode(harness.client, standIn, compared);
		return new ComparedNode(harness, compared.api, compared.label, make);
	}

	/** Starts a production execution with `items` items of a scenario. Returns its ID. */
	async start(scenario: string, items: number, settings?: NodeSettings): Promise<string> {
		const { client } = this.harness;
		const workflow = chain(scenario, webhook(), split(), this.make(settings));
		const { id } = await client.createWorkflow(workflow);
		await client.activateAndWait(id);
		const prompts = promptsOf(items).map((prompt) => `${scenario}: ${prompt}`);
		return await client.runByWebhook(id, workflow.nodes[0].webhookId ?? '', { prompts });
	}

	async run(scenario: string, items: number, settings?: NodeSettings): Promise<Ended> {
		const id = await this.start(scenario, items, settings);
		const execution = await this.harness.client.waitForExecution(id, MAX_EXECUTION_MS);
		const { startedAt = '', stoppedAt = '', runs } = execution;
		return {
			wallMs: Date.parse(stoppedAt) - Date.parse(startedAt),
			items: runs[VIDEO]?.at(-1)?.outputs[0]?.length ?? 0,
		};
	}
}
