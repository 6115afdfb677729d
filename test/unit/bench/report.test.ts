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
		// A sort as text would put 10 before 9.
		[[9, 10, 100], 10],
	])('the median of %j is %d', (values, expected) => {
		expect(median(values)).toBe(expected);
	});

	it('an empty list has no median and no mean', () => {
		expect(() => median([])).toThrow('No values');
		expect(() => mean([])).toThrow('No values');
	});

	it('are printed with units', () => {
		expect([fixed(1234.56, 1), megabytes(20_480_000), seconds(2_499)]).toEqual([
			'1,234.6',
			'20.5 MB',
			'2.50 s',
		]);
	});

	it.each([
		[2.4999, 'met'],
		[2.5, 'met'],
		// Printed like the target, but above it.
		[2.5001, 'not met'],
		[NaN, 'not met'],
	])('%d with a target of at most 2.5 is %s', (value, verdict) => {
		expect(target(2.5, value, (n) => fixed(n, 1))).toEqual(['at most 2.5', verdict]);
	});
});

it('reads the number of a prompt', () => {
	expect(promptsOf(12).map((prompt) => indexIn(`Round 3: ${prompt}`))).toEqual([
		...Array(12).keys(),
	]);
});

const figures = {
	title: 'Table',
	columns: ['', 'figure', 'target', ''],
	rows: [
		['a long name', '7', ...target(8, 7, String)],
		['b', '9', ...target(8, 9, String)],
		['c', '1', ...noTarget],
	],
	notes: ['A note.'],
};

it('prints a Markdown table with aligned columns', () => {
	expect(markdownOf(figures)).toBe(`## Table

|             | figure | target    |         |
| ----------- | ------ | --------- | ------- |
| a long name | 7      | at most 8 | met     |
| b           | 9      | at most 8 | not met |
| c           | 1      |           |         |

A note.
`);
});

const picture = { name: 'bench-it', alt: 'It', files: {} };

it('the page counts the targets and describes the machine', () => {
	const startedAt = new Date('2026-01-02T03:04:05Z');
	const sections = [{ figures: { ...figures, takeaway: 'It is fast.' } }, { figures, picture }];
	const page = pageOf(sections, startedAt, new Date(startedAt.getTime() + 20 * 60_000));
	expect(page).toMatch(/^# Benchmarks\n\n- It is fast\.\n\n`npm run bench`/);
	expect(page).toMatch(/\| targets +\| 2 met, 2 not met +\|/);
	expect(page).toMatch(/\| measured +\| 2026-01-02, in 20 minutes +\|/);
	expect(page).toMatch(/n8n-core \d+\.\d+\.\d+/);
	expect(page.match(/^## Table$/gm)).toHaveLength(2);
	expect(page).toMatch(
		/A note\.\n\n<picture>\n.*images\/bench-it-dark\.svg.*\n.*images\/bench-it\.svg/,
	);
});
