import {
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	NodeConnectionTypes,
} from 'n8n-workflow';
import {
	credentialField,
	downloadFields,
	generateFields,
	type Operation,
	optionsField,
	statusFields,
	trackFields,
	uploadFields,
} from './descriptions/fields';
import { generate } from './actions/generate.operation';
import { generateAndWait } from './actions/generateAndWait.operation';
import { getStatus } from './actions/getStatus.operation';
import { failAll } from './actions/runItems';
import type { OperationRun } from './actions/operation';
import { openSession } from './actions/session';
import { uploadImage } from './actions/uploadImage.operation';
import { veoApiTest, veoJobTableApiTest } from './shared/credentialTests';

const OPERATIONS: Record<Operation, OperationRun> = {
	generate,
	generateAndWait,
	getStatus,
	uploadImage,
};

export class Veo implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Veo',
		name: 'veo',
		icon: { light: 'file:veo.svg', dark: 'file:veo.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle:
			'={{ ({ generateAndWait: "generate and wait", generate: "generate", getStatus: "get status", uploadImage: "upload image" })[$parameter["operation"]] }}',
		// Also what an agent is told of the tool, whatever its operation, unless the user describes it.
		description:
			'Make AI videos from text or images with Veo 3.1. Each takes minutes and costs credits.',
		defaults: { name: 'Veo' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: [
			{ name: 'veoApi', required: true, testedBy: 'veoApiTest' },
			{
				name: 'veoJobTableApi',
				required: true,
				testedBy: 'veoJobTableApiTest',
				displayOptions: {
					show: { operation: ['generate', 'generateAndWait'], trackJob: [true] },
				},
			},
		],
		properties: [
			credentialField,
			{
				displayName: 'Operation',
				name: 'operation',
				type: 'options',
				noDataExpression: true,
				options: [
					{
						name: 'Generate',
						value: 'generate',
						action: 'Start generating video',
						description: 'Start making a video and go on at once with its ID',
					},
					{
						name: 'Generate and Wait',
						value: 'generateAndWait',
						action: 'Generate video and wait for it',
						description: 'Make a video and go on when it is finished',
					},
					{
						name: 'Get Status',
						value: 'getStatus',
						action: 'Get video status',
						description: 'Check a video by its ID, and download it when it is finished',
					},
					{
						name: 'Upload Image',
						value: 'uploadImage',
						action: 'Upload image',
						description: 'Store an image at the service for making videos from it',
					},
				],
				default: 'generateAndWait',
			},
			...generateFields,
			...statusFields,
			...uploadFields,
			...downloadFields,
			...trackFields,
			optionsField,
		],
	};

	methods = { credentialTest: { veoApiTest, veoJobTableApiTest } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const operation = this.getNodeParameter('operation', 0) as Operation;
		const cannotBegin = (thrown: unknown) => failAll(this, thrown);
		return [await openSession(this).then(OPERATIONS[operation], cannotBegin)];
	}
}
