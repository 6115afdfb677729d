import type {
	ICredentialDataDecryptedObject,
	ICredentialsDecrypted,
	ICredentialTestFunctions,
	INodeCredentialTestResult,
} from 'n8n-workflow';
import { VeoClient } from '../api/client';
import { checkKey } from '../api/keyCheck';
import { requestFailed, tableCredentialRefused } from '../errors/messages';
import { RequestError, settle } from '../errors/outcome';
import { textOf } from '../errors/nodeErrors';
import { openTestTransport } from '../http/request';
import { listTables } from '../jobTable/dataTable';

const TEST_TIMEOUT_MS = 15_000;

/**
 * Tests a Veo API credential by a status check, which never spends credits. n8n's declarative test would show a bare
 * `ECONNREFUSED` for an unreachable host.
 */
export async function veoApiTest(
	this: ICredentialTestFunctions,
	{ data }: ICredentialsDecrypted<ICredentialDataDecryptedObject>,
): Promise<INodeCredentialTestResult> {
	return await toTestResult(async () => {
		const client = new VeoClient(openTestTransport(this, 'veoApi', data, TEST_TIMEOUT_MS));
		const refused = await checkKey(client);
		return refused && requestFailed(refused.outcome).fullText;
	});
}

/** Tests a job table credential by looking for a table, which changes nothing. */
export async function veoJobTableApiTest(
	this: ICredentialTestFunctions,
	{ data }: ICredentialsDecrypted<ICredentialDataDecryptedObject>,
): Promise<INodeCredentialTestResult> {
	return await toTestResult(async () => {
		const transport = openTestTransport(this, 'veoJobTableApi', data, TEST_TIMEOUT_MS);
		const answer = await settle(listTables(transport, { name: 'veo_jobs' }));
		return answer instanceof RequestError ? tableCredentialRefused(answer.outcome) : undefined;
	});
}

/** `test` returns the message for a credential that does not work. */
async function toTestResult(
	test: () => Promise<string | undefined>,
): Promise<INodeCredentialTestResult> {
	const message = await test().catch((thrown: unknown) => textOf(thrown));
	return message === undefined
		? { status: 'OK', message: 'Connection successful' }
		: { status: 'Error', message };
}
