import type { Emulator } from '../../emulator';
import type { Log } from '../measurement';
import { Child, type Reading, type Task } from './child';

type Load = Pick<Task, 'count' | 'bytes'>;

export interface RoundsOptions {
	/** Path of the script that runs the tasks: it calls `serve`. */
	script: string;
	emulator: Emulator;
	tasks: ReadonlyArray<Load & { name: string }>;
	/** Load that each process runs before the first round. */
	warmUp: Load;
	rounds: number;
	log: Log;
}

/**
 * Measures each task in its own process. A round runs all tasks one after another, so that other load on the machine
 * affects all tasks alike. Returns the readings of each task, in the order of `tasks`.
 */
export async function measureInRounds(options: RoundsOptions): Promise<Reading[][]> {
	const { script, emulator, tasks, warmUp, rounds, log } = options;
	const processes: Array<{ child: Child; name: string; load: Load; readings: Reading[] }> = [];
	const measure = async (child: Child, name: string, { count, bytes }: Load) => {
		emulator.reset({ videoBytes: bytes });
		return await child.measure({ name, baseUrl: emulator.url, count, bytes });
	};
	try {
		for (const { name, ...load } of tasks) {
			const child = await Child.start(script);
			processes.push({ child, name, load, readings: [] });
			await measure(child, name, warmUp);
		}
		for (let round = 1; round <= rounds; round++) {
			log(`round ${round} of ${rounds}`);
			for (const { child, name, load, readings } of processes) {
				readings.push(await measure(child, name, load));
			}
		}
		return processes.map(({ readings }) => readings);
	} finally {
		for (const { child } of processes) await child.end();
	}
}
