import type { INodeProperties } from 'n8n-workflow';
import { inputFileField, shownFor } from './shared';

export type ImageOperation = 'uploadImage';

const imageOperationField: INodeProperties = {
	displayName: 'Operation',
	name: 'operation',
	type: 'options',
	noDataExpression: true,
	options: [
		{
			name: 'Upload Image',
			value: 'uploadImage',
			action: 'Upload image',
			description: 'Store an image at the service to make videos from it',
		},
	],
	default: 'uploadImage',
	...shownFor({ resource: ['image'] }),
};

/** The form of the resource Image. Saved workflows contain these names, types and choices. */
export const imageFields: INodeProperties[] = [
	imageOperationField,
	inputFileField({ resource: ['image'], operation: ['uploadImage'] }),
];
