import { createHash } from 'crypto';
import type {
	ICredentialDataDecryptedObject,
	ICredentialTestFunctions,
	IExecuteFunctions,
	IHttpRequestOptions,
	ILoadOptionsFunctions,
	ITriggerFunctions,
} from 'n8n-workflow';
import type { Transport } from '../api/transport';
import {
	CREDENTIAL_TYPES,
	type CredentialName,
	type Credentials,
	readCredentials,
} from './credentials';
import { withDeadline } from './deadline';
import { toMultipart } from './multipart';
import { answerCleaner } from './redact';
import { headerOf, isStream, openResponse, readText, streamOptions } from './response';

export type HttpContext = IExecuteFunctions | ITriggerFunctions;

/** Far above the size of any documented answer of the Veo API, and of a page of rows with long prompts. */
const MAX_ANSWER_BYTES = { veoApi: 1024 * 1024, veoJobTableApi: 32 * 1024 * 1024 };
/** An upload gets the time that a slow connection needs: 64 kB per second. */
const MIN_UPLOAD_BYTES_PER_MS = 64;

/** Sends one authorized request by one of n8n's helpers. */
type Send = (options: IHttpRequestOptions) => Promise<unknown>;

/**
 * The API of the node's credential, through n8n's helper for nodes, which adds the key and applies the proxy, TLS and
 * egress settings of the instance. `data` is the credential if it has been read already. Throws `VeoError` if the
 * credential cannot be used.
 */
export async function openTransport(
	context: HttpContext | ILoadOptionsFunctions,
	name: CredentialName,
	requestTimeoutMs: number,
	data?: ICredentialDataDecryptedObject,
): Promise<Transport> {
	data ??= await context.getCredentials<ICredentialDataDecryptedObject>(name);
	// Otherwise n8n decrypts the credential for each request, which takes longer than the rest of the request.
	const credentialsDecrypted = { id: '', name: '', type: name, data };
	const send: Send = async (options) =>
		(await context.helpers.httpRequestWithAuthentication.call(context, name, options, {
			credentialsDecrypted,
		})) as unknown;
	return toTransport(name, send, readCredentials(name, data), requestTimeoutMs);
}

/**
 * The API of a credential that is being tested. n8n gives a credential test only its legacy request helper, which does
 * not add the key and has other option names. Throws `VeoError` if the credential cannot be used.
 */
export function openTestTransport(
	{ helpers }: ICredentialTestFunctions,
	name: CredentialName,
	data: ICredentialDataDecryptedObject | undefined,
	requestTimeoutMs: number,
): Transport {
	const credentials = readCredentials(name, data);
	const send: Send = async (options) => {
		const authorized = await CREDENTIAL_TYPES[name].authenticate({ ...credentials }, options);
		return (await helpers.request({
			...authorized,
			useStream: true,
			simple: false,
			resolveWithFullResponse: true,
			followRedirect: false,
			...(credentials.allowUnauthorizedCerts && { rejectUnauthorized: false }),
		})) as unknown;
	};
	return toTransport(name, send, credentials, requestTimeoutMs);
}

function toTransport(
	name: CredentialName,
	send: Send,
	{ apiKey, baseUrl, allowUnauthorizedCerts }: Credentials,
	requestTimeoutMs: number,
): Transport {
	const clean = answerCleaner(apiKey);
	const transport: Transport = async ({ method, path, json, file }, stop) => {
		const uploadMs = (file?.bytes ?? 0) / MIN_UPLOAD_BYTES_PER_MS;
		const result = await withDeadline(requestTimeoutMs + uploadMs, stop, async (signal) => {
			const multipart = file && (await toMultipart(file));
			const options: IHttpRequestOptions = {
				...streamOptions(signal, requestTimeoutMs),
				method,
				url: baseUrl + path,
				headers: { Accept: 'application/json', ...multipart?.headers },
				body: multipart?.body ?? json,
				// n8n's helper would send the key to the target of a redirect.
				disableFollowRedirect: true,
				...(allowUnauthorizedCerts && { skipSslCertificateValidation: true }),
			};
			const response = await openResponse(send(options), signal).finally(
				() => isStream(multipart?.body) && multipart.body.destroy(),
			);
			const body = await readText(response.body, MAX_ANSWER_BYTES[name]);
			return body === undefined ? undefined : { ...response, body };
		});
		if ('noAnswer' in result) return result;
		if (result.done === undefined) return { noAnswer: 'tooLarge' };
		const { httpStatus, body } = result.done;
		return {
			httpStatus,
			retryAfter: headerOf(result.done, 'retry-after'),
			body: clean(body),
		};
	};
	transport.account = createHash('sha256').update(apiKey).digest('hex');
	return transport;
}
