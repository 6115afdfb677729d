import { readFileSync } from 'node:fs';

/** Unit of CPU time in /proc. */
const TICK_MS = 10;
const SAMPLE_MS = 50;

/** Samples the CPU time of a process. Linux only. */
export class CpuLog {
	private readonly samples: Array<{ at: number; cpuMs: number }> = [];
	private readonly timer: NodeJS.Timeout;

	constructor(pid: number) {
		const sample = () => this.samples.push({ at: Date.now(), cpuMs: cpuMs(pid) });
		sample();
		this.timer = setInterval(sample, SAMPLE_MS);
	}

	/** User and system time of all threads, in milliseconds. */
	between(startedAt: number, endedAt: number): number {
		const before = this.samples.findLast(({ at }) => at <= startedAt);
		const after = this.samples.find(({ at }) => at >= endedAt);
		if (!before || !after) throw new Error('There are no samples for this period');
		return after.cpuMs - before.cpuMs;
	}

	end(): void {
		clearInterval(this.timer);
	}
}

function cpuMs(pid: number): number {
	const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
	// The second field is the program's name in brackets, which may contain spaces and brackets.
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	const [user, system] = [fields[11], fields[12]].map(Number);
	return ((user ?? NaN) + (system ?? NaN)) * TICK_MS;
}
