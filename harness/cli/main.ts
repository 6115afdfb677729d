import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { endAllProcesses } from '../processes';
import { silenceProgress } from './progress';

type Closer = () => Promise<void>;

const FORCE_AFTER_MS = 1000;
const INTERRUPTED = 130;

const closers: Closer[] = [];
let isEnding = false;

/** Registers work to do before the process ends. The last one registered runs first. */
export function beforeEnd(close: Closer): void {
	closers.unshift(close);
}

/** A new folder, which is deleted before the process ends. */
export async function temporaryFolder(): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), 'veo-'));
	beforeEnd(async () => await rm(folder, { recursive: true, force: true }));
	return folder;
}

/**
 * Runs a script and exits with the code that `work` returns, or with 1 after printing what it threw. A signal stops
 * everything that was started and exits with 130, or with 0 once `work` has called `staysOpen`.
 */
export function main(work: (staysOpen: () => void) => Promise<number>): void {
	let interruptedCode = INTERRUPTED;
	let interruptedAt: number | undefined;

	const interrupt = () => {
		// One Ctrl-C can arrive twice: from the terminal and from npm. Only a later one forces the exit.
		if (interruptedAt !== undefined) {
			if (Date.now() - interruptedAt > FORCE_AFTER_MS) process.exit(INTERRUPTED);
			return;
		}
		interruptedAt = Date.now();
		silenceProgress();
		console.log('\nStopping. Press Ctrl-C again to stop at once.');
		void end(interruptedCode);
	};
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, interrupt);
	// When npm itself is killed, this process gets no signal, only another parent.
	const parent = process.ppid;
	setInterval(() => {
		if (process.ppid !== parent) interrupt();
	}, 1000).unref();

	work(() => (interruptedCode = 0)).then(end, (error: unknown) => {
		if (isEnding) return;
		console.error(`\n${error instanceof Error ? error.message : String(error)}`);
		void end(1);
	});
}

async function end(exitCode: number): Promise<void> {
	if (isEnding) return;
	isEnding = true;
	for (const close of closers) await close().catch(() => undefined);
	await endAllProcesses();
	process.exit(exitCode);
}
