import { submitOnce } from '../jobs/submit';
import { asJson, runItems } from './runItems';
import type { OperationRun } from './operation';
import { checkItem } from './generateRequest';

/** How many paid requests are under way at once; there is nothing to wait for in between. */
const CONCURRENT_SUBMISSIONS = 5;

/** Generate: submits a video for each item and gives the API's answer without waiting for the video. */
export const generate: OperationRun = async (session) =>
	await runItems(session, CONCURRENT_SUBMISSIONS, checkItem, async (_, item) => ({
		json: asJson(await submitOnce(item, session)),
	}));
