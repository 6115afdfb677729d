/** Runs and measures work in its own process, so that the emulator and the measuring code do not count. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { inspect } from 'node:util';

import { objectOr, optionalString, requiredString } from '../../harness/json';
import { projectRoot } from '../../harness/paths';
import { residentMemory, resetPeakMemory } from './processMemory';
import { maxRoundTripMs } from './roundTrips';

/** What to do, and against which API. */
export interface Task {
	name: string;
	baseUrl: string;
	/** Number of videos or images. */
	count: number;
	/** Size of each file. */
	bytes: number;
}

export interface Reading {
	wallMs: number;
	/** User and system time of all threads. */
	cpuMs: number;
	/** Peak of resident memory above the value before the work. NaN except on Linux. */
	peakBytes: number;
	/** See `watchRoundTrips`. */
	roundTripMs: number;
}

/** Prepares a task and returns the function to measure. */
export type Work = (task: Task) => Prepared | Promise<Prepared>;
type Prepared = () => Promise<unknown>;

/** A process that runs `script`, which calls `serve`. */
export class Child {
	private constructor(private readonly process: ChildProcess) {}

	static async start(script: string): Promise<Child> {
		const child = new Child(
			fork(script, {
				cwd: projectRoot,
				execArgv: ['--expose-gc', '--import', 'tsx'],
				stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
			}),
		);
		await child.nextMessage();
		return child;
	}

	/** Runs one task at a time. Throws if the work threw. */
	async measure(task: Task): Promise<Reading> {
		this.process.send(task);
		const message = objectOr(await this.nextMessage());
		const error = optionalString(message.error);
		if (error !== undefined) throw new Error(`The task "${task.name}" failed: ${error}`);
		// NaN arrives as null from the other process.
		const figure = (name: keyof Reading) => Number(message[name] ?? NaN);
		return {
			wallMs: figure('wallMs'),
			cpuMs: figure('cpuMs'),
			peakBytes: figure('peakBytes'),
			roundTripMs: figure('roundTripMs'),
		};
	}

	async end(): Promise<void> {
		const exited = once(this.process, 'exit');
		this.process.disconnect();
		await exited;
	}

	private async nextMessage(): Promise<unknown> {
		const listening = new AbortController();
		const { signal } = listening;
		const exit = once(this.process, 'exit', { signal }).then(() => {
			throw new Error('The process exited before its task was done');
		});
		const message = once(this.process, 'message', { signal }).then(([first]: unknown[]) => first);
		return await Promise.race([message, exit]).finally(() => {
			listening.abort();
			exit.catch(() => undefined);
		});
	}
}

/** The child's side: runs and measures one task after another until the parent disconnects. */
export function serve(works: Record<string, Work>, close: () => void): void {
	const send = (message: object) => process.send?.(message);
	process.on('message', (message: unknown) => {
		measure(works, message).then(send, (thrown: unknown) => send({ error: inspect(thrown) }));
	});
	// Ctrl-C signals the whole process group. The child exits when the parent does.
	process.on('SIGINT', () => undefined);
	process.once('disconnect', () => {
		close();
		process.exit();
	});
	send({ ready: true });
}

async function measure(works: Record<string, Work>, message: unknown): Promise<Reading> {
	const name = requiredString(message, 'name');
	const baseUrl = requiredString(message, 'baseUrl');
	const { count, bytes } = objectOr(message);
	const prepare = works[name];
	if (!prepare) throw new Error('The script has no such task');
	const work = await prepare({ name, baseUrl, count: Number(count), bytes: Number(bytes) });

	// Free the memory of earlier tasks.
	global.gc?.();
	const memoryBefore = resetPeakMemory('self');
	const cpuBefore = process.cpuUsage();
	const startedAt = performance.now();
	await work();
	const wallMs = performance.now() - startedAt;
	const { user, system } = process.cpuUsage(cpuBefore);
	const peakBytes = Math.max(0, residentMemory('self', 'VmHWM') - memoryBefore);
	const cpuMs = (user + system) / 1000;
	return { wallMs, cpuMs, peakBytes, roundTripMs: maxRoundTripMs() };
}
