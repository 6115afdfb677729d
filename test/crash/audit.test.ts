import { balance, type Evidence } from './audit';

const job = { uuid: 'uuid-1', prompt: 'a fox' };
const row = { ...job, status: 'completed', jobKey: '1/node/0/0/hash' };
const delivery = { executionId: '7', takenAt: 1_000, uuids: ['uuid-1'] };
const good: Evidence = {
	prompts: ['a fox'],
	paid: [job],
	table: [row],
	deliveries: [delivery],
	killedAt: [],
};
const submitting = { ...row, uuid: undefined, status: 'submitting' };

describe('The books of a crash round', () => {
	it('balance where each job was paid, noted and delivered once', () => {
		expect(balance(good)).toEqual({
			wished: 1,
			paid: 1,
			delivered: 1,
			lost: [],
			paidTwice: [],
			deliveredTwice: [],
			unexplained: [],
			unclear: [],
			unclearUnpaid: 0,
			neverBegun: 0,
		});
	});

	it('tell of a job without a row, and of one whose row cannot be traced to it', () => {
		const lost = ['uuid-1 (a fox): paid, without a trace in the table'];
		const lostWith = (table: Evidence['table']) => balance({ ...good, table, deliveries: [] }).lost;
		expect(lostWith([])).toEqual(lost);
		expect(lostWith([{ ...submitting, prompt: 'a hare' }])).toEqual(lost);
		expect(lostWith([{ ...submitting, jobKey: undefined }])).toEqual(lost);
		expect(lostWith([{ ...submitting, status: 'failed' }])).toEqual(lost);
	});

	it('tell of a job that is in the table and was not delivered', () => {
		const { lost, delivered } = balance({ ...good, deliveries: [] });
		expect(lost).toEqual(['uuid-1 (a fox): in the table, not delivered']);
		expect(delivered).toBe(0);
	});

	it('tell of a job beyond the first of its prompt', () => {
		const second = { ...job, uuid: 'uuid-2' };
		const { paidTwice } = balance({ ...good, paid: [job, second] });
		expect(paidTwice).toEqual(['uuid-2 (a fox): paid once more']);
	});

	it('count a paid job whose row is still submitting apart from a row for which nothing was paid', () => {
		const paid = balance({ ...good, table: [submitting], deliveries: [] });
		expect(paid).toMatchObject({ lost: [], unclear: [expect.any(String)], unclearUnpaid: 0 });
		const unpaid = balance({ ...good, paid: [], table: [submitting], deliveries: [] });
		expect(unpaid).toMatchObject({ lost: [], unclear: [], unclearUnpaid: 1, neverBegun: 0 });
		expect(balance({ ...good, paid: [], table: [], deliveries: [] }).neverBegun).toBe(1);
	});

	it('excuse a second delivery only where n8n was killed between the two', () => {
		const deliveries = [{ ...delivery, executionId: '8', takenAt: 2_000 }, delivery];
		const withKillAt = (killedAt: number) => balance({ ...good, deliveries, killedAt: [killedAt] });
		const twice = ['uuid-1 (a fox): executions 7, 8'];
		expect(withKillAt(1_500)).toMatchObject({ deliveredTwice: twice, unexplained: [] });
		expect(withKillAt(900)).toMatchObject({ deliveredTwice: twice, unexplained: twice });
		expect(withKillAt(2_100)).toMatchObject({ unexplained: twice });
	});
});
