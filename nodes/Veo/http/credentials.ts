import type { ICredentialDataDecryptedObject } from 'n8n-workflow';
import { toN8nApiUrl, withoutSlashes } from '../../../credentials/authorize';
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
	const text = withoutSlashes(toText(data.baseUrl));
	if (!isWebAddress(text)) throw invalidBaseUrl(displayName);
	const baseUrl = name === 'veoJobTableApi' ? toN8nApiUrl(text) : text;
	const apiKey = toText(data.apiKey);
	// A key that no header can hold would look like a broken connection.
	if (!/^[\x21-\x7e]+$/.test(apiKey)) throw invalidApiKey(displayName);
	return { apiKey, baseUrl, allowUnauthorizedCerts: data.allowUnauthorizedCerts === true };
}
