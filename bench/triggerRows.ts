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

/** How many polls of each trigger are looked at. */
const POLLS = 3;
/** n8n takes several poll times; so nobody has to wait a minute for the next. */
const POLL_TIMES = [0, 15, 30, 45].map((second) => ({
	mode: 'custom',
	cronExpression: `${second} * * * * *`,
}));

interface Setting {
	pending: number;
	/** How many of those are to be checked in each poll. */
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

/** What a poll costs with more and more rows in the job table. */
export const triggerRows: Measurement = {
	name: 'trigger-rows',
	measure: async (say) => {
		say('starting n8n');
		return await withTables(async (tables) => {
			const measured: Measured[] = [];
			for (const [index, setting] of SETTINGS.entries()) {
				say(`${wordsOf(setting)} (${index + 1} of ${SETTINGS.length})`);
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

/** Each in a table of its own that is gone afterwards. */
async function measure(tables: Tables, setting: Setting): Promise<Measured> {
	const { client, emulator, n8n } = tables.harness;
	emulator.reset({ estimates: setting.estimates });
	const watched = await WatchedTable.create(tables, 'rows');
	await watched.insert(rowsOf(watched, setting));
	const pid = n8n.pid();
	if (pid === undefined) throw new Error('n8n does not run');
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

/** Those that are due first; the others were checked later than any clock says. */
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
		title: 'A poll of the Veo Trigger with many rows',
		columns: [
			'rows of the job table',
			'requests to the Veo API',
			'requests to n8n',
			"n8n's CPU time",
			'beside the first line',
		],
		rows: measured.map((one) => [
			wordsOf(one.setting),
			fixed(median(one.polls.map(({ checked }) => checked.length)), 0),
			fixed(median(one.polls.map(({ requests }) => requests.length)), 0),
			`${fixed(cpuOf(one), 0)} ms`,
			...first.map((cpuMs) => `${fixed(cpuOf(one) / cpuMs, 2)} x`),
		]),
		notes: [
			`In the real n8n, without Keep Checking, so that a poll is one round; medians of ${POLLS}. "Of news" means that the API told of another progress at each check, so that each row is written by itself; otherwise those that were checked are written in one request.`,
			"n8n's CPU time is that of its whole process, of which most goes into the requests themselves, at both ends of those to its own API.",
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
		title: "n8n's answers to a poll of the Veo Trigger",
		columns: ['rows of the job table', 'never checked', 'checked longest ago', 'finished'],
		rows: measured.map((one) => [
			wordsOf(one.setting),
			took(one, asksForNeverChecked),
			took(one, asksForLongUnchecked),
			took(one, asksForFinished),
		]),
		notes: ['How long n8n took for each of the three questions of a poll, whatever else it did.'],
	};
}

function wordsOf({ pending, due, finished, estimates }: Setting): string {
	const news = estimates === 'wild' ? ', all of news' : '';
	const more = finished > 0 ? `; ${fixed(finished, 0)} finished long ago` : '';
	return `${fixed(pending, 0)} pending, ${due} due${news}${more}`;
}
