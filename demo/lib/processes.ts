import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

// Each child leads a process group of its own (n8n starts helpers, npm starts compilers), so that it can be ended
// with everything that it has started. On Windows there are no groups: the child alone is ended.
const hasGroups = process.platform !== 'win32';

const running = new Set<ChildProcess>();

interface SpawnOptions {
	cwd: string;
	env: NodeJS.ProcessEnv;
	stdio: StdioOptions;
}

export function spawnGroup(command: string, args: string[], options: SpawnOptions): ChildProcess {
	const child = spawn(command, args, { ...options, detached: hasGroups });
	running.add(child);
	const forget = () => running.delete(child);
	child.once('error', forget);
	child.once('exit', forget);
	return child;
}

/** Sends a signal to the child and to all that it started; false if none of them is left. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): boolean {
	if (child.pid === undefined) return false;
	try {
		process.kill(hasGroups ? -child.pid : child.pid, signal);
		return true;
	} catch {
		return false;
	}
}

/** Asks the child to end, and after `graceMs` ends it, with all that it started. */
export async function endGroup(child: ChildProcess, graceMs: number): Promise<void> {
	signalGroup(child, 'SIGTERM');
	const deadline = Date.now() + graceMs;
	while (isRunning(child) && Date.now() < deadline) await sleep(50);
	signalGroup(child, 'SIGKILL');
	while (isRunning(child)) await sleep(20);
}

export async function endAllGroups(graceMs: number): Promise<void> {
	await Promise.all([...running].map(async (child) => await endGroup(child, graceMs)));
}

export function isRunning(child: ChildProcess): boolean {
	return running.has(child);
}

// The last resort: whatever ends this process, nothing that it started outlives it.
process.once('exit', () => {
	for (const child of running) signalGroup(child, 'SIGKILL');
});
