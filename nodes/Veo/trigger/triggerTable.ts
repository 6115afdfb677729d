import type { Transport } from '../api/transport';
import { RequestError, settle } from '../errors/outcome';
import { DataTable, equals } from '../jobTable/dataTable';
import { hasNewerExecution, newestExecution } from '../jobTable/executions';
import type { TriggerContext } from './context';
import { triggerKeyOf } from './context';
import type { Store } from './deliverer';
import { Deliveries } from './deliveries';

/** n8n's Data Table node finds tables by a part of their name, so it contains no job table's name. */
const TRIGGER_TABLE = 'veo_triggers';

/** One row of the table. */
export interface TriggerRow {
	trigger: string;
	deliveries: string;
	/** When the trigger last wrote its row, and for which job table, by `id`. */
	seenMs: number;
	tableId: string;
}

/**
 * The Data Table in which the triggers of all job tables of a project record their deliveries, one row for each trigger.
 * n8n saves static data only when the trigger emits, so that a crash would deliver the last jobs again.
 */
export class TriggerTable {
	private table: DataTable | undefined;
	private projectId: string | undefined;
	private tableId = '';

	constructor(
		private readonly n8nApi: Transport,
		private readonly context: TriggerContext,
	) {}

	/** The table lies in the project of the job table. */
	beside({ info }: DataTable): void {
		if (info?.projectId !== this.projectId) this.table = undefined;
		this.projectId = info?.projectId;
		this.tableId = info?.id ?? '';
	}

	get store(): Store {
		const { n8nApi, context } = this;
		const workflowId = context.getWorkflow().id ?? '';
		const trigger = equals('trigger', triggerKeyOf(context));
		return {
			load: async () => {
				const [row] = await this.with(async (table) => await table.find([trigger], 'id:asc', 1));
				return row?.deliveries;
			},
			save: async (deliveries) => {
				const row = { trigger: trigger.value, deliveries, tableId: this.tableId };
				await this.with(async (table) => await table.upsert([trigger], row));
			},
			newestExecution: async () => await newestExecution(n8nApi, workflowId),
			hasNewerExecution: async (afterId) => await hasNewerExecution(n8nApi, workflowId, afterId),
		};
	}

	/** What finishes from now on is delivered, even if the trigger is stopped before its first round. Throws `RequestError`. */
	async recordStart(): Promise<void> {
		const { store } = this;
		if ((await store.load()) !== undefined) return;
		await store.save(Deliveries.none(Date.now()).toString());
	}

	/** The rows of all triggers. Throws `RequestError`. */
	async rows(): Promise<TriggerRow[]> {
		return await this.with(async (table) => {
			const rows: TriggerRow[] = [];
			for await (const page of table.pages([], 'id:asc')) {
				for (const { trigger, deliveries, tableId, updatedAt } of page) {
					rows.push({
						trigger: String(trigger),
						deliveries: String(deliveries),
						seenMs: Date.parse(String(updatedAt)),
						tableId: String(tableId),
					});
				}
			}
			return rows;
		});
	}

	/** A user may delete the table at any time. It is made again then. */
	private async with<T>(use: (table: DataTable) => Promise<T>): Promise<T> {
		const result = await settle(use(await this.open()));
		if (!(result instanceof RequestError)) return result;
		if (result.outcome.httpStatus !== 404) throw result;
		this.table = undefined;
		return await use(await this.open());
	}

	private async open(): Promise<DataTable> {
		if (this.table) return this.table;
		const columns = { trigger: 'string', tableId: 'string', deliveries: 'string' } as const;
		const table = new DataTable(this.n8nApi, { name: TRIGGER_TABLE }, columns, this.projectId);
		await table.ensure();
		this.table = table;
		return table;
	}
}
