import type {
	ICredentialDataDecryptedObject,
	ICredentialType,
	IHttpRequestOptions,
	Icon,
	INodeProperties,
} from 'n8n-workflow';

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
	];

	/** A function instead of n8n's declarative form, so that the credential test can call it. */
	authenticate = async (
		{ apiKey }: ICredentialDataDecryptedObject,
		requestOptions: IHttpRequestOptions,
	): Promise<IHttpRequestOptions> => {
		// A copied key often has a space or a line break at its end.
		const isText = typeof apiKey === 'string' || typeof apiKey === 'number';
		const key = isText ? String(apiKey).trim() : '';
		const headers = { ...requestOptions.headers, Authorization: `Bearer ${key}` };
		return await Promise.resolve({ ...requestOptions, headers });
	};
}
