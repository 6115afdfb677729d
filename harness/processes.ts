import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

// Each child leads a process group of its own (n8n starts helpers, npm starts compilers), so that it can be ended
// with everything that it has started. On Windows there are no groups: the child alone is ended.
const hasGroups = process.platform !== 'win32';

/** Each child that runs, with the time that it gets to end by itself. */
const running = new Map<ChildProcess, number>();

interface SpawnOptions {
	cwd: string;
	env: NodeJS.ProcessEnv;
	stdio: StdioOptions;
	/** How long the child may take to end when it is asked to (SIGTERM); after that it is ended. */
	graceMs: number;
}

export function spawnGroup(
	command: string,
	args: string[],
	{ graceMs, ...options }: SpawnOptions,
): ChildProcess {
	const child = spawn(command, args, { ...options, detached: hasGroups });
	running.set(child, graceMs);
	const forget = () => running.delete(child);
	child.once('error', forget);
	child.once('exit', forget);
	return child;
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
	if (child.pid === undefined) return;
	try {
		process.kill(hasGroups ? -child.pid : child.pid, signal);
	} catch {
		// None of them is left.
	}
}

/** Asks the child to end, and when its time is up ends it, with all that it started. */
export async function endGroup(child: ChildProcess): Promise<void> {
	const deadline = Date.now() + (running.get(child) ?? 0);
	signalGroup(child, 'SIGTERM');
	while (isRunning(child) && Date.now() < deadline) await sleep(50);
	await killGroup(child);
}

/** Ends the child at once, in the middle of whatever it does, with all that it started. */
export async function killGroup(child: ChildProcess): Promise<void> {
	signalGroup(child, 'SIGKILL');
	while (isRunning(child)) await sleep(20);
}

export async function endAllGroups(): Promise<void> {
	await Promise.all([...running.keys()].map(endGroup));
}

export function isRunning(child: ChildProcess): boolean {
	return running.has(child);
}

// The last resort: whatever ends this process, nothing that it started outlives it.
process.once('exit', () => {
	for (const child of running.keys()) signalGroup(child, 'SIGKILL');
});
