import { Backoff } from '../../../nodes/Veo/api/backoff';
import { VeoClient } from '../../../nodes/Veo/api/client';
import { isJsonObject, type JsonObject } from '../../../nodes/Veo/api/json';
import type { GenerateRequest } from '../../../nodes/Veo/api/parameters';
import { VeoError } from '../../../nodes/Veo/errors/VeoError';
import { jobTable } from '../../../nodes/Veo/jobTable/jobTable';
import { JobTracker } from '../../../nodes/Veo/jobTable/tracker';
import type { PaidItem, SubmitRules } from '../../../nodes/Veo/jobs/paidAttempt';
import { SubmissionQueue } from '../../../nodes/Veo/jobs/submissionQueue';
import { Submissions } from '../../../nodes/Veo/jobs/submissions';
import { VideoLimit } from '../../../nodes/Veo/jobs/videoLimit';
import {
	type Answerer,
	FakeClock,
	json,
	jsonRoundTrip,
	REPLIES,
	type Reply,
	rejectionOf,
	scripted,
	submitRules,
	transportOf,
} from '../fakes';

export const NOW = Date.parse('2026-01-01T00:00:00.000Z');

export const REQUEST: GenerateRequest = {
	generationType: 'text_to_video',
	prompt: 'A fox',
	aspectRatio: 'auto',
};

export const ITEM: PaidItem = {
	itemIndex: 0,
	requestHash: 'hash',
	prepare: async () => await Promise.resolve(REQUEST),
};

/** The `jobKey` of `ITEM` in the execution 7. */
export const OWN = '7/n/0/0/hash';

export interface Row extends JsonObject {
	id: number;
}

/** A Data Table in memory, as much of it as the job table uses. */
export function fakeJobTable(...rows: Row[]) {
	const state = { isDown: false };
	const matches = (row: Row, { columnName, condition, value }: JsonObject) =>
		((row[String(columnName)] ?? null) === value) === (condition === 'eq');
	const matching = (filter: unknown) => {
		const filters = isJsonObject(filter) && Array.isArray(filter.filters) ? filter.filters : [];
		return rows.filter((row) => filters.filter(isJsonObject).every((one) => matches(row, one)));
	};
	const { send } = transportOf(({ method, path, json: body }) => {
		const query = new URLSearchParams(path.split('?')[1]);
		if (!path.includes('/rows')) return json(200, { data: [{ id: 't-1', name: 'jobs' }] });
		if (method === 'GET') {
			const found = matching(JSON.parse(query.get('filter') ?? '{}'));
			if (query.get('sortBy') === 'id:desc') found.reverse();
			return json(200, { data: found.slice(0, Number(query.get('limit'))) });
		}
		if (state.isDown) return REPLIES.http5xx;
		const { filter, data } = { filter: {}, data: {}, ...body };
		const changed = matching(filter);
		for (const row of changed) Object.assign(row, data);
		if (path.endsWith('/upsert') && changed.length === 0) {
			rows.push({ id: rows.length + 1, ...data });
		}
		return json(200, true);
	});
	const open = async (executionId = '7') => {
		const run = { executionId, workflowId: 'w', nodeId: 'n', runIndex: 0 };
		const retry = { backoff: new Backoff(), maxRetries: 0 };
		const tracker = new JobTracker(jobTable(send, { name: 'jobs' }), run, retry, 60_000);
		await tracker.open();
		return tracker;
	};
	return { rows, state, open };
}

/** A queue in which requests that were refused for now wait until Stop. */
export const queueUntil = (signal: AbortSignal) =>
	new SubmissionQueue({ maxRetries: 2, maxSlotWaitMs: 900_000, signal });

/** An API that gives these replies, and what all tries of one execution share. */
export function execution(...replies: Array<Reply | Answerer>) {
	const clock = new FakeClock(NOW);
	const { send, sent, paths } = scripted(...replies);
	let store: JsonObject = {};
	/** The rules of another try. Node memory has been stored as JSON before it. */
	const next = ({ max = 0, ...rules }: Partial<SubmitRules> & { max?: number } = {}) => {
		store = jsonRoundTrip(store);
		return submitRules(new VeoClient(send), {
			executionId: '7',
			submissions: new Submissions(store, 0),
			videoLimit: new VideoLimit(store, '7', max, 'stops'),
			...rules,
		});
	};
	const errorOf = async (work: Promise<unknown>) => {
		const thrown = await rejectionOf(clock.run(work));
		if (!(thrown instanceof VeoError)) throw thrown;
		return thrown;
	};
	return { clock, sent, paths, next, errorOf, stored: () => store };
}
