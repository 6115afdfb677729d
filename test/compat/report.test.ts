import { type Row, tableOf } from './report';

const row = (n8n: string, cells: Record<string, string>, notes: string[] = []): Row => ({
	n8n,
	node: '20.0.0',
	cells: new Map(Object.entries(cells)),
	notes,
	failures: [],
});

it('numbers the notes, with one number for identical notes', () => {
	const rows = [
		row('1.0.0', { Works: 'yes' }, ['Lacks this.', 'Lacks that.']),
		row('2.0.0', { Works: 'yes' }, ['Lacks this.']),
	];
	expect(tableOf(['Works'], rows).split('\n')).toEqual([
		'| n8n   | Node.js | Works | Notes |',
		'| ----- | ------- | ----- | ----- |',
		'| 1.0.0 | 20.0.0  | yes   | 1, 2  |',
		'| 2.0.0 | 20.0.0  | yes   | 2     |',
		'',
		'1. Lacks that.',
		'2. Lacks this.',
	]);
});

it('shows which checks failed, and why', () => {
	const failed = { ...row('2.0.0', { One: 'yes' }), failures: ['Other: paid twice'] };
	const table = tableOf(['One', 'Other'], [failed]);
	expect(table).toContain('| 2.0.0 | 20.0.0  | yes | **no** |');
	expect(table).toContain('n8n 2.0.0, Other: paid twice');
});
