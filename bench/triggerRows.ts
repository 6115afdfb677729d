import { setTimeout as sleep } from 'node:timers/promises';

import type { EmulatorOptions } from '../emulator';
import { type Round, WatchedTable } from '../harness/watchedTable';
import type { Tables } from '../harness/jobTables';
import { CpuLog } from './lib/cpuLog';
import { fixed, median } from './lib/numbers';
import { withTables } from './lib/tables';
import type { Figures, Measurement } from './measurement';

/** How long each trigger runs. */
const MEASURED_MS = 45_000;
/** Longer than between two samples of the CPU time. */
const SAMPLE_MS = 1_500;

interface Setting {
	pending: number;
	finished: number;
	estimates: EmulatorOptions['estimates'];
}

const SETTINGS: Setting[] = [
	{ pending: 100, finished: 0, estimates: 'none' },
	{ pending: 100, finished: 0, estimates: 'random' },
	{ pending: 1_000, finished: 0, estimates: 'none' },
	{ pending: 10_000, finished: 0, estimates: 'none' },
	{ pending: 100, finished: 10_000, estimates: 'none' },
];

/** What a round of the trigger costs, by the number of rows in the job table. */
export const triggerRows: Measurement = {
	name: 'trigger-rows',
	measure: async (log) => {
		log('starting n8n');
		return await withTables(async (tables) => {
			const rows: string[][] = [];
			for (const [index, setting] of SETTINGS.entries()) {
				log(`${labelOf(setting)} (${index + 1} of ${SETTINGS.length})`);
				rows.push(await measure(tables, setting));
			}
			return [
				{
					title: 'A round of the Veo Trigger with many rows',
					columns: [
						'rows of the job table',
						'checks a second',
						'requests to n8n, first round',
						'requests to n8n, later rounds',
						"n8n's CPU time",
					],
					rows,
					notes: [
						`In a real n8n, in ${MEASURED_MS / 1000} seconds after publishing, with the default Poll Interval. "All with new progress" means that the API reported a different progress at each check. The CPU time is that of n8n's whole process per second.`,
					],
				} satisfies Figures,
			];
		});
	},
};

/** Measures a trigger on its own table, which is deleted afterwards. */
async function measure(tables: Tables, setting: Setting): Promise<string[]> {
	const { client, emulator, n8n } = tables.harness;
	emulator.reset({ estimates: setting.estimates });
	const watched = await WatchedTable.create(tables, 'rows');
	await watched.insert(rowsOf(watched, setting));
	const pid = n8n.pid();
	if (pid === undefined) throw new Error('n8n is not running');
	const cpu = new CpuLog(pid);
	const saved = await tables.watch({ jobTableName: watched.name }, watched.credentials);
	await sleep(SAMPLE_MS);
	const startedMs = Date.now();
	await sleep(MEASURED_MS);
	const endedMs = Date.now();
	await sleep(SAMPLE_MS);
	await client.deactivateWorkflow(saved.id);
	cpu.end();
	const rounds = watched.rounds();
	const checks = watched.checks().length;
	await watched.close();
	const requestsOf = (some: Round[]) =>
		fixed(median(some.map(({ requests }) => requests.length)), 0);
	return [
		labelOf(setting),
		fixed((checks * 1000) / MEASURED_MS, 1),
		requestsOf(rounds.slice(0, 1)),
		requestsOf(rounds.slice(1)),
		`${fixed((cpu.between(startedMs, endedMs) * 1000) / (endedMs - startedMs), 0)} ms`,
	];
}

function rowsOf(watched: WatchedTable, { pending, finished }: Setting) {
	const longAgo = new Date(Date.now() - 24 * 60 * 60_000).toISOString();
	const row = () => ({
		uuid: watched.accept().uuid,
		status: 'processing',
		progress: 0,
		prompt: 'A fox in the snow, seen from above, while the sun goes down behind the hills',
		submittedAt: new Date().toISOString(),
		checkedAt: longAgo,
	});
	return [
		...Array.from({ length: pending }, row),
		...Array.from({ length: finished }, () => ({
			...row(),
			status: 'completed',
			finishedAt: longAgo,
		})),
	];
}

function labelOf({ pending, finished, estimates }: Setting): string {
	const progress = estimates === 'random' ? ', all with new progress' : '';
	const more = finished > 0 ? `, ${fixed(finished, 0)} finished long ago` : '';
	return `${fixed(pending, 0)} pending${progress}${more}`;
}
