import type { ICredentialDataDecryptedObject } from 'n8n-workflow';
import { VeoApi } from '../../../credentials/VeoApi.credentials';
import { VeoJobTableApi } from '../../../credentials/VeoJobTableApi.credentials';
import { toText } from '../api/json';
import { isWebAddress } from '../api/validation';
import { invalidApiKey, invalidBaseUrl } from '../errors/messages';

/** The credential types of this package, by name. */
export const CREDENTIAL_TYPES = { veoApi: new VeoApi(), veoJobTableApi: new VeoJobTableApi() };

export type CredentialName = keyof typeof CREDENTIAL_TYPES;

export interface Credentials {
	apiKey: string;
	/** Without a slash at its end. */
	baseUrl: string;
	/** Whether any TLS certificate of the server is accepted. */
	allowUnauthorizedCerts: boolean;
}

/** Checks the fields of a credential. Throws `VeoError`. */
export function readCredentials(
	name: CredentialName,
	data: ICredentialDataDecryptedObject = {},
): Credentials {
	const { displayName } = CREDENTIAL_TYPES[name];
	const text = toText(data.baseUrl).replace(/\/+$/, '');
	if (!isWebAddress(text)) throw invalidBaseUrl(displayName);
	const baseUrl = name === 'veoJobTableApi' ? toN8nApiUrl(text) : text;
	const apiKey = toText(data.apiKey);
	// A key that no header can hold would look like a broken connection.
	if (!/^[\x21-\x7e]+$/.test(apiKey)) throw invalidApiKey(displayName);
	return { apiKey, baseUrl, allowUnauthorizedCerts: data.allowUnauthorizedCerts === true };
}

/** Adds the path of n8n's public API where it is missing. A path before it, and a path of the user's own, stay. */
function toN8nApiUrl(address: string): string {
	const url = new URL(address);
	const path = url.pathname.replace(/\/{2,}/g, '/').replace(/\/$/, '');
	const [api] = /^.*?\/api\/v\d+(?=\/|$)/.exec(path) ?? [];
	if (api !== undefined) url.pathname = api;
	else if (/\/v\d+$/.test(path)) url.pathname = path;
	else url.pathname = `${path.replace(/\/api$/, '')}/api/v1`;
	url.search = '';
	url.hash = '';
	return url.href;
}
