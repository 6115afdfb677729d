/** What a try knows of the earlier ones. */
import { Backoff } from '../../../nodes/Veo/api/backoff';
import { VeoClient } from '../../../nodes/Veo/api/client';
import { type Submission, Submissions } from '../../../nodes/Veo/jobs/submissions';
import { submitOnce } from '../../../nodes/Veo/jobs/submit';
import { jobTable } from '../../../nodes/Veo/jobTable/jobTable';
import { JobTracker } from '../../../nodes/Veo/jobTable/tracker';
import { json, scripted, submitRules } from '../fakes';

const acceptedAs = (uuid: string): Submission => ({ state: 'accepted', job: { uuid } });
const unclearAs = (message: string): Submission => ({ state: 'unclear', message });

describe('The submissions of a run', () => {
	it('are listed by item, whatever order the answers came in', () => {
		const submissions = new Submissions({}, 0);
		submissions.set(10, 'h', acceptedAs('v-10'));
		submissions.set(3, 'h', unclearAs('three'));
		submissions.set(2, 'h', acceptedAs('v-2'));
		submissions.set(1, 'h', unclearAs('one'));
		submissions.set(0, 'h', { state: 'submitting' });
		expect(submissions.accepted()).toEqual([
			{ itemIndex: 2, uuid: 'v-2' },
			{ itemIndex: 10, uuid: 'v-10' },
		]);
		expect(submissions.unclear()).toEqual([
			{ itemIndex: 1, message: 'one' },
			{ itemIndex: 3, message: 'three' },
		]);
	});
});

describe('A job that an earlier try got accepted', () => {
	const RUN = { executionId: 'e', workflowId: 'w', nodeId: 'n', runIndex: 0 };
	const row = { id: 1, jobKey: 'e/n/0/0/h', status: 'submitting' };

	// n8n refuses to make the table once more, so it is known to be the key's own.
	beforeAll(async () => {
		const tables = json(200, { data: [{ id: 't', name: 'jobs' }] });
		await jobTable(scripted(tables, json(409, {})).send, { name: 'jobs' }).ensure();
	});

	/** Takes up the job `v-1` where the table has these rows; returns what is written. */
	async function takeUp(...rows: object[]) {
		const { send, sent } = scripted(
			json(200, { data: [{ id: 't', name: 'jobs' }] }),
			json(200, { data: rows }),
			json(200, true),
		);
		const retry = { backoff: new Backoff(), maxRetries: 0 };
		const tracker = new JobTracker(jobTable(send, { name: 'jobs' }), RUN, retry, 60_000);
		await tracker.open();
		const submissions = new Submissions({}, 0);
		submissions.set(0, 'h', acceptedAs('v-1'));
		const prepare = async () => await Promise.reject(new Error('There is nothing to submit'));
		const item = { itemIndex: 0, requestHash: 'h', prepare };
		const client = new VeoClient(scripted().send);
		expect(await submitOnce(item, submitRules(client, { submissions, tracker }))).toEqual({
			uuid: 'v-1',
		});
		return sent.slice(2).map(({ request }) => request.json);
	}

	it.each([[[row]], [[]]])('is written to the table if its row is %j', async (rows) => {
		expect(await takeUp(...rows)).toMatchObject([{ data: { uuid: 'v-1', status: 'pending' } }]);
	});

	it('is not written again', async () => {
		expect(await takeUp({ ...row, uuid: 'v-1' })).toEqual([]);
	});
});
