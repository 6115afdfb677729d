import type { JsonObject } from './json';
import type { Job } from '../emulator';
import { JOB_COLUMNS } from '../nodes/Veo/jobTable/jobTable';
import { type RecordedCall, RecordingProxy } from './recordingProxy';
import type { Tables } from './jobTables';

/** n8n accepts requests of up to 16 MB. */
const ROWS_PER_REQUEST = 1_000;
const DAY_SECONDS = 24 * 60 * 60;

export interface Round {
	startedAt: number;
	endedAt: number;
	/** The videos whose status was requested from the Veo API. */
	checked: string[];
	/** The requests to n8n's public API. */
	requests: RecordedCall[];
}

/**
 * A job table with many rows, and what its trigger requests in each round. The n8n must have no other active trigger.
 */
export class WatchedTable {
	private constructor(
		private readonly tables: Tables,
		readonly name: string,
		private readonly id: string,
		private readonly proxy: RecordingProxy,
		/** Credentials for the trigger that make its requests to n8n pass through the proxy. */
		readonly credentials: Parameters<Tables['watch']>[1],
	) {}

	static async create(tables: Tables, name: string): Promise<WatchedTable> {
		const { client, n8n } = tables.harness;
		const id = await client.createDataTable(name, JOB_COLUMNS);
		const proxy = await RecordingProxy.start(n8n.url);
		const veoJobTableApi = await tables.credentialFor('veoJobTableApi', {
			baseUrl: `${proxy.url}/api/v1`,
		});
		return new WatchedTable(tables, name, id, proxy, { veoJobTableApi });
	}

	/** Also deletes the table, so that its rows do not slow down later measurements. */
	async close(): Promise<void> {
		await this.proxy.close();
		await this.tables.harness.client.api('DELETE', `/data-tables/${this.id}`);
	}

	/** Adds a job at the API that takes `seconds`, by default longer than any test. */
	accept(seconds = 100 * DAY_SECONDS): Job {
		const prompt = `${seconds} s in ${this.name}`;
		return this.tables.harness.emulator.accept({ generationType: 'text_to_video', prompt });
	}

	async insert(rows: JsonObject[]): Promise<void> {
		for (let from = 0; from < rows.length; from += ROWS_PER_REQUEST) {
			await this.tables.insert(this.name, rows.slice(from, from + ROWS_PER_REQUEST));
		}
	}

	/** The trigger's rounds so far, each from its lookup of the table. The last one may not have ended. */
	rounds(): Round[] {
		const calls = [...this.proxy.calls].sort((a, b) => a.startedAt - b.startedAt);
		const starts = calls
			.filter(({ path }) => path.includes(`{"name":"${this.name}"}`))
			.map(({ startedAt }) => startedAt)
			// The activation looks the table up too, without a round.
			.slice(1);
		const checks = this.checks();
		return starts.map((startedAt, index) => {
			const within = (time: number) => time >= startedAt && time < (starts[index + 1] ?? Infinity);
			const requests = calls.filter((one) => within(one.startedAt));
			return {
				startedAt,
				endedAt: Math.max(...requests.map(({ endedAt }) => endedAt)),
				checked: checks
					.filter(({ receivedAt }) => within(receivedAt))
					.map(({ uuid }) => uuid ?? ''),
				requests,
			};
		});
	}

	/** The status checks that the Veo API received. */
	checks() {
		return this.tables.harness.emulator.requests.filter(({ kind }) => kind === 'status');
	}
}
