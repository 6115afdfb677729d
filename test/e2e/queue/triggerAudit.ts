import { itemsOf } from '../../../harness/execution';
import type { SavedWorkflow } from '../../../harness/n8nClient';
import { toJobRow } from '../../../nodes/Veo/jobTable/jobTable';
import { balance, type Books, type Delivery } from '../../crash/audit';
import { uuidsOf } from '../../../harness/jobTables';
import type { Cluster } from './cluster';

/** A trigger, and what was wished for in the table that it watches. */
export interface Watching {
	name: string;
	table: string;
	prompts: string[];
	saved: SavedWorkflow;
}

/** What the API was paid for, held against what the table knows and what one trigger delivered. */
export async function booksOf({ tables }: Cluster, watching: Watching): Promise<Books> {
	const { table, prompts, saved } = watching;
	const executions = await tables.executions(saved.id, 'success');
	const deliveries = executions.map((execution): Delivery => ({
		executionId: execution.id,
		takenAt: Date.parse(String(execution.startedAt)),
		uuids: uuidsOf(itemsOf(execution, 'Finished')),
	}));
	const rows = ((await tables.rows(table)) ?? []).map(toJobRow);
	const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
	return balance({
		prompts,
		paid: tables.harness.emulator.jobs
			.map(({ uuid, request: { prompt } }) => ({ uuid, prompt }))
			.filter(({ prompt }) => prompts.includes(prompt)),
		table: rows.map(({ uuid, prompt, status, jobKey }) => ({
			uuid: text(uuid),
			prompt: text(prompt),
			status: text(status),
			jobKey: text(jobKey),
		})),
		deliveries,
		killedAt: [],
	});
}

const COLUMNS: Array<[string, (books: Books) => number]> = [
	['wished', ({ wished }) => wished],
	['paid', ({ paid }) => paid],
	['paid twice', ({ paidTwice }) => paidTwice.length],
	['delivered', ({ delivered }) => delivered],
	['delivered twice', ({ deliveredTwice }) => deliveredTwice.length],
	['unclear', ({ unclear }) => unclear.length],
	['lost', ({ lost }) => lost.length],
];

/** The books of each trigger in a line, and which process ran how many executions. */
export async function tableOf(cluster: Cluster, all: Array<[Watching, Books]>): Promise<string> {
	const line = (head: string, cells: Array<string | number>) =>
		head.padEnd(22) + cells.map((cell) => String(cell).padStart(17)).join('');
	const titles = COLUMNS.map(([title]) => title);
	const figures = (books: Books) => COLUMNS.map(([, figure]) => figure(books));
	const executions = await cluster.tables.harness.client.executions({});
	const starts = await cluster.starts();
	const onMain = executions.filter(({ id }) => !starts.some((one) => one.executionId === id));
	const shares = cluster.workers.map(
		(worker, index) =>
			`worker ${index + 1}: ${starts.filter((start) => start.worker === worker).length}`,
	);
	return [
		line('', titles),
		...all.map(([{ name, table }, books]) => line(`${name} (${table})`, figures(books))),
		`Executions on the main process: ${onMain.length}, ${shares.join(', ')}`,
	].join('\n');
}
