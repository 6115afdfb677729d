import type { INodeProperties } from 'n8n-workflow';
import { ASPECT_RATIOS, GENERATION_TYPES } from '../api/parameters';
import {
	downloadVideoField,
	inputFileField,
	jobTableNameField,
	OPTIONS_FIELD,
	pollIntervalOption,
	outputFileField,
	type Show,
	shownFor,
} from './shared';

export type VideoOperation = 'generate' | 'generateAndWait' | 'getStatus';

const forOperations = (...operation: VideoOperation[]): Show => ({
	resource: ['video'],
	operation,
});

const GENERATE = forOperations('generate', 'generateAndWait');
const IMAGE_TO_VIDEO: Show = { ...GENERATE, generationType: ['image_to_video'] };

const videoOperationField: INodeProperties = {
	displayName: 'Operation',
	name: 'operation',
	type: 'options',
	noDataExpression: true,
	options: [
		{
			name: 'Generate',
			value: 'generate',
			action: 'Start generating video with credits',
			description: 'Start a video and continue at once with its ID. Uses credits.',
		},
		{
			name: 'Generate and Wait',
			value: 'generateAndWait',
			action: 'Generate video with credits and wait minutes',
			description:
				'Make a video and continue when it is finished, after some minutes. Uses credits.',
		},
		{
			name: 'Get Status',
			value: 'getStatus',
			action: 'Get video status',
			description: 'Check a video by its ID, and download it when it is finished. Uses no credits.',
		},
	],
	default: 'generateAndWait',
	...shownFor({ resource: ['video'] }),
};

const TIME_AND_MONEY = 'Each video takes minutes and uses your veo3o1.com credits';

const notices: INodeProperties[] = [
	{
		displayName: `${TIME_AND_MONEY}.`,
		name: 'costNotice',
		type: 'notice',
		default: '',
		...shownFor({ ...GENERATE, trackJob: [false] }),
	},
	{
		displayName: `${TIME_AND_MONEY}. Follow its progress in the job table.`,
		name: 'progressNotice',
		type: 'notice',
		default: '',
		...shownFor({ ...GENERATE, trackJob: [true] }),
	},
];

const generateFields: INodeProperties[] = [
	{
		displayName: 'Generation Type',
		name: 'generationType',
		type: 'options',
		noDataExpression: true,
		options: labelled(GENERATION_TYPES, {
			text_to_video: ['Text to Video', 'Make a video from a description'],
			image_to_video: ['Image to Video', 'Make a video from an image and a description'],
		}),
		default: 'text_to_video',
		description: 'What to make the video from',
		...shownFor(GENERATE),
	},
	{
		displayName: 'Image Source',
		name: 'imageSource',
		type: 'options',
		options: [
			{
				name: 'URL',
				value: 'url',
				description:
					'An image on the web that the service opens itself, or one that was uploaded before',
			},
			{
				name: 'File From URL',
				value: 'fetch',
				description:
					'An image that n8n downloads, checks and uploads first. Share links of Google Drive and Dropbox work too.',
			},
			{
				name: 'File From Input',
				value: 'binary',
				description: 'A file of the input item, which is uploaded first',
			},
		],
		default: 'url',
		description: 'Where the image comes from',
		...shownFor(IMAGE_TO_VIDEO),
	},
	{
		displayName: 'Image URL',
		name: 'imageUrl',
		type: 'string',
		required: true,
		default: '',
		placeholder: 'e.g. https://example.com/cat.png',
		description: 'Web address of the image, such as the one that Upload Image returned',
		...shownFor({ ...IMAGE_TO_VIDEO, imageSource: ['url', 'fetch'] }),
	},
	{
		displayName: 'Image Key',
		name: 'imageKey',
		type: 'string',
		default: '',
		placeholder: 'e.g. uploads/7f3c2a9e/cat.png',
		description:
			'Storage key that Upload Image returned with the URL. Leave empty for other images.',
		hint: 'Only for an image that was uploaded with Upload Image',
		...shownFor({ ...IMAGE_TO_VIDEO, imageSource: ['url'] }),
	},
	inputFileField({ ...IMAGE_TO_VIDEO, imageSource: ['binary'] }),
	{
		displayName: 'Prompt',
		name: 'prompt',
		type: 'string',
		typeOptions: { rows: 4 },
		required: true,
		default: '',
		placeholder: 'e.g. A beautiful sunset over the ocean with waves gently lapping the shore',
		description:
			'What the video shows: the subject, what happens, the camera, the light, the mood and the sounds',
		...shownFor(GENERATE),
	},
	{
		displayName: 'Aspect Ratio',
		name: 'aspectRatio',
		type: 'options',
		options: labelled(ASPECT_RATIOS, {
			auto: ['Automatic', 'The service chooses'],
			'16:9': ['Landscape (16:9)', 'For screens and video sites'],
			'9:16': ['Portrait (9:16)', 'For phones and short video feeds'],
		}),
		default: 'auto',
		description: 'The width and height of the video in relation to each other',
		...shownFor(GENERATE),
	},
];

const uuidField: INodeProperties = {
	displayName: 'Video ID',
	name: 'uuid',
	type: 'string',
	required: true,
	default: '',
	placeholder: 'e.g. 470e85f2-2aa3-4d59-ae9d-70dd0f876784',
	description: "The 'uuid' that Generate returned for the video",
	...shownFor(forOperations('getStatus')),
};

const trackJobField: INodeProperties = {
	displayName: 'Track Job',
	name: 'trackJob',
	type: 'boolean',
	default: false,
	description:
		'Whether to record the video in the job table, an n8n Data Table that a Veo Trigger can watch. Needs the Veo Job Table API credential.',
	...shownFor(GENERATE),
};

/** The form of the resource Video. Saved workflows contain these names, types and choices. */
export const videoFields: INodeProperties[] = [
	videoOperationField,
	...notices,
	// Up here, so that its credential and its table are in sight together.
	trackJobField,
	jobTableNameField({ ...GENERATE, trackJob: [true] }),
	...generateFields,
	uuidField,
	// An agent needs the link and not the file.
	{
		...downloadVideoField({ ...forOperations('generateAndWait'), '@tool': [false] }),
		default: true,
	},
	downloadVideoField({ ...forOperations('generateAndWait'), '@tool': [true] }),
	downloadVideoField(forOperations('getStatus')),
	outputFileField(forOperations('generateAndWait', 'getStatus')),
];

const forWaiting = shownFor({ '/operation': ['generateAndWait'] });
const forGenerating = shownFor({ '/operation': ['generate', 'generateAndWait'] });
const forTracking = shownFor({
	'/operation': ['generate', 'generateAndWait'],
	'/trackJob': [true],
});

/** The options of all operations. */
export const optionsField = {
	...OPTIONS_FIELD,
	options: [
		{
			displayName: 'Extra Parameters',
			name: 'extraParameters',
			type: 'json',
			default: '{}',
			description:
				'JSON that is added to the request, for parameters of the service for which this node has no field',
			hint: 'The API reference names none. An unknown one may be ignored or refused.',
			...forGenerating,
		},
		{
			displayName: 'File Name',
			name: 'fileName',
			type: 'string',
			default: '',
			placeholder: 'e.g. {{ $json.title }}',
			description: 'Name of the video file, without its extension; if empty, the ID of the video',
			...shownFor({
				'/operation': ['generateAndWait', 'getStatus'],
				'/downloadVideo': [true],
			}),
		},
		{
			displayName: 'Idempotency Key',
			name: 'idempotencyKey',
			type: 'string',
			default: '',
			placeholder: 'e.g. order-17',
			description:
				'A value that stands for one video, such as a row ID. Items with the same key get the same video, in all executions, and it is paid once.',
			...forTracking,
		},
		{
			displayName: 'Make Again When Failed',
			name: 'makeAgain',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 0,
			description:
				'How many more times to submit an item whose video the API reports as failed. Each time is paid for.',
			...forWaiting,
		},
		{
			displayName: 'Max Concurrent Jobs',
			name: 'maxConcurrentJobs',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 10,
			description: 'Maximum number of videos to make at the same time',
			...forWaiting,
		},
		{
			displayName: 'Max Prompt Length',
			name: 'maxPromptLength',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 0,
			description:
				'Maximum number of characters in a prompt, checked before anything is sent; 0 is no limit',
			...forGenerating,
		},
		{
			displayName: 'Max Retries',
			name: 'maxRetries',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 4,
			description:
				'How often to repeat a request that can be repeated safely. A request that may have been billed is never repeated.',
		},
		{
			displayName: 'Max Videos per Execution',
			name: 'maxVideos',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 100,
			description:
				'Maximum number of new videos that this node pays for in one execution, over all items and loops; 0 is no limit',
			...forGenerating,
		},
		{
			displayName: 'Max Wait Time (Seconds)',
			name: 'maxWaitTime',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 900,
			description:
				'How long to wait for each video, and before that for a free slot while the API refuses more videos',
			...forGenerating,
		},
		{
			displayName: 'On Timeout',
			name: 'onTimeout',
			type: 'options',
			options: [
				{
					name: 'Stop With a Message',
					value: 'error',
					description: 'The item ends with a message that contains the video ID',
				},
				{
					name: 'Return the Last Status',
					value: 'returnStatus',
					description: 'The item continues with the video ID and its last status',
				},
			],
			default: 'error',
			description: 'What to do when a video is not finished within the Max Wait Time',
			...forWaiting,
		},
		{
			displayName: 'On Unclear Submission',
			name: 'onUnclear',
			type: 'options',
			options: [
				{
					name: 'Stop With a Message',
					value: 'error',
					description: 'The item ends with a message. Nothing is sent again.',
				},
				{
					name: 'Send Again, May Pay Twice',
					value: 'sendAgain',
					description: 'The request is sent once more per item and execution',
				},
			],
			default: 'error',
			description:
				'What to do when a request got no clear answer, so that the video may have been accepted and billed',
			...forGenerating,
		},
		{ ...pollIntervalOption, ...forWaiting },
		{
			displayName: 'Request Timeout (Seconds)',
			name: 'requestTimeout',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 60,
			description:
				'How long to wait for the answer to one request. An upload gets more time, depending on its size.',
		},
		{
			displayName: 'Reuse Identical',
			name: 'reuseIdentical',
			type: 'boolean',
			default: false,
			description:
				'Whether to use a video of the same request from the job table, finished or still being made, instead of paying for a new one',
			...forTracking,
		},
	],
} satisfies INodeProperties;

/** Adds the display name and description of each choice. A function declaration, because constants above use it. */
function labelled<T extends string>(values: readonly T[], labels: Record<T, [string, string]>) {
	return values.map((value) => ({
		name: labels[value][0],
		value,
		description: labels[value][1],
	}));
}
