/** A table whose columns are as wide as their widest cell, so that it is fit to be read in a terminal as well. */
export function markdownTable(columns: string[], rows: string[][]): string {
	const widths = columns.map((column, index) =>
		Math.max(3, column.length, ...rows.map((row) => row[index]?.length ?? 0)),
	);
	const line = (cells: string[]) =>
		`| ${widths.map((width, index) => (cells[index] ?? '').padEnd(width)).join(' | ')} |\n`;
	const rule = line(widths.map((width) => '-'.repeat(width)));
	return [line(columns), rule, ...rows.map(line)].join('');
}
