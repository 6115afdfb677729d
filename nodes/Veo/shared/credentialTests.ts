import type {
	ICredentialDataDecryptedObject,
	ICredentialsDecrypted,
	ICredentialTestFunctions,
	INodeCredentialTestResult,
} from 'n8n-workflow';
import { orFailed, RequestFailed, VeoClient } from '../api/client';
import { refusalOfKey } from '../api/keyCheck';
import { tableCredentialRefused } from '../errors/messages';
import type { Transport } from '../api/transport';
import { jobTable } from '../jobTable/jobTable';
import {
	apiTransport,
	type CredentialType,
	readCredentials,
	sendFromTest,
	systemClock,
} from '../http/request';

const TEST_TIMEOUT_MS = 15_000;

/**
 * Tests a Veo API credential by a status check, which can never spend credits. n8n's declarative test would show a bare
 * `ECONNREFUSED` for a host that is not there; this one has words for it.
 */
export async function veoApiTest(
	this: ICredentialTestFunctions,
	{ data }: ICredentialsDecrypted<ICredentialDataDecryptedObject>,
): Promise<INodeCredentialTestResult> {
	return await test(async () => {
		const client = new VeoClient(testTransport(this, 'veoApi', data), systemClock.now);
		return (await refusalOfKey(client))?.message;
	});
}

/** Tests a job table credential by looking for a table, which changes nothing. */
export async function veoJobTableApiTest(
	this: ICredentialTestFunctions,
	{ data }: ICredentialsDecrypted<ICredentialDataDecryptedObject>,
): Promise<INodeCredentialTestResult> {
	return await test(async () => {
		const table = jobTable(testTransport(this, 'veoJobTableApi', data), 'veo_jobs');
		const answer = await orFailed(table.exists());
		return answer instanceof RequestFailed ? tableCredentialRefused(answer.outcome) : undefined;
	});
}

function testTransport(
	functions: ICredentialTestFunctions,
	credentialType: CredentialType,
	data?: ICredentialDataDecryptedObject,
): Transport {
	const credentials = readCredentials(credentialType, data);
	const send = sendFromTest(functions, credentialType, credentials);
	return apiTransport(send, credentials, TEST_TIMEOUT_MS);
}

/** `ask` gives the words for a credential that is not good. */
async function test(ask: () => Promise<string | undefined>): Promise<INodeCredentialTestResult> {
	const message = await ask().catch((thrown: unknown) =>
		thrown instanceof Error ? thrown.message : String(thrown),
	);
	return message === undefined
		? { status: 'OK', message: 'Connection successful' }
		: { status: 'Error', message };
}
