import {
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	NodeConnectionTypes,
} from 'n8n-workflow';
import { generate } from './actions/generate.operation';
import { generateAndWait } from './actions/generateAndWait.operation';
import { getStatus } from './actions/getStatus.operation';
import { failAll } from './actions/runItems';
import { uploadImage } from './actions/uploadImage.operation';
import { type ImageOperation, imageFields } from './descriptions/image';
import { credentialField } from './descriptions/shared';
import { optionsField, type VideoOperation, videoFields } from './descriptions/video';
import { veoApiTest, veoJobTableApiTest } from './shared/credentialTests';
import { searchJobTables } from './shared/searchJobTables';

type Operation = VideoOperation | ImageOperation;

const OPERATIONS: Record<Operation, (context: IExecuteFunctions) => Promise<INodeExecutionData[]>> =
	{ generate, generateAndWait, getStatus, uploadImage };

export class Veo implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Veo',
		name: 'veo',
		icon: { light: 'file:veo.svg', dark: 'file:veo.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle:
			'={{ ({ generateAndWait: "generate and wait", generate: "generate", getStatus: "get status", uploadImage: "upload image" })[$parameter["operation"]] }}',
		// n8n also suggests this text for the description of an agent's tool, whatever its operation.
		description:
			'Make AI videos with Veo 3.1 from veo3o1.com, or get them by their ID. Only making a video takes minutes and costs credits.',
		defaults: { name: 'Veo' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
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
				displayOptions: {
					show: {
						resource: ['video'],
						operation: ['generate', 'generateAndWait'],
						trackJob: [true],
					},
				},
			},
		],
		properties: [
			credentialField,
			{
				displayName: 'Resource',
				name: 'resource',
				type: 'options',
				noDataExpression: true,
				options: [
					{ name: 'Video', value: 'video', description: 'Make videos and get their status' },
					{ name: 'Image', value: 'image', description: 'Upload images to make videos from' },
				],
				default: 'video',
				description: 'What to work with',
			},
			...videoFields,
			...imageFields,
			optionsField,
		],
	};

	methods = {
		credentialTest: { veoApiTest, veoJobTableApiTest },
		listSearch: { searchJobTables },
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const operation = this.getNodeParameter('operation', 0) as Operation;
		const items = await OPERATIONS[operation](this).catch((thrown: unknown) =>
			failAll(this, thrown),
		);
		return [items];
	}
}
