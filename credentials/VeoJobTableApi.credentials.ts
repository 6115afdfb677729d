import type {
	ICredentialDataDecryptedObject,
	ICredentialType,
	IHttpRequestOptions,
	Icon,
	INodeProperties,
} from 'n8n-workflow';
import { authorize, plainHttpNotice, toN8nApiUrl } from './authorize';

/** Outside of the class: n8n's lint takes each name with "auth" in it for that of a secret. */
const ignoreSslField: INodeProperties = {
	displayName: 'Ignore SSL Issues (Insecure)',
	name: 'allowUnauthorizedCerts',
	type: 'boolean',
	default: false,
	description:
		'Whether to connect even if the certificate of n8n cannot be checked. Anyone on the network between them can then read the API key.',
};

export class VeoJobTableApi implements ICredentialType {
	name = 'veoJobTableApi';

	displayName = 'Veo Job Table API';

	icon: Icon = { light: 'file:../nodes/Veo/veo.svg', dark: 'file:../nodes/Veo/veo.dark.svg' };

	documentationUrl = 'https://docs.n8n.io/api/authentication/';

	properties: INodeProperties[] = [
		{
			displayName:
				'The job table is a Data Table of this n8n instance, which the node reaches through the public API of n8n. Create an API key under <a href="/settings/api" target="_blank">Settings > n8n API</a>, with an expiry and only these scopes: dataTable:list, dataTable:create, dataTableRow:read, dataTableRow:update, dataTableRow:upsert, execution:read; dataTableRow:delete for "Delete After"; execution:list before n8n 2.20. A key with all scopes can do whatever its owner can do in n8n.',
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
		plainHttpNotice,
		ignoreSslField,
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
				toApiUrl: toN8nApiUrl,
				// The key may do whatever its owner may.
				paths: ['/data-tables', '/executions'],
				toHeaders: (key) => ({ 'X-N8N-API-KEY': key }),
			}),
		);
}
