import {
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	type IPollFunctions,
	NodeConnectionTypes,
} from 'n8n-workflow';
import {
	credentialField,
	downloadFileFields,
	jobTableNameField,
	triggerOptionsField,
} from './descriptions/fields';
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
		// The nodes panel shows it for both nodes, of which it makes one entry.
		description: 'Make AI videos with Veo 3.1, or start a workflow when one is finished',
		eventTriggerDescription: '',
		activationMessage: 'The workflow starts by itself when a video is finished',
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
		properties: [
			credentialField,
			{
				displayName: 'Watch',
				name: 'watch',
				type: 'options',
				noDataExpression: true,
				options: [
					{
						name: 'Job Table',
						value: 'jobTable',
						description:
							'All videos that a Veo node noted with Track Job, or that were added by hand',
					},
					{
						name: 'Listed Videos',
						value: 'uuids',
						description: 'The videos whose IDs are listed here',
					},
				],
				default: 'jobTable',
				description: 'Which videos to wait for',
			},
			jobTableNameField({ watch: ['jobTable'] }),
			{
				displayName: 'Video IDs',
				name: 'uuids',
				type: 'string',
				typeOptions: { rows: 3 },
				required: true,
				default: '',
				placeholder: 'e.g. video-uuid-123, video-uuid-456',
				description:
					"The 'uuid' of each video, separated by commas, spaces or new lines. An expression may give a list.",
				displayOptions: { show: { watch: ['uuids'] } },
			},
			{
				displayName: 'Events',
				name: 'events',
				type: 'multiOptions',
				options: [
					{
						name: 'Video Completed',
						value: 'completed',
						description: 'A video is ready',
					},
					{
						name: 'Video Failed',
						value: 'failed',
						description: 'A video could not be made, or was given up',
					},
				],
				required: true,
				default: ['completed'],
				description: 'What to start the workflow for',
			},
			...downloadFileFields({}),
			triggerOptionsField,
		],
	};

	methods = { credentialTest: { veoApiTest, veoJobTableApiTest } };

	async poll(this: IPollFunctions): Promise<INodeExecutionData[][] | null> {
		return await pollJobs(this);
	}
}
