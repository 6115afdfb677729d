import type { VideoStatus } from '../api/client';
import type { JsonObject } from '../api/json';
import { isKeyRefused, scopeOf } from '../api/policy';
import { isFinal } from '../api/videoStatus';
import { givenUp, notChecked, requestFailed } from '../errors/messages';
import { type Outcome, RequestError, settle } from '../errors/outcome';
import { inPool } from '../jobs/pool';
import { type DataTable, equals, type Filter, isFilled } from '../jobTable/dataTable';
import { type JobRow, rowChanges, toJobRow, UNFINISHED } from '../jobTable/jobTable';
import type { Checks } from './watch';

/** Maximum number of jobs in one round. */
export const MAX_JOBS = 100;
const CONCURRENT_CHECKS = 5;
/** After this many consecutive failures, end the round. */
const MAX_CONSECUTIVE_FAILURES = 10;
/** A round may start slightly early by the clock of the process that stamped the last one. */
const EARLY_MS = 1_000;

export interface RefreshRules {
	intervalMs: number;
	giveUpAfterMs: number;
	/** No check is started after this time. */
	untilMs: number;
	/** Called for a job that became final, after the table is updated. */
	onFinal: (row: JobRow, video: VideoStatus) => void;
}

/**
 * Checks the jobs of the table that are not final, those with the oldest check first, and writes the changes. A job that
 * cannot be checked moves to the end of the queue, and is given up after some time. Throws `VeoError` if the key is
 * refused, and `RequestError` if the table could not be used.
 */
export async function refreshJobs(
	table: DataTable,
	{ client, backoff, log }: Checks,
	{ intervalMs, giveUpAfterMs, untilMs, onFinal }: RefreshRules,
): Promise<void> {
	if (backoff.remainingMs() > 0) return;
	// One time for the whole round, so that all its jobs are due again in the round after the interval.
	const checkedAt = toTimestamp(Date.now());
	const unchanged: JobRow[] = [];
	const failed: Array<{ uuid: string; outcome: Outcome }> = [];
	let consecutiveFailures = 0;

	const giveUpIfOld = async (row: JobRow, factor = 1): Promise<boolean> => {
		const sinceMs = toMs(row.submittedAt ?? row.createdAt);
		if (!(Date.now() - sinceMs > giveUpAfterMs * factor)) return false;
		await writeRow(table, row, {
			status: 'expired',
			errorMessage: givenUp(giveUpAfterMs),
			checkedAt,
			finishedAt: toTimestamp(Date.now()),
		});
		return true;
	};

	await inPool(await dueJobs(table, intervalMs), CONCURRENT_CHECKS, async (row) => {
		if (backoff.remainingMs() > 0 || Date.now() > untilMs) return;
		if (consecutiveFailures >= MAX_CONSECUTIVE_FAILURES) return;
		const sentAtMs = Date.now();
		const uuid = String(row.uuid);
		const answer = await settle(client.status(uuid));
		if (answer instanceof RequestError) {
			const { outcome } = answer;
			if (isKeyRefused(outcome)) throw requestFailed(outcome);
			failed.push({ uuid, outcome });
			consecutiveFailures++;
			const scope = scopeOf(outcome);
			if (scope === 'api') backoff.failed(sentAtMs, outcome.retryAfterMs);
			// The first check after a long pause may meet a short outage, so such a job gets twice the time.
			else if (!(await giveUpIfOld(row, scope === 'moment' ? 2 : 1))) unchanged.push(row);
			return;
		}

		consecutiveFailures = 0;
		backoff.succeeded();
		const changes = { ...rowChanges(answer, toTimestamp(Date.now())), checkedAt };
		if (isFinal(answer.status)) {
			await writeRow(table, row, changes);
			onFinal(row, answer);
		} else if (!(await giveUpIfOld(row))) {
			const isSame = answer.status === row.status && answer.progress === row.progress;
			if (isSame) unchanged.push(row);
			else await writeRow(table, row, changes);
		}
	});

	if (failed.length > 0) log(notChecked(failed));
	if (unchanged.length > 0) {
		const ids = unchanged.map(({ id }) => equals('id', id));
		await table.update(ids, { checkedAt }, 'or');
	}
}

async function writeRow(table: DataTable, { id }: JobRow, changes: JsonObject): Promise<void> {
	await table.update([equals('id', id), UNFINISHED], changes);
}

/** Rows of jobs that are not known to be final. */
export const PENDING: Filter[] = [UNFINISHED, ...isFilled('uuid')];

/** The jobs to check. Sends two requests, however many rows the table has. */
async function dueJobs(table: DataTable, intervalMs: number): Promise<JobRow[]> {
	// Databases sort rows without a value differently, so these are queried separately.
	const never = await table.find([...PENDING, equals('checkedAt', null)], 'id:asc', MAX_JOBS);
	const checked: Filter = { columnName: 'checkedAt', condition: 'neq', value: null };
	const oldest = await table.find([...PENDING, checked], 'checkedAt:asc', MAX_JOBS);

	const dueMs = Date.now() - intervalMs + EARLY_MS;
	const due = oldest.map(toJobRow).filter((row) => !(toMs(row.checkedAt) > dueMs));
	return [...never.map(toJobRow), ...due].slice(0, MAX_JOBS);
}

const toTimestamp = (ms: number) => new Date(ms).toISOString();

const toMs = (time: unknown) => Date.parse(String(time));
