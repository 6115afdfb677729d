import { markdownTable } from '../../harness/cli/markdownTable';

/** What was found on one version, by the heading of the column. */
export interface Row {
	n8n: string;
	node: string;
	cells: Map<string, string>;
	notes: string[];
	/** What was not as it should be. */
	failures: string[];
}

/** A table in Markdown, with the notes and whatever was not as it should be below it. */
export function tableOf(columns: string[], rows: Row[]): string {
	// In an order of their own: the checks end as they please.
	const notes = [...new Set(rows.flatMap((row) => row.notes))].sort();
	const lines = rows.map((row) => [
		row.n8n,
		row.node,
		...columns.map((column) => row.cells.get(column) ?? '**no**'),
		row.notes
			.map((note) => notes.indexOf(note) + 1)
			.sort()
			.join(', '),
	]);
	return [
		markdownTable(['n8n', 'Node.js', ...columns, 'Notes'], lines),
		...notes.map((note, index) => `${index + 1}. ${note}`),
		...rows.flatMap(({ n8n, failures }) => failures.map((words) => `\nn8n ${n8n}, ${words}`)),
	].join('\n');
}
