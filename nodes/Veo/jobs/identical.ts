import type { AcceptedJob, VeoClient } from '../api/client';
import { isGone } from '../api/policy';
import { type RetryRules, withRetries } from '../api/retry';
import { identicalNotChecked } from '../errors/messages';
import { RequestError, settle } from '../errors/outcome';
import { toJson } from '../jobTable/jobTable';
import type { JobTracker } from '../jobTable/tracker';

/** How many earlier jobs of the same request are checked. */
const MAX_CHECKED = 5;

/**
 * The newest job of an identical request that has not failed, with the status and the URL that the API returns now. Jobs
 * that the API no longer knows are skipped. Throws `VeoError` if the API cannot say, because a new video would cost money.
 */
export async function findIdentical(
	tracker: JobTracker,
	client: VeoClient,
	retry: RetryRules,
	requestHash: string,
): Promise<AcceptedJob | undefined> {
	for (const row of await tracker.identical(requestHash, MAX_CHECKED)) {
		const uuid = String(row.uuid);
		const check = async () => await client.status(uuid, retry.signal);
		const video = await settle(withRetries(check, retry));
		if (video instanceof RequestError) {
			if (!isGone(video.outcome)) throw identicalNotChecked(uuid, video.outcome);
			continue;
		}
		if (video.status === 'failed') continue;
		return { createdAt: row.submittedAt, ...toJson(row), videoUrl: undefined, ...video };
	}
	return undefined;
}
