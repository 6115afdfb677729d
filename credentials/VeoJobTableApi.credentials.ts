import type {
	ICredentialDataDecryptedObject,
	ICredentialType,
	IHttpRequestOptions,
	Icon,
	INodeProperties,
} from 'n8n-workflow';
import { textFrom } from '../nodes/Veo/api/validation';

export class VeoJobTableApi implements ICredentialType {
	name = 'veoJobTableApi';

	displayName = 'Veo Job Table API';

	icon: Icon = { light: 'file:../nodes/Veo/veo.svg', dark: 'file:../nodes/Veo/veo.dark.svg' };

	documentationUrl = 'https://docs.n8n.io/api/authentication/';

	properties: INodeProperties[] = [
		{
			displayName:
				'The job table is a Data Table of this n8n instance, reached by its public API. Make an API key under Settings > n8n API.',
			name: 'notice',
			type: 'notice',
			default: '',
		},
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			required: true,
			default: '',
			description: 'An API key of this n8n instance itself, not of the Veo API',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: 'http://localhost:5678/api/v1',
			description: "Address of this instance's public API, as n8n itself reaches it",
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
				'X-N8N-API-KEY': textFrom(credentials.apiKey),
			},
		});
}
