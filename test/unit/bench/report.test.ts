import {
	fixed,
	mean,
	median,
	megabytes,
	noTarget,
	seconds,
	target,
} from '../../../bench/lib/numbers';
import { indexIn, promptsOf } from '../../../bench/lib/prompts';
import { markdownOf, pageOf } from '../../../bench/report';

describe('numbers', () => {
	it.each([
		[[3], 3],
		[[9, 1, 5], 5],
		[[10, 2, 4, 1], 3],
		// As text, 10 would come before 9.
		[[9, 10, 100], 10],
	])('the median of %j is %d', (values, middle) => {
		expect(median(values)).toBe(middle);
	});

	it('nothing has neither a median nor a mean', () => {
		expect(() => median([])).toThrow('No values');
		expect(() => mean([])).toThrow('No values');
	});

	it('are printed with their units', () => {
		expect([fixed(1234.56, 1), megabytes(20_480_000), seconds(2_499)]).toEqual([
			'1,234.6',
			'20.5 MB',
			'2.50 s',
		]);
	});

	it.each([
		[2.4999, 'met'],
		[2.5, 'met'],
		// It is printed like the target, and is above it all the same.
		[2.5001, 'not met'],
		[NaN, 'not met'],
	])('%d beside a target of at most 2.5 is %s', (value, verdict) => {
		expect(target(2.5, value, (n) => fixed(n, 1))).toEqual(['at most 2.5', verdict]);
	});
});

it('a prompt tells its number', () => {
	expect(promptsOf(12).map((prompt) => indexIn(`Round 3: ${prompt}`))).toEqual([
		...Array(12).keys(),
	]);
});

const figures = {
	title: 'Things',
	columns: ['', 'figure', 'target', ''],
	rows: [
		['a long name', '7', ...target(8, 7, String)],
		['b', '9', ...target(8, 9, String)],
		['c', '1', ...noTarget],
	],
	notes: ['Said.'],
};

it('a table is Markdown whose columns stand below each other', () => {
	expect(markdownOf(figures)).toBe(`## Things

|             | figure | target    |         |
| ----------- | ------ | --------- | ------- |
| a long name | 7      | at most 8 | met     |
| b           | 9      | at most 8 | not met |
| c           | 1      |           |         |

Said.
`);
});

it('the page counts the targets, and says what it was measured on', () => {
	const began = new Date('2026-01-02T03:04:05Z');
	const page = pageOf([figures, figures], began, new Date(began.getTime() + 20 * 60_000));
	expect(page).toMatch(/\| targets +\| 2 met, 2 not met +\|/);
	expect(page).toMatch(/\| measured +\| 2026-01-02, in 20 minutes +\|/);
	expect(page).toMatch(/n8n-core \d+\.\d+\.\d+/);
	expect(page.match(/^## Things$/gm)).toHaveLength(2);
});
