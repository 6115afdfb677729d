import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';

export type Show = NonNullable<IDisplayOptions['show']>;

export const shownFor = (show: Show) => ({ displayOptions: { show } });

/** Shows the credentials here. Otherwise n8n puts them behind the last field that one of them depends on. */
export const credentialField: INodeProperties = {
	displayName: 'Credential',
	name: 'credential',
	type: 'credentials',
	default: '',
};

/** The API asks clients to check a status every 5 to 10 seconds (API reference, "Best practices"). */
export const pollIntervalOption = {
	displayName: 'Poll Interval (Seconds)',
	name: 'pollInterval',
	type: 'number',
	typeOptions: { minValue: 5 },
	default: 5,
	description:
		'Longest time between two checks of a video while its remaining time is unknown. The API asks for at least 5 seconds.',
} satisfies INodeProperties;

/** The part that the options of both nodes share. */
export const OPTIONS_FIELD = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
} as const;

export function downloadVideoField(show?: Show): INodeProperties {
	return {
		displayName: 'Download Video',
		name: 'downloadVideo',
		type: 'boolean',
		default: false,
		description:
			'Whether to attach the finished video to the item as a file. Takes disk space or memory for each video of a large batch. Links to videos may expire.',
		...(show && shownFor(show)),
	};
}

export function outputFileField(show?: Show): INodeProperties {
	return {
		displayName: 'Put Output File in Field',
		name: 'binaryOutputField',
		type: 'string',
		required: true,
		default: 'data',
		placeholder: 'e.g. data',
		description: 'Name of the output field that holds the video file',
		hint: 'The name of the output binary field to put the file in',
		...shownFor({ ...show, downloadVideo: [true] }),
	};
}

/** The fields of an operation that downloads only where the user asks for it. */
export const downloadFields = (show?: Show): INodeProperties[] => [
	downloadVideoField(show),
	outputFileField(show),
];

export function jobTableNameField(show: Show): INodeProperties {
	return {
		displayName: 'Job Table Name',
		name: 'jobTableName',
		type: 'resourceLocator',
		required: true,
		default: { mode: 'name', value: 'veo_jobs' },
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				placeholder: 'Select a Data Table',
				typeOptions: { searchListMethod: 'searchJobTables', searchable: true },
			},
			{ displayName: 'By Name', name: 'name', type: 'string', placeholder: 'e.g. veo_jobs' },
		],
		description:
			'The Data Table that holds the jobs. Track Job creates a table of this name if there is none. From List always uses the same table even if another one gets its name.',
		...shownFor(show),
	};
}

export function inputFileField(show: Show): INodeProperties {
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
		...shownFor(show),
	};
}
