/**
 * Work in a process of its own, which is measured there: the emulator, the other side of the work and the measuring
 * itself do not count.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { inspect } from 'node:util';

import { objectOr, optionalString, requiredString } from '../../harness/json';
import { projectRoot } from '../../harness/paths';
import { endGroup, spawnGroup } from '../../harness/processes';
import { longestRoundTripMs } from './roundTrips';

/** What is to be done, and against which API. */
export interface Task {
	name: string;
	baseUrl: string;
	/** How often. */
	count: number;
	/** Of each file that goes along. */
	bytes: number;
}

export interface Reading {
	wallMs: number;
	/** Of all threads, user and system. */
	cpuMs: number;
	/** Resident memory at its peak, beyond what it was before. Only Linux tells: elsewhere it is not a number. */
	peakBytes: number;
	/** Of the requests that the work has asked to be watched. */
	roundTripMs: number;
}

/** Makes things ready, and gives what is to be measured. */
export type Work = (task: Task) => Prepared | Promise<Prepared>;
type Prepared = () => Promise<unknown>;

/** A process that runs `script`, which calls `serve`. */
export class Child {
	private constructor(private readonly process: ChildProcess) {}

	static async start(script: string): Promise<Child> {
		const args = ['--expose-gc', '--import', 'tsx', script];
		const child = spawnGroup(process.execPath, args, {
			cwd: projectRoot,
			env: process.env,
			stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
			graceMs: 5_000,
		});
		const started = new Child(child);
		await started.answer();
		return started;
	}

	/** One task at a time. Throws where the work did. */
	async measure(task: Task): Promise<Reading> {
		this.process.send(task);
		const answer = objectOr(await this.answer());
		const wrong = optionalString(answer.wrong);
		if (wrong !== undefined) throw new Error(`"${task.name}" did not come to its end: ${wrong}`);
		// What is not a number goes as null between the two processes.
		const figure = (name: keyof Reading) => Number(answer[name] ?? NaN);
		return {
			wallMs: figure('wallMs'),
			cpuMs: figure('cpuMs'),
			peakBytes: figure('peakBytes'),
			roundTripMs: figure('roundTripMs'),
		};
	}

	async end(): Promise<void> {
		await endGroup(this.process);
	}

	private async answer(): Promise<unknown> {
		const over = new AbortController();
		const { signal } = over;
		const ended = once(this.process, 'exit', { signal }).then(() => {
			throw new Error('The process ended in the middle of its work');
		});
		const told = once(this.process, 'message', { signal }).then(([answer]: unknown[]) => answer);
		return await Promise.race([told, ended]).finally(() => {
			over.abort();
			ended.catch(() => undefined);
		});
	}
}

/** The child's side: does and measures one task after another until it is ended. */
export function serve(works: Record<string, Work>, close: () => void): void {
	const tell = (words: object) => process.send?.(words);
	process.on('message', (message: unknown) => {
		measured(works, message).then(tell, (thrown: unknown) => tell({ wrong: inspect(thrown) }));
	});
	const end = () => {
		close();
		process.exit();
	};
	process.once('SIGTERM', end);
	process.once('disconnect', end);
	tell({ ready: true });
}

async function measured(works: Record<string, Work>, message: unknown): Promise<Reading> {
	const name = requiredString(message, 'name');
	const baseUrl = requiredString(message, 'baseUrl');
	const { count, bytes } = objectOr(message);
	const prepare = works[name];
	if (!prepare) throw new Error('There is no such work');
	const work = await prepare({ name, baseUrl, count: Number(count), bytes: Number(bytes) });

	// What came before is not this one's.
	global.gc?.();
	const memoryBefore = startOfPeak();
	const cpuBefore = process.cpuUsage();
	const startedAt = performance.now();
	await work();
	const wallMs = performance.now() - startedAt;
	const { user, system } = process.cpuUsage(cpuBefore);
	const peakBytes = Math.max(0, residentMemory('VmHWM') - memoryBefore);
	const cpuMs = (user + system) / 1000;
	return { wallMs, cpuMs, peakBytes, roundTripMs: longestRoundTripMs() };
}

/** Resident memory now. From here on Linux notes its peak anew. */
function startOfPeak(): number {
	if (process.platform !== 'linux') return NaN;
	writeFileSync('/proc/self/clear_refs', '5');
	return residentMemory('VmRSS');
}

function residentMemory(field: 'VmRSS' | 'VmHWM'): number {
	if (process.platform !== 'linux') return NaN;
	const status = readFileSync('/proc/self/status', 'utf8');
	return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
}
