import { orFailed, RequestFailed, type VeoClient } from './client';
import { credentialRefused } from '../errors/messages';

/** No video has it. Asking for its status costs nothing, and tells whether the key is taken. */
const NO_VIDEO = 'n8n-credential-test';

/** What keeps the API from being used with its credential, with the words for it; nothing where all is well. */
export async function refusalOfKey(
	client: VeoClient,
): Promise<{ refused: RequestFailed; message: string } | undefined> {
	const answer = await orFailed(client.status(NO_VIDEO));
	if (!(answer instanceof RequestFailed)) return undefined;
	const message = credentialRefused(answer.outcome);
	return message === undefined ? undefined : { refused: answer, message };
}
