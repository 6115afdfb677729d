import { orFailed, RequestFailed, type VideoStatus } from '../api/client';
import { givenUp, keyRefused } from '../api/messages';
import { POLICY } from '../api/policy';
import { inPool } from '../jobs/pool';
import { isFinal } from '../jobs/states';
import { systemClock } from '../transport';
import { handOver } from './handOver';
import { isWanted, type Watch, type WatchContext } from './watch';

const AT_ONCE = 5;

/**
 * Watches the jobs that the user listed, without any table. What was delivered stands in n8n's static data, which n8n
 * saves along with the next items: after a restart, the last ones may come again.
 */
export function watchUuids(watching: WatchContext, uuids: string[], activeSinceMs: number): Watch {
	const { context, client, options, toItem } = watching;

	const check = async (uuid: string): Promise<VideoStatus | undefined> => {
		const answer = await orFailed(client.status(uuid));
		if (!(answer instanceof RequestFailed)) return answer;
		const { outcome } = answer;
		if (POLICY[outcome.name].wait === 'final') throw keyRefused(outcome);
		context.logger.warn(`Video ${uuid} could not be checked (${outcome.name})`);
		return undefined;
	};

	return {
		async round(untilMs) {
			const state = context.getWorkflowStaticData('node');
			const before = Array.isArray(state.delivered) ? state.delivered : [];
			// Only what is still listed is remembered, so that the list bounds it.
			const delivered = uuids.filter((uuid) => before.includes(uuid));
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
			const items = [];
			for (const video of wanted) items.push(await toItem({}, video));
			if (items.length > 0 && !(await handOver(context, items))) return;
			if (finished.length > 0) {
				state.delivered = [...delivered, ...finished.map(({ uuid }) => uuid)];
			}
		},
		async sample() {
			for (const uuid of [...uuids].reverse()) {
				const video = await check(uuid);
				if (video && isFinal(video.status) && isWanted(video.status, options.events)) return video;
			}
			return undefined;
		},
	};
}
