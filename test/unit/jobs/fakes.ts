import { Backoff } from '../../../nodes/Veo/api/backoff';
import { VeoClient } from '../../../nodes/Veo/api/client';
import type { JsonObject } from '../../../nodes/Veo/api/json';
import type { GenerateRequest } from '../../../nodes/Veo/api/parameters';
import { VeoError } from '../../../nodes/Veo/errors/VeoError';
import { jobTable } from '../../../nodes/Veo/jobTable/jobTable';
import { JobTracker } from '../../../nodes/Veo/jobTable/tracker';
import type { PaidItem, SubmitRules } from '../../../nodes/Veo/jobs/paidAttempt';
import { SubmissionQueue } from '../../../nodes/Veo/jobs/submissionQueue';
import { Submissions } from '../../../nodes/Veo/jobs/submissions';
import { VideoLimit } from '../../../nodes/Veo/jobs/videoLimit';
import { FakeN8n, JOBS } from '../fakeN8n';
import {
	type Answerer,
	FakeClock,
	jsonRoundTrip,
	type Reply,
	rejectionOf,
	scripted,
	submitRules,
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

/** A job table with these rows, and the trackers of executions that use it. */
export function fakeJobTable(...rows: JsonObject[]) {
	const n8n = new FakeN8n();
	n8n.insert(JOBS, ...rows);
	const open = async (executionId = '7') => {
		const run = { executionId, workflowId: 'w', nodeId: 'n', runIndex: 0 };
		const retry = { backoff: new Backoff(), maxRetries: 0 };
		const tracker = new JobTracker(jobTable(n8n.send, { name: JOBS }), run, retry, 60_000);
		await tracker.open();
		return tracker;
	};
	return { n8n, open, rows: n8n.rows() };
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
