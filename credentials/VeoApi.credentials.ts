import type {
	ICredentialDataDecryptedObject,
	ICredentialType,
	IHttpRequestOptions,
	Icon,
	INodeProperties,
} from 'n8n-workflow';
import { textFrom } from '../nodes/Veo/api/validation';

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
			hint: 'Made in the dashboard of your veo3o1.com account',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: 'https://veo3o1.com/api',
			description: 'Address of the API. Change it only for a proxy or for the emulator.',
		},
	];

	/** A function, not n8n's declarative form, so that the credential's test can use the very same one. */
	authenticate = async (
		credentials: ICredentialDataDecryptedObject,
		requestOptions: IHttpRequestOptions,
	): Promise<IHttpRequestOptions> =>
		await Promise.resolve({
			...requestOptions,
			headers: {
				...requestOptions.headers,
				// Copying a key often takes a blank or a new line along.
				Authorization: `Bearer ${textFrom(credentials.apiKey)}`,
			},
		});
}
