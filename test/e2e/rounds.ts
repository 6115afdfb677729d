/** A job table of many rows, and what the trigger that watches it asks for in each of its rounds. */
import type { JsonObject } from '../../harness/json';
import type { Job } from '../../emulator';
import { JOB_COLUMNS } from '../../nodes/Veo/jobTable/jobTable';
import { type Passed, PassThrough } from './passThrough';
import type { Tables } from './triggerSupport';

/** n8n takes no more than 16 MB at once. */
const ROWS_AT_ONCE = 1_000;
const A_DAY = 24 * 60 * 60;

export interface Round {
	startedAt: number;
	endedAt: number;
	/** Counted from 1. */
	poll: number;
	/** Of which videos the Veo API was asked. */
	checked: string[];
	/** What was asked of n8n's public API. */
	requests: Passed[];
}

/** The only trigger of an n8n, on a table of its own. */
export class WatchedTable {
	private constructor(
		private readonly tables: Tables,
		readonly name: string,
		private readonly id: string,
		private readonly passThrough: PassThrough,
		/** With which the trigger is to be given its credential, so that its requests are seen. */
		readonly credentials: Parameters<Tables['watch']>[1],
	) {}

	static async create(tables: Tables, name: string): Promise<WatchedTable> {
		const { client, n8n } = tables.harness;
		const id = await client.createDataTable(name, JOB_COLUMNS);
		const passThrough = await PassThrough.to(n8n.url);
		const veoJobTableApi = await tables.credentialFor('veoJobTableApi', {
			baseUrl: `${passThrough.url}/api/v1`,
		});
		return new WatchedTable(tables, name, id, passThrough, { veoJobTableApi });
	}

	/** Its rows are gone as well, so that they cost others nothing. */
	async close(): Promise<void> {
		await this.passThrough.close();
		await this.tables.harness.client.api('DELETE', `/data-tables/${this.id}`);
	}

	/** A job at the API; it is being made for days unless it takes so many `seconds`. */
	accept(seconds = 100 * A_DAY): Job {
		const prompt = `${seconds} s in ${this.name}`;
		return this.tables.harness.emulator.accept({ generationType: 'text_to_video', prompt });
	}

	async insert(rows: JsonObject[]): Promise<void> {
		for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
			await this.tables.insert(this.name, rows.slice(from, from + ROWS_AT_ONCE));
		}
	}

	/** The trigger's rounds so far; the last one may be under way. */
	rounds(): Round[] {
		const passed = [...this.passThrough.passed].sort((a, b) => a.startedAt - b.startedAt);
		const lookups = passed.filter(({ path }) => path.includes(`{"name":"${this.name}"}`));
		const starts = passed.flatMap((request, index) => {
			if (!asksForNeverChecked(request)) return [];
			// A poll looks the table up first.
			const before = passed[index - 1];
			return before && lookups.includes(before) ? [before.startedAt] : [request.startedAt];
		});
		const checks = this.tables.harness.emulator.requests.filter(({ kind }) => kind === 'status');
		return starts.map((startedAt, index) => {
			const within = (time: number) => time >= startedAt && time < (starts[index + 1] ?? Infinity);
			const requests = passed.filter((one) => within(one.startedAt));
			return {
				startedAt,
				endedAt: Math.max(...requests.map(({ endedAt }) => endedAt)),
				// The first one is that of the activation, which makes no round.
				poll: lookups.filter((one) => one.startedAt <= startedAt).length - 1,
				checked: checks
					.filter(({ receivedAt }) => within(receivedAt))
					.map(({ uuid }) => uuid ?? ''),
				requests,
			};
		});
	}
}

/** The two questions for the jobs that are due, and the one for those that are finished. */
export const asksForNeverChecked = ({ path }: Passed) => path.includes(CHECKED + '"eq"');
export const asksForLongUnchecked = ({ path }: Passed) => path.includes(CHECKED + '"neq"');
export const asksForFinished = ({ path }: Passed) => path.includes('sortBy=finishedAt:desc');

const CHECKED = '"columnName":"checkedAt","condition":';
