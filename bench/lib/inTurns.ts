import type { Emulator } from '../../emulator';
import { Child, type Reading, type Task } from './child';

type Load = Pick<Task, 'count' | 'bytes'>;

export interface Turns {
	/** What serves the tasks: a script that calls `serve`. */
	script: string;
	emulator: Emulator;
	tasks: ReadonlyArray<Load & { name: string }>;
	/** What each process does before anything is measured. */
	warmUp: Load;
	rounds: number;
	say: (words: string) => void;
}

/**
 * Measures each task in a process of its own, one after another and then all of them again, so that whatever else the
 * machine does disturbs all alike. Gives the readings of each task, in the order of the tasks.
 */
export async function inTurns(turns: Turns): Promise<Reading[][]> {
	const { script, emulator, tasks, warmUp, rounds, say } = turns;
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
			say(`round ${round} of ${rounds}`);
			for (const { child, name, load, readings } of processes) {
				readings.push(await measure(child, name, load));
			}
		}
		return processes.map(({ readings }) => readings);
	} finally {
		for (const { child } of processes) await child.end();
	}
}
