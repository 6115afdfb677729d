import type { INodeProperties } from 'n8n-workflow';
import {
	credentialField,
	downloadFields,
	jobTableNameField,
	OPTIONS_FIELD,
	pollIntervalOption,
	shownFor,
} from './shared';

const watchField: INodeProperties = {
	displayName: 'Watch',
	name: 'watch',
	type: 'options',
	noDataExpression: true,
	options: [
		{
			name: 'Job Table',
			value: 'jobTable',
			description: 'All videos that a Veo node recorded with Track Job, or that were added by hand',
		},
		{
			name: 'Listed Videos',
			value: 'uuids',
			description: 'The videos whose IDs are listed here',
		},
	],
	default: 'jobTable',
	description: 'Which videos to wait for',
};

const uuidsField: INodeProperties = {
	displayName: 'Video IDs',
	name: 'uuids',
	type: 'string',
	typeOptions: { rows: 3 },
	required: true,
	default: '',
	placeholder: 'e.g. 470e85f2-2aa3-4d59-ae9d-70dd0f876784, 8111460d-243d-4b1b-8c0a-f5d59b50a7e6',
	description:
		"The 'uuid' of each video, separated by commas, spaces or new lines. An expression may return a list.",
	...shownFor({ watch: ['uuids'] }),
};

const eventsField: INodeProperties = {
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
	description: 'Which events start the workflow',
};

export const triggerOptionsField = {
	...OPTIONS_FIELD,
	options: [
		{
			displayName: 'Delete After (Days)',
			name: 'deleteAfter',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 0,
			description:
				'Days after which rows of finished videos are deleted, once every trigger has processed them. 0 keeps all rows. Rows with an idempotency key stay.',
			...shownFor({ '/watch': ['jobTable'] }),
		},
		{
			displayName: 'File Name',
			name: 'fileName',
			type: 'string',
			default: '',
			placeholder: 'e.g. video',
			description: 'Name of each video file, without its extension; if empty, the ID of its video',
			...shownFor({ '/downloadVideo': [true] }),
		},
		{
			displayName: 'Give Up After (Hours)',
			name: 'giveUpAfter',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 24,
			description: 'How long to wait for a video before it counts as failed',
		},
		{
			displayName: 'Listen for Webhook',
			name: 'listenForWebhook',
			type: 'boolean',
			default: false,
			description:
				'Whether a call to the production URL makes the trigger check the named videos at once. Everything else in the call is ignored, and the call starts no execution by itself.',
		},
		{ ...pollIntervalOption, default: 10 },
	],
} satisfies INodeProperties;

/** The trigger's form. Saved workflows contain these names, types and choices. */
export const triggerFields: INodeProperties[] = [
	credentialField,
	watchField,
	jobTableNameField({ watch: ['jobTable'] }),
	uuidsField,
	eventsField,
	...downloadFields(),
	triggerOptionsField,
];
