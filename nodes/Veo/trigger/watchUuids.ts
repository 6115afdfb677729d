import { orFailed, RequestFailed, type VideoStatus } from '../api/client';
import { givenUp, keyRefused, notChecked, notTaken } from '../errors/messages';
import { POLICY } from '../api/policy';
import { inPool } from '../jobs/pool';
import { isFinal } from '../api/videoStatus';
import { systemClock } from '../http/request';
import { handOver } from './handOver';
import { firstFinished, isWanted, type Watch, type WatchContext } from './watch';

const AT_ONCE = 5;

/**
 * Watches the jobs that the user listed, without any table. What was delivered stands in n8n's static data, which n8n
 * saves only at the moment when it is given items. So after a restart nobody knows whether n8n took the last ones: they
 * come once more, for the sake of those that it did not take, and are then noted beforehand.
 */
export function watchUuids(watching: WatchContext, uuids: string[]): Watch {
	const { context, client, pace, options, activeSinceMs, toItem, log } = watching;

	const check = async (uuid: string): Promise<VideoStatus | undefined> => {
		if (pace.pauseMs() > 0) return undefined;
		const sentAtMs = systemClock.now();
		const answer = await orFailed(client.status(uuid));
		if (!(answer instanceof RequestFailed)) {
			pace.succeeded();
			return answer;
		}
		const { outcome } = answer;
		if (POLICY[outcome.name].wait === 'final') throw keyRefused(outcome);
		if (outcome.name === 'http429' || outcome.name === 'code1003') {
			pace.failed(sentAtMs, outcome.retryAfterMs);
		}
		log(notChecked([{ uuid, outcome }]));
		return undefined;
	};

	return {
		open: async () => await Promise.resolve(),
		async round(untilMs) {
			const state = context.getWorkflowStaticData('node');
			const [delivered, begun] = [listIn(state.delivered), listIn(state.begun)];
			// Only what is still listed is remembered, so that the list bounds it.
			const done = uuids.filter((uuid) => delivered.includes(uuid));
			const due = uuids.filter((uuid) => !delivered.includes(uuid));
			const tooOld = systemClock.now() - activeSinceMs > options.giveUpAfterMs;

			const finished: VideoStatus[] = [];
			await inPool(due, AT_ONCE, async (uuid) => {
				if (systemClock.now() > untilMs) return;
				const video = await check(uuid);
				if (video && isFinal(video.status)) finished.push(video);
				else if (tooOld) {
					const errorMessage = givenUp(options.giveUpAfterMs);
					finished.push({ ...video, uuid, status: 'expired', errorMessage });
				}
			});

			const wanted = finished.filter(({ status }) => isWanted(status, options.events));
			const unwanted = finished.filter((video) => !wanted.includes(video));
			if (finished.length === 0) return;
			done.push(...unwanted.map(({ uuid }) => uuid));
			const given = wanted.map(({ uuid }) => uuid);
			state.delivered = [...done, ...given.filter((uuid) => begun.includes(uuid))];
			if (given.length === 0) return;

			const items = [];
			for (const video of wanted) items.push(await toItem({}, video));
			state.begun = given.filter((uuid) => !begun.includes(uuid));
			const taken = await handOver(context, items);
			state.delivered = taken ? [...done, ...given] : done;
			if (!taken) log(notTaken(items.length));
		},
		async sample() {
			return await firstFinished([...uuids].reverse(), watching);
		},
	};
}

const listIn = (stored: unknown): unknown[] => (Array.isArray(stored) ? stored : []);
