import { RequestError, settle } from '../errors/outcome';
import type { VeoClient } from './client';
import { isKeyAccepted } from './policy';

/** No video has this `uuid`. Its status check is free and shows whether the API accepts the key. */
const UNKNOWN_UUID = 'n8n-credential-test';

/** Returns the failed check if the API cannot be used with the client's credential. Throws `StoppedError`. */
export async function checkKey(client: VeoClient): Promise<RequestError | undefined> {
	const answer = await settle(client.status(UNKNOWN_UUID));
	return answer instanceof RequestError && !isKeyAccepted(answer.outcome) ? answer : undefined;
}
