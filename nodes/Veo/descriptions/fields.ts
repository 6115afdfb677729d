/** The form's fields, each defined once. Saved workflows hold their names, types and choices. */
import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';
import { ASPECT_RATIOS, GENERATION_TYPES } from '../api/parameters';

export type Operation = 'generate' | 'generateAndWait' | 'getStatus' | 'uploadImage';

const GENERATING: Operation[] = ['generate', 'generateAndWait'];

function shown(show: IDisplayOptions['show']) {
	return { displayOptions: { show } };
}

const forImage = { operation: GENERATING, generationType: ['image_to_video'] };

/**
 * Where the form shows the credentials. Without it, n8n puts them behind the last field that any of them depends on: next
 * to the end.
 */
export const credentialField: INodeProperties = {
	displayName: 'Credential',
	name: 'credential',
	type: 'credentials',
	default: '',
};

export const generateFields: INodeProperties[] = [
	{
		displayName: 'Generation Type',
		name: 'generationType',
		type: 'options',
		noDataExpression: true,
		options: labelled(GENERATION_TYPES, {
			text_to_video: ['Text to Video', 'Make a video from a description'],
			image_to_video: ['Image to Video', 'Bring an image to life'],
		}),
		default: 'text_to_video',
		description: 'What to make the video from',
		...shown({ operation: GENERATING }),
	},
	{
		displayName: 'Image Source',
		name: 'imageSource',
		type: 'options',
		options: [
			{ name: 'URL', value: 'url', description: 'An image on the web, or one uploaded before' },
			{
				name: 'File From Input',
				value: 'binary',
				description: 'A file of the input item, which is uploaded first',
			},
		],
		default: 'url',
		description: 'Where the image comes from',
		...shown(forImage),
	},
	{
		displayName: 'Image URL',
		name: 'imageUrl',
		type: 'string',
		required: true,
		default: '',
		placeholder: 'e.g. https://example.com/cat.png',
		description: 'Web address of the image, such as the one that Upload Image gave',
		...shown({ ...forImage, imageSource: ['url'] }),
	},
	{
		displayName: 'Image Key',
		name: 'imageKey',
		type: 'string',
		default: '',
		placeholder: 'e.g. r2-key-123',
		description: 'Storage key that Upload Image gave with the URL. Leave empty for other images.',
		hint: 'Only for an image that was uploaded with Upload Image',
		...shown({ ...forImage, imageSource: ['url'] }),
	},
	inputFileField({ ...forImage, imageSource: ['binary'] }),
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
		...shown({ operation: GENERATING }),
	},
	{
		displayName: 'Aspect Ratio',
		name: 'aspectRatio',
		type: 'options',
		options: labelled(ASPECT_RATIOS, {
			auto: ['Automatic', 'Chosen for you'],
			'16:9': ['Landscape (16:9)', 'For screens and video sites'],
			'9:16': ['Portrait (9:16)', 'For phones and short video feeds'],
		}),
		default: 'auto',
		description: 'The shape of the video',
		...shown({ operation: GENERATING }),
	},
];

export const statusFields: INodeProperties[] = [
	{
		displayName: 'Video ID',
		name: 'uuid',
		type: 'string',
		required: true,
		default: '',
		placeholder: 'e.g. video-uuid-123',
		description: "The 'uuid' that Generate gave for the video",
		...shown({ operation: ['getStatus'] }),
	},
];

export const uploadFields: INodeProperties[] = [inputFileField({ operation: ['uploadImage'] })];

export const downloadFields = downloadFileFields({ operation: ['generateAndWait', 'getStatus'] });

export const trackFields: INodeProperties[] = [
	{
		displayName: 'Track Job',
		name: 'trackJob',
		type: 'boolean',
		default: false,
		description:
			'Whether to note the video in the job table, an n8n Data Table that a Veo Trigger can watch. Needs the Veo Job Table API credential.',
		...shown({ operation: GENERATING }),
	},
	jobTableNameField({ operation: GENERATING, trackJob: [true] }),
];

/** The API's best practices: a status is checked every 5 to 10 seconds, not continuously. */
const SHORTEST_POLL_INTERVAL = 5;

const forWaiting = shown({ '/operation': ['generateAndWait'] });

/** What is the same of both nodes' options. */
const OPTIONS = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
} as const;

export const optionsField = {
	...OPTIONS,
	options: [
		{
			displayName: 'Max Concurrent Jobs',
			name: 'maxConcurrentJobs',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 10,
			description: 'The most videos to make at the same time',
			...forWaiting,
		},
		{
			displayName: 'Max Retries',
			name: 'maxRetries',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 4,
			description:
				'How often to repeat a request that may safely be repeated. A request that may have been paid for is never repeated.',
		},
		{
			displayName: 'Max Wait Time (Seconds)',
			name: 'maxWaitTime',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 900,
			description: 'How long to wait for each video',
			...forWaiting,
		},
		{
			displayName: 'On Timeout',
			name: 'onTimeout',
			type: 'options',
			options: [
				{
					name: 'Stop With a Message',
					value: 'error',
					description: 'The item ends with a message that holds the video ID',
				},
				{
					name: 'Return the Last Status',
					value: 'returnStatus',
					description: 'The item goes on with the video ID and its last status',
				},
			],
			default: 'error',
			description: 'What to do when a video is not finished within the Max Wait Time',
			...forWaiting,
		},
		{
			displayName: 'Poll Interval (Seconds)',
			name: 'pollInterval',
			type: 'number',
			typeOptions: { minValue: SHORTEST_POLL_INTERVAL },
			default: 5,
			description:
				"How often to check a video, at most; less often where the API's estimates have proved right. The API asks for at least 5 seconds.",
			...forWaiting,
		},
		{
			displayName: 'Request Timeout (Seconds)',
			name: 'requestTimeout',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 60,
			description:
				'How long to wait for the answer to one request. An upload has as long as it needs.',
		},
		{
			displayName: 'Reuse Identical',
			name: 'reuseIdentical',
			type: 'boolean',
			default: false,
			description:
				'Whether to give a finished video of the very same request again, as the job table has it, instead of paying for a new one',
			...shown({ '/operation': GENERATING, '/trackJob': [true] }),
		},
	],
} satisfies INodeProperties;

export const triggerOptionsField = {
	...OPTIONS,
	options: [
		{
			displayName: 'Give Up After (Hours)',
			name: 'giveUpAfter',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 24,
			description: 'How long to wait for a video before it counts as failed',
		},
		{
			displayName: 'Keep Checking',
			name: 'keepChecking',
			type: 'boolean',
			default: true,
			description:
				'Whether to go on checking between two polls, so that the workflow starts seconds after a video is finished and not up to a minute later',
		},
		{
			displayName: 'Poll Interval (Seconds)',
			name: 'pollInterval',
			type: 'number',
			typeOptions: { minValue: SHORTEST_POLL_INTERVAL },
			default: 10,
			description:
				'How often to check while Keep Checking is on. The API asks for at least 5 seconds.',
		},
	],
} satisfies INodeProperties;

/** Hoisted, like the other functions here, for both nodes have these fields. */
export function downloadFileFields(show: NonNullable<IDisplayOptions['show']>): INodeProperties[] {
	return [
		{
			displayName: 'Download Video',
			name: 'downloadVideo',
			type: 'boolean',
			default: false,
			description: 'Whether to attach the finished video to the item as a file',
			...shown(show),
		},
		{
			displayName: 'Put Output File in Field',
			name: 'binaryOutputField',
			type: 'string',
			required: true,
			default: 'data',
			placeholder: 'e.g. data',
			description: 'Name of the output field that holds the video file',
			hint: 'The name of the output binary field to put the file in',
			...shown({ ...show, downloadVideo: [true] }),
		},
	];
}

export function jobTableNameField(show: IDisplayOptions['show']): INodeProperties {
	return {
		displayName: 'Job Table Name',
		name: 'jobTableName',
		type: 'string',
		required: true,
		default: 'veo_jobs',
		placeholder: 'e.g. veo_jobs',
		description:
			'Name of the Data Table that holds the jobs. Track Job makes it when there is none.',
		hint: 'Its credential, Veo Job Table API, is chosen at the top',
		...shown(show),
	};
}

function inputFileField(show: IDisplayOptions['show']): INodeProperties {
	return {
		displayName: 'Input Data Field Name',
		name: 'binaryPropertyName',
		type: 'string',
		required: true,
		default: 'data',
		placeholder: 'e.g. data',
		description:
			'Name of the input field that holds the image file: JPEG, PNG or WebP, at most 50 MB',
		hint: 'The name of the input binary field containing the file to be uploaded',
		...shown(show),
	};
}

function labelled<T extends string>(values: readonly T[], labels: Record<T, [string, string]>) {
	return values.map((value) => ({
		name: labels[value][0],
		value,
		description: labels[value][1],
	}));
}
