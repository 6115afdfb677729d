import { type Submission, Submissions } from '../../../nodes/Veo/jobs/submissions';
import { jsonRoundTrip } from '../fakes';

const acceptedAs = (uuid: string): Submission => ({
	state: 'accepted',
	job: { uuid, status: 'pending' },
});

const submitting: Submission = { state: 'submitting' };

describe('Submissions', () => {
	it('is empty at first', () => {
		const submissions = new Submissions({}, 0);
		expect(submissions.find(0, 'h')).toBeUndefined();
		expect(submissions.accepted()).toEqual([]);
	});

	it.each<Submission>([submitting, { state: 'unclear', message: 'Unclear' }, acceptedAs('v-1')])(
		'finds a submission by item and hash: $state',
		(submission) => {
			const submissions = new Submissions({}, 0);
			submissions.set(3, 'h', submission);
			expect(submissions.find(3, 'h')).toEqual(submission);
			expect(submissions.find(3, 'other')).toBeUndefined();
			expect(submissions.find(2, 'h')).toBeUndefined();
		},
	);

	it('finds a submission in the next attempt, after n8n stored it as JSON', () => {
		const store: Record<string, unknown> = {};
		new Submissions(store, 2).set(5, 'h', acceptedAs('v-1'));
		const next = new Submissions(jsonRoundTrip(store), 2);
		expect(next.find(5, 'h')).toEqual(acceptedAs('v-1'));
		expect(next.accepted()).toEqual([{ itemIndex: 5, uuid: 'v-1' }]);
	});

	it('keeps run indexes apart, as a loop runs the node again', () => {
		const store = {};
		new Submissions(store, 0).set(0, 'h', acceptedAs('v-1'));
		expect(new Submissions(store, 1).find(0, 'h')).toBeUndefined();
		expect(new Submissions(store, 1).accepted()).toEqual([]);

		new Submissions(store, 1).set(0, 'h', acceptedAs('v-2'));
		expect(new Submissions(store, 0).accepted()).toEqual([{ itemIndex: 0, uuid: 'v-1' }]);
	});

	it('replaces a submission of the same hash and keeps those of other hashes', () => {
		const submissions = new Submissions({}, 0);
		submissions.set(0, 'h', submitting);
		submissions.set(0, 'h', acceptedAs('v-1'));
		submissions.set(0, 'changed', acceptedAs('v-2'));
		expect(submissions.find(0, 'h')).toEqual(acceptedAs('v-1'));
		expect(submissions.find(0, 'changed')).toEqual(acceptedAs('v-2'));
	});

	it('deletes the submission of one item', () => {
		const submissions = new Submissions({}, 0);
		submissions.set(0, 'h', acceptedAs('v-1'));
		submissions.set(1, 'h', acceptedAs('v-2'));
		submissions.delete(0, 'h');
		submissions.delete(1, 'changed');
		expect(submissions.accepted()).toEqual([{ itemIndex: 1, uuid: 'v-2' }]);
	});

	it('deletes the found submissions of its own run only', () => {
		const store = {};
		new Submissions(store, 0).set(0, 'h', acceptedAs('v-1'));
		new Submissions(store, 1).set(0, 'h', acceptedAs('v-2'));
		const again = new Submissions(store, 1);
		again.find(0, 'h');
		again.deleteFound();
		expect(new Submissions(store, 1).find(0, 'h')).toBeUndefined();
		expect(new Submissions(store, 0).find(0, 'h')).toEqual(acceptedAs('v-1'));
	});

	it('keeps submissions that another call of the tool did not find', () => {
		const store = {};
		new Submissions(store, 0).set(0, 'h', acceptedAs('v-1'));
		const other = new Submissions(store, 0);
		other.find(0, 'another');
		other.set(0, 'another', acceptedAs('v-2'));
		other.deleteFound();
		expect(new Submissions(store, 0).find(0, 'h')).toEqual(acceptedAs('v-1'));
		expect(new Submissions(store, 0).find(0, 'another')).toBeUndefined();
	});

	it('lists only accepted jobs, by item', () => {
		const submissions = new Submissions({}, 0);
		submissions.set(2, 'h', acceptedAs('v-2'));
		submissions.set(0, 'h', submitting);
		submissions.set(10, 'h', acceptedAs('v-10'));
		expect(submissions.accepted()).toEqual([
			{ itemIndex: 2, uuid: 'v-2' },
			{ itemIndex: 10, uuid: 'v-10' },
		]);
	});

	it('lists an unclear submission also without a message', () => {
		const submissions = new Submissions({}, 0);
		submissions.set(4, 'h', { state: 'unclear' });
		expect(submissions.unclear()).toEqual([{ itemIndex: 4, message: '' }]);
	});

	it('does not change other data in the store', () => {
		const store: Record<string, unknown> = { other: { a: 1 } };
		const submissions = new Submissions(store, 0);
		submissions.find(0, 'h');
		submissions.set(0, 'h', submitting);
		submissions.deleteFound();
		expect(store.other).toEqual({ a: 1 });
	});
});
