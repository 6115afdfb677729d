/** The built trigger on the trigger context of the real n8n-core. */
import { randomUUID } from 'node:crypto';
import { TriggerContext, WebhookContext } from 'n8n-core';
import {
	createRunExecutionData,
	type IDataObject,
	type INodeExecutionData,
	type INodeParameters,
	type INodeType,
	type IRun,
	type ITriggerResponse,
	Workflow,
	type WorkflowActivateMode,
} from 'n8n-workflow';
import { createAdditionalData, type Credentials, loadPackage } from '../../harness/core';
import { leaves } from './leaks';

/** What n8n does with items: the execution runs for long, has ended at once, or could not be started. */
export type Taking = 'runs' | 'ends' | 'refuses';

export interface Trigger {
	/** What n8n took, one list of items for each execution. */
	executions: INodeExecutionData[][];
	/** The messages of failed executions that the trigger reported. */
	failures: string[];
	taking: Taking;
	/** Publishes the workflow. */
	activate: (mode?: WorkflowActivateMode) => Promise<void>;
	/** Unpublishes it. */
	deactivate: () => Promise<void>;
	/** n8n was killed and started again: what it has not saved is lost. */
	restart: () => Promise<void>;
	/** "Fetch Test Event" in the editor. */
	fetchTestEvent: () => Promise<INodeExecutionData[][] | undefined>;
	/** A call of the production URL. Returns what n8n answers. */
	callWebhook: (body: object) => Promise<unknown>;
	workflowId: string;
}

export interface TriggerOptions {
	parameters: INodeParameters;
	credentials: Credentials;
	/** Called when n8n takes something. */
	onTaken?: (items: INodeExecutionData[]) => void;
	/** Whether n8n has deduplication keys, as since a version between 2.15 and 2.20. Default true. */
	hasKeys?: boolean;
	/** Whether n8n saves failed executions for triggers, as since 2.8. Default true. */
	savesFailures?: boolean;
}

const ENDED: IRun = {
	data: createRunExecutionData(),
	mode: 'trigger',
	startedAt: new Date(),
	status: 'success',
};

export async function createTrigger(options: TriggerOptions): Promise<Trigger> {
	const { credentials, hasKeys = true, savesFailures = true } = options;
	const type = (await loadPackage()).nodeTypes.veoTrigger?.type as INodeType;
	const id = randomUUID();
	const keys = new Set<string>();
	let saved: IDataObject = {};
	let response: ITriggerResponse | undefined;
	let isDead = false;
	let generation = 0;

	const trigger: Trigger = {
		executions: [],
		failures: [],
		taking: 'ends',
		workflowId: id,
		activate: async (mode = 'activate') => {
			const workflow = createWorkflow(id, options, type, saved);
			response = await start(workflow, mode);
		},
		deactivate: async () => await response?.closeFunction?.(),
		restart: async () => {
			// A killed process closes nothing, but its loop must not go on in this one.
			isDead = true;
			await response?.closeFunction?.();
			isDead = false;
			generation++;
			await trigger.activate('init');
		},
		callWebhook: async (body) => {
			const workflow = createWorkflow(id, options, type, saved);
			const [node] = Object.values(workflow.nodes);
			if (!node) throw new Error('The workflow has no trigger');
			const additionalData = createAdditionalData(credentials, 'trigger');
			Object.assign(additionalData, { httpRequest: { body, headers: {} } });
			const [webhookDescription] = type.description.webhooks ?? [];
			if (!webhookDescription) throw new Error('The trigger has no webhook');
			const webhookData = {
				httpMethod: 'POST' as const,
				node: node.name,
				path: 'veo',
				webhookDescription,
				workflowId: id,
				workflowExecuteAdditionalData: additionalData,
			};
			const context = new WebhookContext(
				workflow,
				node,
				additionalData,
				'trigger',
				webhookData,
				[],
				null,
			);
			return await type.webhook?.call(context);
		},
		fetchTestEvent: async () => {
			const workflow = createWorkflow(id, options, type, saved);
			let shown: INodeExecutionData[][] | undefined;
			const context = contextOf(workflow, 'manual', 'manual', (data) => (shown = data));
			const manual = await type.trigger?.call(context);
			await manual?.manualTriggerFunction?.();
			await manual?.closeFunction?.();
			return shown;
		},
	};

	const start = async (workflow: Workflow, mode: WorkflowActivateMode) => {
		const own = generation;
		const take = (
			data: INodeExecutionData[][],
			done: Parameters<TriggerContext['emit']>[2],
			key?: string,
		) => {
			if (isDead || own !== generation) return;
			// n8n saves the static data as it is now, then starts the execution.
			saved = JSON.parse(JSON.stringify(workflow.staticData)) as IDataObject;
			leaves('an execution of the trigger', [data, key], credentials);
			leaves('static data', saved);
			if (trigger.taking === 'refuses') {
				done?.reject(new Error('Published version not found for workflow'));
				return;
			}
			if (key !== undefined && keys.has(key)) {
				done?.resolve(ENDED);
				return;
			}
			if (key !== undefined) keys.add(key);
			const items = data[0] ?? [];
			trigger.executions.push(items);
			options.onTaken?.(items);
			if (trigger.taking === 'ends') done?.resolve(ENDED);
		};
		type Emit = TriggerContext['emit'];
		const withKey = (
			data: Parameters<Emit>[0],
			_: Parameters<Emit>[1],
			done: Parameters<Emit>[2],
			key: string | undefined,
		) => take(data, done, key);
		const withoutKey: Emit = (data, _, done) => take(data, done);
		// The trigger sees by the number of parameters whether n8n takes a key.
		const emit: Emit = hasKeys ? (withKey as Emit) : withoutKey;
		const context = contextOf(workflow, 'trigger', mode, emit);
		return await type.trigger?.call(context);
	};

	const contextOf = (
		workflow: Workflow,
		mode: 'trigger' | 'manual',
		activation: WorkflowActivateMode,
		emit: TriggerContext['emit'],
	) => {
		const [node] = Object.values(workflow.nodes);
		if (!node) throw new Error('The workflow has no trigger');
		const additionalData = createAdditionalData(credentials, mode);
		const context = new TriggerContext(workflow, node, additionalData, mode, activation, emit);
		const saveFailedExecution = (error: Error) => {
			leaves('a failed execution of the trigger', error, credentials);
			trigger.failures.push(error.message);
		};
		return savesFailures ? Object.assign(context, { saveFailedExecution }) : context;
	};
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
		staticData: structuredClone(staticData),
	});
}
