/** The built trigger on the poll context of the real n8n-core. */
import { randomUUID } from 'node:crypto';
import { PollContext } from 'n8n-core';
import {
	createRunExecutionData,
	type IDataObject,
	type INodeExecutionData,
	type INodeParameters,
	type INodeType,
	type IRun,
	Workflow,
	type WorkflowActivateMode,
} from 'n8n-workflow';
import { createAdditionalData, type Credentials, loadPackage } from '../../harness/core';

/** How n8n takes what the trigger gives: it runs for long, it has ended at once, or it could not be started. */
export type Taking = 'runs' | 'ends' | 'refuses';

export interface Trigger {
	/** What n8n took, one list of items for each execution. */
	executions: INodeExecutionData[][];
	taking: Taking;
	/** As n8n's scheduler does it. The first one is that of the activation. */
	poll: () => Promise<INodeExecutionData[][] | null>;
	/** Switched off and on again: n8n makes a new context. */
	activateAnew: () => void;
	/** n8n died and started again: what it has not saved is lost. */
	restart: () => void;
}

export interface TriggerOptions {
	parameters: INodeParameters;
	credentials: Credentials;
	mode?: 'trigger' | 'manual';
	activation?: WorkflowActivateMode;
	/** Called when n8n takes something. */
	onTaken?: (items: INodeExecutionData[]) => void;
	/** What n8n's durable scheduler allows each poll. */
	budgetMs?: number;
}

const ENDED: IRun = {
	data: createRunExecutionData(),
	mode: 'trigger',
	startedAt: new Date(),
	status: 'success',
};

export async function startTrigger(options: TriggerOptions): Promise<Trigger> {
	const { credentials, mode = 'trigger', activation = 'activate', budgetMs } = options;
	const type = (await loadPackage()).nodeTypes.veoTrigger?.type as INodeType;
	const id = randomUUID();
	let saved: IDataObject = {};
	let workflow = createWorkflow(id, options, type, saved);
	let context: PollContext;

	const emit: PollContext['__emit'] = (data, _, done) => {
		// n8n saves the static data as it is now, then starts the execution.
		saved = JSON.parse(JSON.stringify(workflow.staticData)) as IDataObject;
		if (trigger.taking === 'refuses') {
			done?.reject(new Error('Published version not found for workflow'));
			return;
		}
		const items = data[0] ?? [];
		trigger.executions.push(items);
		options.onTaken?.(items);
		if (trigger.taking === 'ends') done?.resolve(ENDED);
	};
	const activateAnew = () => {
		const [node] = Object.values(workflow.nodes);
		if (!node) throw new Error('The workflow has no trigger');
		const additionalData = createAdditionalData(credentials, mode);
		context = new PollContext(workflow, node, additionalData, mode, activation, emit);
		if (budgetMs !== undefined) Object.assign(context, { getPollBudgetMs: () => budgetMs });
	};
	const trigger: Trigger = {
		executions: [],
		taking: 'ends',
		poll: async () => (await type.poll?.call(context)) ?? null,
		activateAnew,
		restart: () => {
			workflow = createWorkflow(id, options, type, saved);
			activateAnew();
		},
	};
	activateAnew();
	return trigger;
}

function createWorkflow(
	id: string,
	{ parameters, credentials }: TriggerOptions,
	type: INodeType,
	staticData: IDataObject,
): Workflow {
	return new Workflow({
		id,
		active: true,
		nodeTypes: {
			getByName: () => type,
			getByNameAndVersion: () => type,
			getKnownTypes: () => ({}),
		},
		nodes: [
			{
				id: 'trigger-id',
				name: 'Finished',
				type: 'n8n-nodes-veo3o1.veoTrigger',
				typeVersion: 1,
				position: [0, 0],
				parameters,
				credentials: Object.fromEntries(
					Object.keys(credentials).map((name) => [name, { id: name, name }]),
				),
			},
		],
		connections: {},
		staticData,
	});
}
