import { orFailed, RequestFailed, type VeoClient, type VideoStatus } from '../api/client';
import type { Clock } from '../api/clock';
import { givenUp, keyRefused, notChecked } from '../errors/messages';
import type { JsonObject, Outcome, OutcomeName } from '../errors/outcome';
import type { Pace } from '../api/backoff';
import { type DataTable, type Filter, filled } from '../jobTable/dataTable';
import { type JobRow, toJobRow } from '../jobTable/jobTable';
import { inPool } from '../jobs/pool';
import { isFinal } from '../api/videoStatus';
import { equals, rowChanges, UNFINISHED } from '../jobTable/tracker';

/** How many jobs are looked at in one round, and how many of them at once. */
export const ROUND_SIZE = 100;
const AT_ONCE = 5;
/** So many checks in a row that gave nothing tell of the API, not of the jobs: the round ends. */
const MOST_IN_VAIN = 10;
/** A round may begin a little early, by the clock that the last one was stamped with. */
const EARLY_MS = 1_000;

export interface RefreshRules {
	table: DataTable;
	client: VeoClient;
	clock: Clock;
	/** Of the checks: rounds that come too soon after the API asked to be left alone do nothing. */
	pace: Pace;
	intervalMs: number;
	giveUpAfterMs: number;
	/** No check is begun after this time. */
	untilMs: number;
	log: (message: string) => void;
	/** Hears what the API said of a job that became final, once the table has it. */
	onFinal: (row: JobRow, video: VideoStatus) => void;
}

/** What a check that gave nothing tells of. What is not here tells of its job: the API does not know it, say. */
const TELLS_OF: Partial<Record<OutcomeName, 'key' | 'api' | 'moment'>> = {
	http401: 'key',
	http403: 'key',
	code1002: 'key',
	// What one job met, the next would meet as well.
	refused: 'api',
	dns: 'api',
	unreachable: 'api',
	connectTimeout: 'api',
	tls: 'api',
	http429: 'api',
	code1003: 'api',
	// It may be the API or the job.
	timeout: 'moment',
	reset: 'moment',
	http408: 'moment',
	http5xx: 'moment',
	code5000: 'moment',
	html: 'moment',
};

/**
 * Asks the API about the jobs of the table that are not final, first those that were not asked about for longest, and
 * writes what changed. A job that cannot be asked about goes to the end of the queue, and is given up in time. Throws
 * `VeoFailure` where the key is refused, and `RequestFailed` where the table could not be used.
 */
export async function refreshJobs(rules: RefreshRules): Promise<void> {
	const { table, client, clock, pace, untilMs, log, onFinal } = rules;
	if (pace.pauseMs() > 0) return;
	// The time of the round, not of each check: so all of them are due again in the round after the interval.
	const round = { ...rules, checkedAt: toTimestamp(clock.now()) };
	const unchanged: JobRow[] = [];
	const inVain: Array<{ uuid: string; outcome: Outcome }> = [];
	let inVainInARow = 0;

	await inPool(await dueJobs(rules), AT_ONCE, async (row) => {
		if (pace.pauseMs() > 0 || clock.now() > untilMs || inVainInARow >= MOST_IN_VAIN) return;
		const sentAtMs = clock.now();
		const uuid = String(row.uuid);
		const answer = await orFailed(client.status(uuid));
		if (answer instanceof RequestFailed) {
			const { outcome } = answer;
			const { name, retryAfterMs } = outcome;
			const tellsOf = TELLS_OF[name];
			if (tellsOf === 'key') throw keyRefused(outcome);
			inVain.push({ uuid, outcome });
			inVainInARow++;
			if (tellsOf === 'api') pace.failed(sentAtMs, retryAfterMs);
			// The first check after a long time off may fall on a bad moment: such a job is given more time.
			else if (!(await giveUpIfOld(round, row, tellsOf === 'moment' ? 2 : 1))) unchanged.push(row);
			return;
		}

		inVainInARow = 0;
		pace.succeeded();
		const { checkedAt } = round;
		const changes = { ...rowChanges(answer, toTimestamp(clock.now())), checkedAt };
		if (isFinal(answer.status)) {
			await writeRow(table, row, changes);
			onFinal(row, answer);
		} else if (!(await giveUpIfOld(round, row))) {
			const same = answer.status === row.status && answer.progress === row.progress;
			if (same) unchanged.push(row);
			else await writeRow(table, row, changes);
		}
	});

	if (inVain.length > 0) log(notChecked(inVain));
	if (unchanged.length > 0) {
		const ids = unchanged.map(({ id }) => equals('id', id));
		await table.update(ids, { checkedAt: round.checkedAt }, 'or');
	}
}

async function writeRow(table: DataTable, { id }: JobRow, changes: JsonObject): Promise<void> {
	await table.update([equals('id', id), UNFINISHED], changes);
}

/** A job that is not known to be final. */
export const PENDING: Filter[] = [UNFINISHED, ...filled('uuid')];

/** The jobs to ask about. Two requests, however many jobs the table holds. */
async function dueJobs({ table, clock, intervalMs }: RefreshRules): Promise<JobRow[]> {
	// Databases do not agree on where rows without a value are sorted, so those have a question of their own.
	const never = await table.find([...PENDING, equals('checkedAt', null)], 'id:asc', ROUND_SIZE);
	const checked: Filter = { columnName: 'checkedAt', condition: 'neq', value: null };
	const longestAgo = await table.find([...PENDING, checked], 'checkedAt:asc', ROUND_SIZE);

	const dueMs = clock.now() - intervalMs + EARLY_MS;
	const due = longestAgo.map(toJobRow).filter((row) => !(toMs(row.checkedAt) > dueMs));
	return [...never.map(toJobRow), ...due].slice(0, ROUND_SIZE);
}

async function giveUpIfOld(
	{ table, clock, giveUpAfterMs, checkedAt }: RefreshRules & { checkedAt: string },
	row: JobRow,
	times = 1,
): Promise<boolean> {
	const sinceMs = toMs(row.submittedAt ?? row.createdAt);
	if (!(clock.now() - sinceMs > giveUpAfterMs * times)) return false;
	await writeRow(table, row, {
		status: 'expired',
		errorMessage: givenUp(giveUpAfterMs),
		checkedAt,
		finishedAt: toTimestamp(clock.now()),
	});
	return true;
}

const toTimestamp = (ms: number) => new Date(ms).toISOString();

const toMs = (time: unknown) => Date.parse(String(time));
