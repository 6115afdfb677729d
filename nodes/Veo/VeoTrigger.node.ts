import {
	type INodeType,
	type INodeTypeDescription,
	type ITriggerFunctions,
	type ITriggerResponse,
	type IWebhookFunctions,
	type IWebhookResponseData,
	NodeConnectionTypes,
} from 'n8n-workflow';
import { triggerFields } from './descriptions/trigger';
import { veoApiTest, veoJobTableApiTest } from './shared/credentialTests';
import { searchJobTables } from './shared/searchJobTables';
import { startTrigger } from './trigger/trigger';
import { receiveWebhook } from './trigger/webhook';

export class VeoTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Veo Trigger',
		name: 'veoTrigger',
		icon: { light: 'file:veo.svg', dark: 'file:veo.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle:
			'={{ $parameter["watch"] === "uuids" ? "listed videos" : "job table " + ($parameter["jobTableName"].cachedResultName || $parameter["jobTableName"].value || $parameter["jobTableName"]) }}',
		// The nodes panel shows both nodes as one entry, with this text.
		description:
			'Make AI videos with Veo 3.1 from veo3o1.com, or start a workflow when one is finished',
		eventTriggerDescription: '',
		activationMessage: 'The workflow starts when a video is finished',
		defaults: { name: 'Veo Trigger' },
		mockManualExecution: true,
		triggerPanel: {
			header: '',
			executionsHelp: {
				inactive:
					'<b>While building your workflow</b>, click "Fetch Test Event". It shows the latest finished video and changes nothing.<br /><br /><b>Once you are happy with your workflow</b>, publish it. From then on, it starts seconds after a video is finished.',
				active:
					'<b>While building your workflow</b>, click "Fetch Test Event". It shows the latest finished video and changes nothing.<br /><br /><b>Your workflow is published</b>: it starts seconds after a video is finished. Those executions are in the executions list.',
			},
			activationHint:
				'Once the workflow is published, it starts seconds after a video is finished.',
		},
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [
			{
				name: 'veoApi',
				displayName: 'Veo API (veo3o1.com)',
				required: true,
				testedBy: 'veoApiTest',
			},
			{
				name: 'veoJobTableApi',
				displayName: 'Veo Job Table API (This n8n)',
				required: true,
				testedBy: 'veoJobTableApiTest',
				displayOptions: { show: { watch: ['jobTable'] } },
			},
		],
		webhooks: [
			{
				name: 'default',
				// Registered only for a published workflow with the option on. A test event must not wait for a call.
				httpMethod:
					'={{ $parameter["options"]["listenForWebhook"] && $workflow.active ? "POST" : "" }}',
				path: 'veo',
				responseMode: 'onReceived',
				ndvHideUrl: '={{ !$parameter["options"]["listenForWebhook"] }}',
				ndvHideMethod: true,
			},
		],
		properties: triggerFields,
	};

	methods = {
		credentialTest: { veoApiTest, veoJobTableApiTest },
		listSearch: { searchJobTables },
	};

	/** The API has no way to register a webhook, so there is nothing to check, create or delete. */
	webhookMethods = {
		default: {
			checkExists: async () => await Promise.resolve(true),
			create: async () => await Promise.resolve(true),
			delete: async () => await Promise.resolve(true),
		},
	};

	async trigger(this: ITriggerFunctions): Promise<ITriggerResponse> {
		return await startTrigger(this);
	}

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await receiveWebhook(this);
	}
}
