import { checkUuid } from '../api/validation';
import { orFailed, RequestFailed } from '../api/client';
import { statusFailed } from '../errors/messages';
import { withRetries } from '../api/retry';
import { attachVideo } from '../shared/attachVideo';
import { asJson, runItems } from './runItems';
import type { OperationRun } from './operation';
import type { Session } from './session';

const CONCURRENT_CHECKS = 5;

/** Get Status: what the API knows of a video. One that failed is an answer like any other. */
export const getStatus: OperationRun = async (session) => {
	const { client, retry, end } = session;
	return await runItems(session, CONCURRENT_CHECKS, checkItem, async (itemIndex, uuid) => {
		const send = async () => await client.status(uuid, end);
		const video = await orFailed(withRetries('status', send, retry));
		if (video instanceof RequestFailed) {
			throw statusFailed(uuid, video.outcome);
		}
		return { json: asJson(video), ...(await attachVideo(session, itemIndex, video)) };
	});
};

async function checkItem({ context }: Session, itemIndex: number): Promise<string> {
	return await Promise.resolve(checkUuid(context.getNodeParameter('uuid', itemIndex)));
}
