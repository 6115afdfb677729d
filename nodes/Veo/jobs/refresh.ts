import { orFailed, RequestFailed, type VeoClient, type VideoStatus } from '../api/client';
import type { Clock } from '../api/clock';
import { givenUp, keyRefused } from '../api/messages';
import type { JsonObject, OutcomeName } from '../api/outcome';
import { type DataTable, type Filter, timeFilter } from './dataTable';
import { type JobRow, toJobRow } from './jobTable';
import { inPool } from './pool';
import { equals, rowChanges } from './tracker';

/** How many jobs are looked at in one round, and how many of them at once. */
export const ROUND_SIZE = 100;
const AT_ONCE = 5;

export interface RefreshRules {
	table: DataTable;
	client: VeoClient;
	clock: Clock;
	intervalMs: number;
	giveUpAfterMs: number;
	/** No check is begun after this time. */
	untilMs: number;
	log: (message: string) => void;
}

/** Outcomes that tell of the API or the way to it: what one job met, the next would meet as well. */
const FOR_ALL: readonly OutcomeName[] = [
	'refused',
	'dns',
	'unreachable',
	'connectTimeout',
	'tls',
	'http429',
	'code1003',
];
const KEY_REFUSED: readonly OutcomeName[] = ['http401', 'http403', 'code1002'];

/**
 * Asks the API about the jobs of the table that are not final, first those that were not asked about for longest, and
 * writes what changed. A job that cannot be asked about is put to the end of the row, and given up in time. Gives what
 * the API said of the jobs that became final. Throws `VeoFailure` where the key is refused, and `RequestFailed` where
 * the table could not be used.
 */
export async function refreshJobs(rules: RefreshRules): Promise<Map<number, VideoStatus>> {
	const { table, client, clock, untilMs, log } = rules;
	const finished = new Map<number, VideoStatus>();
	const unchanged: JobRow[] = [];
	let stopped = false;

	await inPool(await dueJobs(rules), AT_ONCE, async (row) => {
		if (stopped || clock.now() > untilMs) return;
		const answer = await orFailed(client.status(String(row.uuid)));
		if (answer instanceof RequestFailed) {
			const { name } = answer.outcome;
			if (KEY_REFUSED.includes(name)) throw keyRefused(answer.outcome);
			if (FOR_ALL.includes(name)) {
				if (!stopped) log(`The API could not be asked about jobs (${name}); trying again later`);
				stopped = true;
				return;
			}
			log(`Video ${row.uuid} could not be checked (${name})`);
			if (!(await giveUpIfOld(rules, row))) unchanged.push(row);
			return;
		}
		const changes = rowChanges(answer, timestamp(clock));
		if (changes.finishedAt !== undefined) {
			await table.update([equals('id', row.id)], changes);
			finished.set(row.id, answer);
		} else if (!(await giveUpIfOld(rules, row))) {
			const same =
				answer.status === row.status && (changes.progress ?? null) === (row.progress ?? null);
			if (same) unchanged.push(row);
			else await table.update([equals('id', row.id)], changes);
		}
	});

	if (unchanged.length > 0) {
		const ids = unchanged.map(({ id }) => equals('id', id));
		await table.update(ids, { checkedAt: timestamp(clock) }, 'or');
	}
	return finished;
}

/** The jobs to ask about. Two requests, however many jobs the table holds. */
async function dueJobs({ table, clock, intervalMs }: RefreshRules): Promise<JobRow[]> {
	const pending: Filter[] = [
		equals('finishedAt', null),
		{ columnName: 'uuid', condition: 'isNotEmpty', value: null },
	];
	// Databases do not agree on where rows without a value are sorted, so those have a question of their own.
	const never = await table.find([...pending, equals('checkedAt', null)], 'id:asc', ROUND_SIZE);
	const checkedBefore = timeFilter('checkedAt', 'lte', clock.now() - intervalMs);
	const longest = await table.find([...pending, checkedBefore], 'checkedAt:asc', ROUND_SIZE);
	return [...never, ...longest].slice(0, ROUND_SIZE).map(toJobRow);
}

async function giveUpIfOld(
	{ table, clock, giveUpAfterMs }: RefreshRules,
	row: JobRow,
): Promise<boolean> {
	const sinceMs = Date.parse(String(row.submittedAt ?? row.createdAt));
	if (!(clock.now() - sinceMs > giveUpAfterMs)) return false;
	const changes: JsonObject = {
		status: 'expired',
		errorMessage: givenUp(giveUpAfterMs),
		checkedAt: timestamp(clock),
		finishedAt: timestamp(clock),
	};
	await table.update([equals('id', row.id)], changes);
	return true;
}

const timestamp = (clock: Clock) => new Date(clock.now()).toISOString();
