import { itemsOf } from '../../../harness/execution';
import { optionalString } from '../../../harness/json';
import type { SavedWorkflow } from '../../../harness/n8nClient';
import { toJobRow } from '../../../nodes/Veo/jobTable/jobTable';
import { audit, type Audit, type Delivery } from '../../crash/audit';
import { uuidsOf } from '../../../harness/jobTables';
import type { Cluster } from './cluster';

/** A trigger, and the prompts that were submitted to the table that it watches. */
export interface Watching {
	name: string;
	table: string;
	prompts: string[];
	saved: SavedWorkflow;
}

/** Compares what was paid with what the table contains and what one trigger delivered. */
export async function auditTrigger({ tables }: Cluster, watching: Watching): Promise<Audit> {
	const { table, prompts, saved } = watching;
	const executions = await tables.executions(saved.id, 'success');
	const deliveries = executions.map((execution): Delivery => ({
		executionId: execution.id,
		takenAt: Date.parse(String(execution.startedAt)),
		uuids: uuidsOf(itemsOf(execution, 'Finished')),
	}));
	const rows = ((await tables.rows(table)) ?? []).map(toJobRow);
	return audit({
		prompts,
		paid: tables.harness.emulator.jobs
			.map(({ uuid, request: { prompt } }) => ({ uuid, prompt }))
			.filter(({ prompt }) => prompts.includes(prompt)),
		table: rows.map(({ uuid, prompt, status, jobKey }) => ({
			uuid: optionalString(uuid),
			prompt: optionalString(prompt),
			status: optionalString(status),
			jobKey: optionalString(jobKey),
		})),
		deliveries,
		killedAt: [],
	});
}

const COLUMNS: Array<[string, (audit: Audit) => number]> = [
	['requested', ({ requested }) => requested],
	['paid', ({ paid }) => paid],
	['paid twice', ({ paidTwice }) => paidTwice.length],
	['delivered', ({ delivered }) => delivered],
	['delivered twice', ({ deliveredTwice }) => deliveredTwice.length],
	['unclear', ({ unclear }) => unclear.length],
	['lost', ({ lost }) => lost.length],
];

/** A line for the audit of each trigger, and how many executions each process ran. */
export async function tableOf(cluster: Cluster, all: Array<[Watching, Audit]>): Promise<string> {
	const line = (head: string, cells: Array<string | number>) =>
		head.padEnd(22) + cells.map((cell) => String(cell).padStart(17)).join('');
	const titles = COLUMNS.map(([title]) => title);
	const figures = (result: Audit) => COLUMNS.map(([, figure]) => figure(result));
	const executions = await cluster.tables.harness.client.executions({});
	const starts = await cluster.starts();
	const onMain = executions.filter(({ id }) => !starts.some((one) => one.executionId === id));
	const shares = cluster.workers.map(
		(worker, index) =>
			`worker ${index + 1}: ${starts.filter((start) => start.worker === worker).length}`,
	);
	return [
		line('', titles),
		...all.map(([{ name, table }, result]) => line(`${name} (${table})`, figures(result))),
		`Executions on the main process: ${onMain.length}, ${shares.join(', ')}`,
	].join('\n');
}
