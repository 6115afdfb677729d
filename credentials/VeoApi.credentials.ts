import type {
	ICredentialDataDecryptedObject,
	ICredentialType,
	IHttpRequestOptions,
	Icon,
	INodeProperties,
} from 'n8n-workflow';
import { authorize, plainHttpNotice } from './authorize';

export class VeoApi implements ICredentialType {
	name = 'veoApi';

	displayName = 'Veo API';

	icon: Icon = { light: 'file:../nodes/Veo/veo.svg', dark: 'file:../nodes/Veo/veo.dark.svg' };

	documentationUrl = 'https://veo3o1.com';

	properties: INodeProperties[] = [
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			required: true,
			default: '',
			hint: 'Create it in the dashboard of your <a href="https://veo3o1.com" target="_blank">veo3o1.com</a> account',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: 'https://veo3o1.com/api',
			description: 'Address of the API. Change it only for a proxy or for the emulator.',
		},
		plainHttpNotice,
	];

	/** A function instead of n8n's declarative form, so that it can refuse, and that the credential test can call it. */
	authenticate = async (
		{ apiKey, baseUrl }: ICredentialDataDecryptedObject,
		requestOptions: IHttpRequestOptions,
	): Promise<IHttpRequestOptions> =>
		await Promise.resolve(
			authorize(requestOptions, {
				displayName: this.displayName,
				apiKey,
				baseUrl,
				paths: [''],
				toHeaders: (key) => ({ Authorization: `Bearer ${key}` }),
			}),
		);
}
