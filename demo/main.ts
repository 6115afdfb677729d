import { endAllGroups } from '../harness/processes';
import { haltProgress } from '../harness/progress';

type Closer = () => Promise<void>;

const closers: Closer[] = [];
let ending = false;

/** Something to close, in words or in order, before the process ends; the last one named is closed first. */
export function beforeEnd(close: Closer): void {
	closers.unshift(close);
}

/**
 * Runs a script of the demo. It ends with the exit code that `work` gives, or with 1 and the words of what went wrong.
 * Ctrl-C, at any moment, ends all that was started: with 130, or with 0 once `work` has called `staysOpen`.
 */
export function main(work: (staysOpen: () => void) => Promise<number>): void {
	let codeWhenInterrupted = 130;
	let interruptedAt: number | undefined;

	const interrupt = () => {
		// One Ctrl-C may come twice: from the terminal and from npm. A later one means "now".
		if (interruptedAt !== undefined && Date.now() - interruptedAt > 1000) process.exit(130);
		if (interruptedAt !== undefined) return;
		interruptedAt = Date.now();
		haltProgress();
		console.log('\nStopping. Once more Ctrl-C does it at once.');
		void end(codeWhenInterrupted);
	};
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, interrupt);
	// Where npm itself is ended, it ends the shell between the two, and tells this process nothing.
	const parent = process.ppid;
	setInterval(() => {
		if (process.ppid !== parent) interrupt();
	}, 1000).unref();

	work(() => (codeWhenInterrupted = 0)).then(end, (error: unknown) => {
		if (ending) return;
		console.error(`\n${error instanceof Error ? error.message : String(error)}`);
		void end(1);
	});
}

async function end(exitCode: number): Promise<void> {
	if (ending) return;
	ending = true;
	for (const close of closers) await close().catch(() => undefined);
	await endAllGroups();
	process.exit(exitCode);
}
