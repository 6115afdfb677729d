import { type Submission, Submissions } from '../../../nodes/Veo/jobs/submissions';
import { asN8nStoresIt } from '../fakes';

const acceptedAs = (uuid: string): Submission => ({
	state: 'accepted',
	job: { uuid, status: 'pending' },
});

const submitting: Submission = { state: 'submitting' };

describe('what a run has submitted', () => {
	it('is nothing at first', () => {
		const submissions = new Submissions({}, 0);
		expect(submissions.find(0, 'h')).toBeUndefined();
		expect(submissions.accepted()).toEqual([]);
	});

	it.each<Submission>([
		submitting,
		{ state: 'unclear', message: 'Who knows', description: 'Look.' },
		acceptedAs('v-1'),
	])('is found again by item and hash: $state', (submission) => {
		const submissions = new Submissions({}, 0);
		submissions.set(3, 'h', submission);
		expect(submissions.find(3, 'h')).toEqual(submission);
		expect(submissions.find(3, 'other')).toBeUndefined();
		expect(submissions.find(2, 'h')).toBeUndefined();
	});

	it('is found by the next try, though n8n stored it as JSON in between', () => {
		const store: Record<string, unknown> = {};
		new Submissions(store, 2).set(5, 'h', acceptedAs('v-1'));
		const next = new Submissions(asN8nStoresIt(store), 2);
		expect(next.find(5, 'h')).toEqual(acceptedAs('v-1'));
		expect(next.accepted()).toEqual([{ itemIndex: 5, uuid: 'v-1' }]);
	});

	it('is told apart by run index, as a loop runs the same node again', () => {
		const store = {};
		new Submissions(store, 0).set(0, 'h', acceptedAs('v-1'));
		expect(new Submissions(store, 1).find(0, 'h')).toBeUndefined();
		expect(new Submissions(store, 1).accepted()).toEqual([]);

		new Submissions(store, 1).set(0, 'h', acceptedAs('v-2'));
		expect(new Submissions(store, 0).accepted()).toEqual([{ itemIndex: 0, uuid: 'v-1' }]);
	});

	it('is replaced by what is newer, and kept beside what was asked for otherwise', () => {
		const submissions = new Submissions({}, 0);
		submissions.set(0, 'h', submitting);
		submissions.set(0, 'h', acceptedAs('v-1'));
		submissions.set(0, 'changed', acceptedAs('v-2'));
		expect(submissions.find(0, 'h')).toEqual(acceptedAs('v-1'));
		expect(submissions.find(0, 'changed')).toEqual(acceptedAs('v-2'));
	});

	it('is forgotten for one item', () => {
		const submissions = new Submissions({}, 0);
		submissions.set(0, 'h', acceptedAs('v-1'));
		submissions.set(1, 'h', acceptedAs('v-2'));
		submissions.delete(0, 'h');
		submissions.delete(1, 'changed');
		expect(submissions.accepted()).toEqual([{ itemIndex: 1, uuid: 'v-2' }]);
	});

	it('is forgotten by the try that asked for it, in its run alone', () => {
		const store = {};
		new Submissions(store, 0).set(0, 'h', acceptedAs('v-1'));
		new Submissions(store, 1).set(0, 'h', acceptedAs('v-2'));
		const again = new Submissions(store, 1);
		again.find(0, 'h');
		again.deleteFound();
		expect(new Submissions(store, 1).find(0, 'h')).toBeUndefined();
		expect(new Submissions(store, 0).find(0, 'h')).toEqual(acceptedAs('v-1'));
	});

	it('outlives another call of the tool, which asked for something else', () => {
		const store = {};
		new Submissions(store, 0).set(0, 'h', acceptedAs('v-1'));
		const other = new Submissions(store, 0);
		other.find(0, 'another');
		other.set(0, 'another', acceptedAs('v-2'));
		other.deleteFound();
		expect(new Submissions(store, 0).find(0, 'h')).toEqual(acceptedAs('v-1'));
		expect(new Submissions(store, 0).find(0, 'another')).toBeUndefined();
	});

	it('lists the accepted jobs only, by item', () => {
		const submissions = new Submissions({}, 0);
		submissions.set(2, 'h', acceptedAs('v-2'));
		submissions.set(0, 'h', submitting);
		submissions.set(10, 'h', acceptedAs('v-10'));
		expect(submissions.accepted()).toEqual([
			{ itemIndex: 2, uuid: 'v-2' },
			{ itemIndex: 10, uuid: 'v-10' },
		]);
	});

	it('leaves the rest of what n8n stores alone', () => {
		const store: Record<string, unknown> = { other: { a: 1 } };
		const submissions = new Submissions(store, 0);
		submissions.find(0, 'h');
		submissions.set(0, 'h', submitting);
		submissions.deleteFound();
		expect(store.other).toEqual({ a: 1 });
	});
});
