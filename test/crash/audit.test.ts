import { audit, type Evidence } from './audit';

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

describe('The audit of a crash round', () => {
	it('finds nothing if each job was paid, recorded and delivered once', () => {
		expect(audit(good)).toEqual({
			requested: 1,
			paid: 1,
			delivered: 1,
			lost: [],
			paidTwice: [],
			deliveredTwice: [],
			unexplained: [],
			unclear: [],
			unclearUnpaid: 0,
			neverSubmitted: 0,
		});
	});

	it('finds a job without a row, and one whose row cannot be matched', () => {
		const lost = ['uuid-1 (a fox): paid, without a row in the table'];
		const lostWith = (table: Evidence['table']) => audit({ ...good, table, deliveries: [] }).lost;
		expect(lostWith([])).toEqual(lost);
		expect(lostWith([{ ...submitting, prompt: 'a hare' }])).toEqual(lost);
		expect(lostWith([{ ...submitting, jobKey: undefined }])).toEqual(lost);
		expect(lostWith([{ ...submitting, status: 'failed' }])).toEqual(lost);
	});

	it('finds a job that is in the table and was not delivered', () => {
		const { lost, delivered } = audit({ ...good, deliveries: [] });
		expect(lost).toEqual(['uuid-1 (a fox): in the table, not delivered']);
		expect(delivered).toBe(0);
	});

	it('finds a second job of the same prompt', () => {
		const second = { ...job, uuid: 'uuid-2' };
		const { paidTwice } = audit({ ...good, paid: [job, second] });
		expect(paidTwice).toEqual(['uuid-2 (a fox): paid again']);
	});

	it('distinguishes a paid job whose row is still submitting from a row for which nothing was paid', () => {
		const paid = audit({ ...good, table: [submitting], deliveries: [] });
		expect(paid).toMatchObject({ lost: [], unclear: [expect.any(String)], unclearUnpaid: 0 });
		const unpaid = audit({ ...good, paid: [], table: [submitting], deliveries: [] });
		expect(unpaid).toMatchObject({ lost: [], unclear: [], unclearUnpaid: 1, neverSubmitted: 0 });
		expect(audit({ ...good, paid: [], table: [], deliveries: [] }).neverSubmitted).toBe(1);
	});

	it('accepts a second delivery only if n8n was killed between the two', () => {
		const deliveries = [{ ...delivery, executionId: '8', takenAt: 2_000 }, delivery];
		const withKillAt = (killedAt: number) => audit({ ...good, deliveries, killedAt: [killedAt] });
		const twice = ['uuid-1 (a fox): executions 7, 8'];
		expect(withKillAt(1_500)).toMatchObject({ deliveredTwice: twice, unexplained: [] });
		expect(withKillAt(900)).toMatchObject({ deliveredTwice: twice, unexplained: twice });
		expect(withKillAt(2_100)).toMatchObject({ unexplained: twice });
	});
});
