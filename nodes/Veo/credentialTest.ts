import type {
	ICredentialDataDecryptedObject,
	ICredentialsDecrypted,
	ICredentialTestFunctions,
	INodeCredentialTestResult,
} from 'n8n-workflow';
import { orFailed, RequestFailed, VeoClient } from './api/client';
import { VeoFailure } from './api/failure';
import { credentialRefused } from './api/messages';
import { apiTransport, readCredentials, sendFromTest, systemClock } from './transport';

const TEST_TIMEOUT_MS = 15_000;

/** No video has it. Asking for its status costs nothing, and tells whether the key is taken. */
const NO_VIDEO = 'n8n-credential-test';

/**
 * Tests a Veo API credential by a status check, which can never spend credits. n8n's declarative test would show a bare
 * `ECONNREFUSED` for a host that is not there; this one has words for it.
 */
export async function veoApiTest(
	this: ICredentialTestFunctions,
	{ data }: ICredentialsDecrypted<ICredentialDataDecryptedObject>,
): Promise<INodeCredentialTestResult> {
	const ask = async () => {
		const credentials = readCredentials('veoApi', data);
		const send = sendFromTest(this, 'veoApi', credentials);
		const transport = apiTransport(send, credentials, TEST_TIMEOUT_MS);
		return await orFailed(new VeoClient(transport, systemClock.now).status(NO_VIDEO));
	};
	const message = await ask().then(
		(answer) => (answer instanceof RequestFailed ? credentialRefused(answer.outcome) : undefined),
		(thrown: unknown) => (thrown instanceof VeoFailure ? thrown.message : String(thrown)),
	);
	return message === undefined
		? { status: 'OK', message: 'Connection successful' }
		: { status: 'Error', message };
}
