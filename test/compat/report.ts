import { markdownTable } from '../../harness/cli/markdownTable';

/** The results of one version, by column heading. */
export interface Row {
	n8n: string;
	node: string;
	cells: Map<string, string>;
	notes: string[];
	/** The checks that failed, and why. */
	failures: string[];
}

/** A Markdown table, followed by the notes and the failures. */
export function tableOf(columns: string[], rows: Row[]): string {
	// Sorted: the checks end in any order.
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
		...rows.flatMap(({ n8n, failures }) => failures.map((text) => `\nn8n ${n8n}, ${text}`)),
	].join('\n');
}
