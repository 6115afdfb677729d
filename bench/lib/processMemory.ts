/** The resident memory of a process, as Linux records it in /proc. NaN on other systems. */
import { readFileSync, writeFileSync } from 'node:fs';

type Process = number | 'self';

/** Resets the peak of a process (`VmHWM`). Returns its resident memory now. */
export function resetPeakMemory(process: Process): number {
	if (!isLinux) return NaN;
	writeFileSync(`/proc/${process}/clear_refs`, '5');
	return residentMemory(process, 'VmRSS');
}

/** In bytes: now (`VmRSS`), or the peak since the last reset (`VmHWM`). */
export function residentMemory(process: Process, field: 'VmRSS' | 'VmHWM'): number {
	if (!isLinux) return NaN;
	const status = readFileSync(`/proc/${process}/status`, 'utf8');
	return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
}

const isLinux = process.platform === 'linux';
