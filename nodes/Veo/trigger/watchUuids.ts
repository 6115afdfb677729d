import type { IPollFunctions } from 'n8n-workflow';
import type { VideoStatus } from '../api/client';
import { isKeyRefused, scopeOf } from '../api/policy';
import { isFinal } from '../api/videoStatus';
import { givenUp, notChecked, notDelivered, requestFailed } from '../errors/messages';
import { RequestError, settle } from '../errors/outcome';
import { inPool } from '../jobs/pool';
import { handOver } from './handOver';
import {
	type Checks,
	firstFinished,
	isWanted,
	type ToItem,
	type TriggerOptions,
	type Watch,
} from './watch';

const CONCURRENT_CHECKS = 5;

/**
 * Watches the jobs that the user listed, without a table. Deliveries are recorded in n8n's static data, which n8n saves
 * only when the trigger emits. After a restart it is unknown whether n8n took the last items, so they are emitted once
 * more and then recorded first.
 */
export function watchUuids(
	context: IPollFunctions,
	{ client, backoff, log }: Checks,
	{ events, giveUpAfterMs }: TriggerOptions,
	uuids: string[],
	activeSinceMs: number,
	toItem: ToItem,
): Watch {
	const check = async (uuid: string): Promise<VideoStatus | undefined> => {
		if (backoff.remainingMs() > 0) return undefined;
		const sentAtMs = Date.now();
		const answer = await settle(client.status(uuid));
		if (!(answer instanceof RequestError)) {
			backoff.succeeded();
			return answer;
		}
		const { outcome } = answer;
		if (isKeyRefused(outcome)) throw requestFailed(outcome);
		if (scopeOf(outcome) === 'api') backoff.failed(sentAtMs, outcome.retryAfterMs);
		log(notChecked([{ uuid, outcome }]));
		return undefined;
	};

	return {
		open: async () => await Promise.resolve(),
		async round(untilMs) {
			const state = context.getWorkflowStaticData('node');
			const [delivered, begun] = [toList(state.delivered), toList(state.begun)];
			// Only listed jobs are remembered, so that the state stays small.
			const done = uuids.filter((uuid) => delivered.includes(uuid));
			const due = uuids.filter((uuid) => !delivered.includes(uuid));
			const isTooOld = Date.now() - activeSinceMs > giveUpAfterMs;

			const finished: VideoStatus[] = [];
			await inPool(due, CONCURRENT_CHECKS, async (uuid) => {
				if (Date.now() > untilMs) return;
				const video = await check(uuid);
				if (video && isFinal(video.status)) finished.push(video);
				else if (isTooOld) {
					const errorMessage = givenUp(giveUpAfterMs);
					finished.push({ ...video, uuid, status: 'expired', errorMessage });
				}
			});
			if (finished.length === 0) return;

			const wanted = finished.filter(({ status }) => isWanted(status, events));
			const unwanted = finished.filter((video) => !wanted.includes(video));
			done.push(...unwanted.map(({ uuid }) => uuid));
			const emitted = wanted.map(({ uuid }) => uuid);
			state.delivered = [...done, ...emitted.filter((uuid) => begun.includes(uuid))];
			if (emitted.length === 0) return;

			const items = [];
			for (const video of wanted) items.push(await toItem({}, video));
			state.begun = emitted.filter((uuid) => !begun.includes(uuid));
			const isTaken = await handOver(context, items);
			state.delivered = isTaken ? [...done, ...emitted] : done;
			if (!isTaken) log(notDelivered(items.length));
		},
		async sample() {
			return await firstFinished([...uuids].reverse(), client, events);
		},
	};
}

const toList = (stored: unknown): unknown[] => (Array.isArray(stored) ? stored : []);
