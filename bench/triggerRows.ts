import { waitFor } from '../harness/waitFor';
import type { EmulatorOptions } from '../emulator';
import {
	asksForFinished,
	asksForLongUnchecked,
	asksForNeverChecked,
	type Round,
	WatchedTable,
} from '../harness/watchedTable';
import { FIRST_CHECK_MS, type Tables } from '../harness/jobTables';
import { CpuLog } from './lib/cpuLog';
import { fixed, median } from './lib/numbers';
import { withTables } from './lib/tables';
import type { Figures, Measurement } from './measurement';

/** Measured polls per trigger. */
const POLLS = 3;
/** Several poll times, for a poll every 15 seconds. */
const POLL_TIMES = [0, 15, 30, 45].map((second) => ({
	mode: 'custom',
	cronExpression: `${second} * * * * *`,
}));

interface Setting {
	pending: number;
	/** How many of the pending rows each poll checks. */
	due: number;
	finished: number;
	estimates: EmulatorOptions['estimates'];
}

const usual: Setting = { pending: 10_000, due: 100, finished: 0, estimates: 'honest' };
const SETTINGS: Setting[] = [
	{ ...usual, pending: 100 },
	{ ...usual, pending: 1_000 },
	usual,
	{ ...usual, due: 10 },
	{ ...usual, pending: 100, finished: 10_000 },
	{ ...usual, pending: 100, estimates: 'wild' },
	{ ...usual, estimates: 'wild' },
];

/** The cost of a poll for growing job tables. */
export const triggerRows: Measurement = {
	name: 'trigger-rows',
	measure: async (log) => {
		log('starting n8n');
		return await withTables(async (tables) => {
			const measured: Measured[] = [];
			for (const [index, setting] of SETTINGS.entries()) {
				log(`${labelOf(setting)} (${index + 1} of ${SETTINGS.length})`);
				measured.push(await measure(tables, setting));
			}
			return [costs(measured), answers(measured)];
		});
	},
};

interface Measured {
	setting: Setting;
	polls: Array<Round & { cpuMs: number }>;
}

/** Uses its own table, deleted afterwards. */
async function measure(tables: Tables, setting: Setting): Promise<Measured> {
	const { client, emulator, n8n } = tables.harness;
	emulator.reset({ estimates: setting.estimates });
	const watched = await WatchedTable.create(tables, 'rows');
	await watched.insert(rowsOf(watched, setting));
	const pid = n8n.pid();
	if (pid === undefined) throw new Error('n8n is not running');
	const cpu = new CpuLog(pid);
	const parameters = {
		jobTableName: watched.name,
		pollTimes: { item: POLL_TIMES },
		options: { keepChecking: false },
	};
	const saved = await tables.watch(parameters, watched.credentials);
	// A poll ends before the next one begins.
	const rounds = await waitFor('the polls', POLLS * FIRST_CHECK_MS, async () => {
		const soFar = watched.rounds();
		return await Promise.resolve(soFar.length > POLLS ? soFar.slice(0, POLLS) : undefined);
	});
	await client.deactivateWorkflow(saved.id);
	cpu.end();
	await watched.close();
	const polls = rounds.map((round) => ({
		...round,
		cpuMs: cpu.between(round.startedAt, round.endedAt),
	}));
	return { setting, polls };
}

/** Rows that are due come first. The others have a check time in the future, so that they never become due. */
function rowsOf(watched: WatchedTable, { pending, due, finished }: Setting) {
	const longAgo = new Date(Date.now() - 24 * 60 * 60_000).toISOString();
	const tomorrow = new Date(Date.now() + 24 * 60 * 60_000).toISOString();
	const row = (checkedAt: string) => ({
		uuid: watched.accept().uuid,
		status: 'processing',
		progress: 0,
		prompt: 'A fox in the snow, seen from above, while the sun goes down behind the hills',
		submittedAt: new Date().toISOString(),
		checkedAt,
	});
	return [
		...Array.from({ length: due }, () => row(longAgo)),
		...Array.from({ length: pending - due }, () => row(tomorrow)),
		...Array.from({ length: finished }, () => ({
			...row(longAgo),
			status: 'completed',
			finishedAt: longAgo,
		})),
	];
}

function costs(measured: Measured[]): Figures {
	const cpuOf = ({ polls }: Measured) => median(polls.map(({ cpuMs }) => cpuMs));
	const first = measured.slice(0, 1).map(cpuOf);
	return {
		title: 'Veo Trigger: cost of a poll with many rows',
		columns: [
			'rows of the job table',
			'requests to the Veo API',
			'requests to n8n',
			"n8n's CPU time",
			'ratio to the first line',
		],
		rows: measured.map((one) => [
			labelOf(one.setting),
			fixed(median(one.polls.map(({ checked }) => checked.length)), 0),
			fixed(median(one.polls.map(({ requests }) => requests.length)), 0),
			`${fixed(cpuOf(one), 0)} ms`,
			...first.map((cpuMs) => `${fixed(cpuOf(one) / cpuMs, 2)} x`),
		]),
		notes: [
			`In the real n8n, without Keep Checking, so that a poll is one round. Medians of ${POLLS} polls. "All changed" means that the API reports another progress at each check, so that each row needs its own update. Otherwise one request updates all checked rows.`,
			"n8n's CPU time is that of its whole process. Most of it goes into the requests: n8n is both client and server of those to its own API.",
		],
	};
}

function answers(measured: Measured[]): Figures {
	const took = ({ polls }: Measured, which: (request: Round['requests'][number]) => boolean) => {
		const ms = polls.flatMap(({ requests }) =>
			requests.filter(which).map(({ startedAt, endedAt }) => endedAt - startedAt),
		);
		return `${fixed(median(ms), 0)} ms`;
	};
	return {
		title: "Veo Trigger: n8n's answer times in a poll",
		columns: ['rows of the job table', 'never checked', 'least recently checked', 'finished'],
		rows: measured.map((one) => [
			labelOf(one.setting),
			took(one, asksForNeverChecked),
			took(one, asksForLongUnchecked),
			took(one, asksForFinished),
		]),
		notes: ['Time that n8n took to answer each of the three queries of a poll.'],
	};
}

function labelOf({ pending, due, finished, estimates }: Setting): string {
	const changed = estimates === 'wild' ? ', all changed' : '';
	const old = finished > 0 ? `; ${fixed(finished, 0)} finished long ago` : '';
	return `${fixed(pending, 0)} pending, ${due} due${changed}${old}`;
}
