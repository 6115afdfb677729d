import {
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	type IPollFunctions,
	NodeConnectionTypes,
} from 'n8n-workflow';
import { triggerFields } from './descriptions/trigger';
import { veoApiTest, veoJobTableApiTest } from './shared/credentialTests';
import { pollJobs } from './trigger/poll';

export class VeoTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Veo Trigger',
		name: 'veoTrigger',
		icon: { light: 'file:veo.svg', dark: 'file:veo.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle:
			'={{ $parameter["watch"] === "uuids" ? "listed videos" : "job table " + $parameter["jobTableName"] }}',
		// The nodes panel shows both nodes as one entry, with this text.
		description: 'Make AI videos with Veo 3.1, or start a workflow when one is finished',
		eventTriggerDescription: '',
		activationMessage: 'The workflow starts when a video is finished',
		defaults: { name: 'Veo Trigger' },
		polling: true,
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [
			{ name: 'veoApi', required: true, testedBy: 'veoApiTest' },
			{
				name: 'veoJobTableApi',
				required: true,
				testedBy: 'veoJobTableApiTest',
				displayOptions: { show: { watch: ['jobTable'] } },
			},
		],
		properties: triggerFields,
	};

	methods = { credentialTest: { veoApiTest, veoJobTableApiTest } };

	async poll(this: IPollFunctions): Promise<INodeExecutionData[][] | null> {
		return await pollJobs(this);
	}
}
