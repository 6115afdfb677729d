import type { JsonObject } from '../api/json';
import { isKeyRefused } from '../api/policy';
import { isFinal } from '../api/videoStatus';
import { requestFailed } from '../errors/messages';
import { RequestError, settle } from '../errors/outcome';
import { toJobRow } from '../jobTable/jobTable';
import type { TriggerSettings } from './settings';
import type { Access } from './trigger';
import { firstFinished, isWanted } from './watch';
import { FINISHED, openJobTable, PENDING, withoutUrl } from './watchTable';

/** Maximum number of status checks for a test event. */
const MAX_SAMPLED = 5;

/** The latest finished job, for a test event. Changes nothing. Throws `VeoError` and `RequestError`. */
export async function sample(
	{ watch, events }: TriggerSettings,
	access: Access,
	signal?: AbortSignal,
): Promise<JsonObject | undefined> {
	const { client } = access;
	if ('uuids' in watch)
		return await firstFinished([...watch.uuids].reverse(), client, events, signal);

	const table = await openJobTable(access, watch.tableRef);
	const rows = (await table.find(FINISHED, 'finishedAt:desc')).map(toJobRow);
	const latest = rows.find(({ status }) => isWanted(status, events));
	if (latest) {
		const uuid = String(latest.uuid).trim();
		const known = { ...withoutUrl(latest), uuid };
		const answer = await settle(client.status(uuid, signal));
		if (!(answer instanceof RequestError))
			return { ...known, ...(isFinal(answer.status) && answer) };
		if (isKeyRefused(answer.outcome)) throw requestFailed(answer.outcome);
		return known;
	}
	// Without an active trigger, no row becomes final, so the API is asked.
	const pending = (await table.find(PENDING, 'id:desc', MAX_SAMPLED)).map(toJobRow);
	const uuids = pending.map(({ uuid }) => String(uuid).trim());
	const video = await firstFinished(uuids, client, events, signal);
	const row = pending.find(({ uuid }) => String(uuid).trim() === video?.uuid);
	return row && { ...withoutUrl(row), ...video };
}
