import { isUuid } from '../api/validation';
import { deletionFailed } from '../errors/messages';
import { RequestError, settle } from '../errors/outcome';
import { type DataTable, sameCells } from '../jobTable/dataTable';
import { toJobRow } from '../jobTable/jobTable';
import { triggerKeyOf } from './context';
import { Deliveries, eventOf } from './deliveries';
import type { TriggerTable } from './triggerTable';
import type { Active } from './watch';

const PAUSE_MS = 60 * 60_000;
/** While there is more to delete, the next rows are deleted in the next round. */
const MAX_DELETED = 20;
/** A trigger that was not seen for so long does not keep rows any more. */
const MAX_UNSEEN_MS = 7 * 24 * 60 * 60_000;

/** Deletes rows that finished long ago and that every trigger of the table has dealt with. */
export class CleanUp {
	private nextMs = -Infinity;

	constructor(
		private readonly active: Active,
		private readonly triggerTable: TriggerTable,
	) {}

	/** Never rejects with a `RequestError`. `ownDeliveries` may be newer than those in the table. */
	async run(table: DataTable, ownDeliveries: string): Promise<void> {
		const { deleteAfterMs } = this.active.settings;
		if (deleteAfterMs === Infinity || Date.now() < this.nextMs) return;
		const deleted = await settle(this.deleteOld(table, ownDeliveries, Date.now() - deleteAfterMs));
		this.nextMs = deleted === MAX_DELETED ? -Infinity : Date.now() + PAUSE_MS;
		if (deleted instanceof RequestError) {
			this.active.reporter.log(deletionFailed(table.name, deleted.outcome));
		}
	}

	private async deleteOld(
		table: DataTable,
		ownDeliveries: string,
		beforeMs: number,
	): Promise<number> {
		const all = await this.deliveriesOfAll(table, ownDeliveries);
		let deleted = 0;
		const finished = { columnName: 'finishedAt', condition: 'neq', value: null } as const;
		for await (const page of table.pages([finished], 'finishedAt:asc')) {
			for (const row of page) {
				const { uuid, status, idempotencyKey, finishedAt } = toJobRow(row);
				const finishedMs = Date.parse(String(finishedAt));
				if (!(finishedMs < beforeMs)) return deleted;
				const delivery = { uuid: String(uuid).trim(), event: eventOf(status), finishedMs };
				const isDone = all.every((deliveries) => deliveries?.has(delivery));
				if (!isDone || idempotencyKey !== undefined || finishedAt === undefined) continue;
				// A row with this `id` may be another one by now. n8n on SQLite finds no row by a time.
				// A text that is too long for a `uuid` may not fit into the request's address.
				const short = isUuid(delivery.uuid) ? ['uuid'] : [];
				await table.delete([...sameCells(row, ['id', 'jobKey', ...short]), finished]);
				if (++deleted >= MAX_DELETED) return deleted;
			}
		}
		return deleted;
	}

	/** Of each trigger of the table that is still there; undefined where its record cannot be read. */
	private async deliveriesOfAll(table: DataTable, ownDeliveries: string) {
		const own = triggerKeyOf(this.active.context);
		const rows = await this.triggerTable.rows();
		const others = rows.filter(
			({ trigger, seenMs, tableId }) =>
				trigger !== own && tableId === table.info?.id && !(Date.now() - seenMs > MAX_UNSEEN_MS),
		);
		return [ownDeliveries, ...others.map(({ deliveries }) => deliveries)].map((text) =>
			Deliveries.parse(text),
		);
	}
}
