import { join } from 'node:path';

import { startEmulator, type Emulator } from '../emulator';
import type { Reading } from './lib/child';
import { inTurns } from './lib/inTurns';
import { fixed, median, noTarget, seconds, target } from './lib/numbers';
import type { Figures, Measurement } from './measurement';

/** As many jobs at once as the node has by default. */
export const CONCURRENT = 10;

const JOBS = 500;
const ROUNDS = 9;
const MOST_TIMES_HELPER = 1.1;

const ITEMS = [100, 1_000, 10_000];
const STEP_ROUNDS = 3;
const MOST_TIMES_LONGER = 11;

const script = join(__dirname, 'cpu.child.ts');
const times = (value: number) => `${fixed(value, 2)} x`;

/** What the node itself costs: beside n8n's own helper, and with more and more items. */
export const cpu: Measurement = {
	name: 'cpu',
	measure: async (say) => {
		const emulator = await startEmulator({ durationMs: 0 });
		try {
			return [await costOfJob(emulator, say), await costOfManyItems(emulator, say)];
		} finally {
			await emulator.close();
		}
	},
};

async function costOfJob(emulator: Emulator, say: (words: string) => void): Promise<Figures> {
	const names = ['undici', 'helper', 'helperAndForm', 'node'];
	const tasks = names.map((name) => ({ name, count: JOBS, bytes: 0 }));
	const settings = {
		script,
		emulator,
		tasks,
		warmUp: { count: 2 * JOBS, bytes: 0 },
		rounds: ROUNDS,
		say,
	};
	const [undici = [], helper = [], helperAndForm = [], node = []] = await inTurns(settings);
	const row = (words: string, readings: Reading[]) => {
		const perJobMs = median(readings.map(({ cpuMs }) => cpuMs / JOBS));
		const compared = quotient(readings, helperAndForm, ({ cpuMs }) => cpuMs);
		const targets = readings === node ? target(MOST_TIMES_HELPER, compared, times) : noTarget;
		return [words, `${fixed(perJobMs, 2)} ms`, times(compared), ...targets];
	};
	return {
		title: 'CPU time of a job',
		columns: ['', 'CPU per job', "beside n8n's helper", 'target', ''],
		rows: [
			row('floor: a bare undici client', undici),
			row("n8n's HTTP helper, the requests alone", helper),
			row("n8n's HTTP helper, with the prompt read from the form", helperAndForm),
			row('this node', node),
		],
		notes: [
			`Jobs that are finished at once, ${JOBS} of them, ${CONCURRENT} at a time: two requests each. The node does it by Generate and Wait. The helper sends the same two requests in a node that does nothing else; reading the prompt from the form is n8n's evaluation of an expression, which every node pays for.`,
			`n8n-core, each way in a process of its own, measured in turns; medians of ${ROUNDS}. User and system time of all threads.`,
		],
	};
}

async function costOfManyItems(emulator: Emulator, say: (words: string) => void): Promise<Figures> {
	const tasks = ITEMS.map((count) => ({ name: 'generate', count, bytes: 0 }));
	const settings = {
		script,
		emulator,
		tasks,
		warmUp: { count: 1_000, bytes: 0 },
		rounds: STEP_ROUNDS,
		say,
	};
	const readings = await inTurns(settings);
	const rows = ITEMS.map((count, index) => {
		const own = readings[index] ?? [];
		const smaller = readings[index - 1];
		const longer = smaller && quotient(own, smaller, ({ wallMs }) => wallMs);
		return [
			fixed(count, 0),
			seconds(median(own.map(({ wallMs }) => wallMs))),
			seconds(median(own.map(({ cpuMs }) => cpuMs))),
			...(longer === undefined
				? ['', ...noTarget]
				: [times(longer), ...target(MOST_TIMES_LONGER, longer, times)]),
		];
	});
	return {
		title: 'Many items through Generate',
		columns: ['items', 'time', 'CPU time', 'time x a tenth of the items', 'target', ''],
		rows,
		notes: [`Medians of ${STEP_ROUNDS}, in turns.`],
	};
}

/** The median of how one compares with the other in each round. */
function quotient(of: Reading[], by: Reading[], figure: (reading: Reading) => number): number {
	return median(
		of.flatMap((reading, index) => {
			const other = by[index];
			return other ? [figure(reading) / figure(other)] : [];
		}),
	);
}
