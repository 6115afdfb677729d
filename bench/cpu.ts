import { join } from 'node:path';

import { startEmulator, type Emulator } from '../emulator';
import type { Reading } from './lib/child';
import { fixed, median, noTarget, seconds, target } from './lib/numbers';
import { measureInRounds } from './lib/rounds';
import type { Figures, Log, Measurement } from './measurement';

/** The node's default for Max Concurrent Jobs. */
export const CONCURRENT = 10;

const JOBS = 200;
const ROUNDS = 5;
const MAX_RATIO_TO_HELPER = 1.1;

const ITEMS = [100, 1_000, 10_000];
const ITEM_ROUNDS = 3;
const MAX_RATIO_TO_TENTH = 11;

const script = join(__dirname, 'cpu.child.ts');
const times = (value: number) => `${fixed(value, 2)} x`;

/** The node's own CPU time, compared with n8n's HTTP helper and for growing numbers of items. */
export const cpu: Measurement = {
	name: 'cpu',
	measure: async (log) => {
		const emulator = await startEmulator({ durationMs: 0 });
		try {
			return [await costOfJob(emulator, log), await costOfManyItems(emulator, log)];
		} finally {
			await emulator.close();
		}
	},
};

async function costOfJob(emulator: Emulator, log: Log): Promise<Figures> {
	const names = ['undici', 'helper', 'helperAndForm', 'twoNodes', 'generateAndWait'];
	const tasks = names.map((name) => ({ name, count: JOBS, bytes: 0 }));
	const settings = {
		script,
		emulator,
		tasks,
		warmUp: { count: 5 * JOBS, bytes: 0 },
		rounds: ROUNDS,
		log,
	};
	const readings = await measureInRounds(settings);
	const [undici = [], helper = [], helperAndForm = [], twoNodes = [], generateAndWait = []] =
		readings;
	const perJobMsOf = (own: Reading[]) => median(own.map(({ cpuMs }) => cpuMs / JOBS));
	const row = (label: string, own: Reading[]) => {
		const perJobMs = perJobMsOf(own);
		const compared = medianRatio(own, helperAndForm, ({ cpuMs }) => cpuMs);
		const targets = own === twoNodes ? target(MAX_RATIO_TO_HELPER, compared, times) : noTarget;
		return [label, `${fixed(perJobMs, 2)} ms`, times(compared), ...targets];
	};
	return {
		title: 'CPU time per job',
		columns: ['', 'CPU per job', "ratio to n8n's helper", 'target', ''],
		rows: [
			row('lower bound: bare undici client', undici),
			row("n8n's HTTP helper, requests only", helper),
			row("n8n's HTTP helper, prompt read from the form", helperAndForm),
			row('this node, Generate and Get Status', twoNodes),
			row('this node, Generate and Wait', generateAndWait),
		],
		takeaway: `The node itself costs little: the two requests of a video take ${fixed(perJobMsOf(twoNodes), 1)} ms of CPU time, ${fixed(perJobMsOf(helperAndForm), 1)} ms of which are n8n's HTTP helper and form. Files are streamed, not held.`,
		notes: [
			`${JOBS} jobs that are completed at once, ${CONCURRENT} at a time, two requests each. The helper sends the same two requests in a node that does nothing else. Reading the prompt from the form is n8n's evaluation of an expression, which every node needs.`,
			'Generate and Wait begins with 10 status checks a second, so that it is idle most of the time. A process that is idle in between needs more CPU time for the same requests.',
			'Beside the requests, Generate and Get Status read two forms, record the videos in node memory, and search each answer for the key.',
			`In n8n-core. Each line has its own process. Medians of ${ROUNDS} rounds. User and system time of all threads.`,
		],
	};
}

async function costOfManyItems(emulator: Emulator, log: Log): Promise<Figures> {
	const tasks = ITEMS.map((count) => ({ name: 'generate', count, bytes: 0 }));
	const settings = {
		script,
		emulator,
		tasks,
		warmUp: { count: 1_000, bytes: 0 },
		rounds: ITEM_ROUNDS,
		log,
	};
	const readings = await measureInRounds(settings);
	const rows = ITEMS.map((count, index) => {
		const own = readings[index] ?? [];
		const smaller = readings[index - 1];
		const ratio = smaller && medianRatio(own, smaller, ({ wallMs }) => wallMs);
		return [
			fixed(count, 0),
			seconds(median(own.map(({ wallMs }) => wallMs))),
			seconds(median(own.map(({ cpuMs }) => cpuMs))),
			...(ratio === undefined
				? ['', ...noTarget]
				: [times(ratio), ...target(MAX_RATIO_TO_TENTH, ratio, times)]),
		];
	});
	return {
		title: 'Generate with many items',
		columns: ['items', 'time', 'CPU time', 'ratio to a tenth of the items', 'target', ''],
		rows,
		notes: [`Medians of ${ITEM_ROUNDS} rounds.`],
	};
}

/** The median of the ratios of each round. */
function medianRatio(
	readings: Reading[],
	base: Reading[],
	figure: (reading: Reading) => number,
): number {
	return median(
		readings.flatMap((reading, index) => {
			const other = base[index];
			return other ? [figure(reading) / figure(other)] : [];
		}),
	);
}
