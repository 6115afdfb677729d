/** A Markdown table with padded columns, so that it is also readable in a terminal. */
export function markdownTable(columns: string[], rows: string[][]): string {
	const widths = columns.map((column, index) =>
		Math.max(3, column.length, ...rows.map((row) => row[index]?.length ?? 0)),
	);
	const line = (cells: string[]) =>
		`| ${widths.map((width, index) => (cells[index] ?? '').padEnd(width)).join(' | ')} |\n`;
	const rule = line(widths.map((width) => '-'.repeat(width)));
	return [line(columns), rule, ...rows.map(line)].join('');
}
