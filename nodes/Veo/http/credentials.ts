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
}

/** Checks the fields of a credential. Throws `VeoError`. */
export function readCredentials(
	name: CredentialName,
	data: ICredentialDataDecryptedObject = {},
): Credentials {
	const { displayName } = CREDENTIAL_TYPES[name];
	const baseUrl = toText(data.baseUrl).replace(/\/+$/, '');
	if (!isWebAddress(baseUrl)) throw invalidBaseUrl(displayName);
	const apiKey = toText(data.apiKey);
	// A key that no header can hold would look like a broken connection.
	if (!/^[\x21-\x7e]+$/.test(apiKey)) throw invalidApiKey(displayName);
	return { apiKey, baseUrl };
}
