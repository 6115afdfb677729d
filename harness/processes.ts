import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';

import { pollFor } from './waitFor';

// Each child leads its own process group, so that it can be ended with everything it started (n8n starts task runners,
// npm starts compilers). Windows has no process groups: only the child itself is ended there.
const hasGroups = process.platform !== 'win32';

/** The grace period of each running child, in milliseconds. */
const running = new Map<ChildProcess, number>();

interface SpawnOptions {
	cwd: string;
	env: NodeJS.ProcessEnv;
	stdio: StdioOptions;
	/** How long the child may take to end after SIGTERM, before SIGKILL. */
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
		// The group has ended already.
	}
}

/** Sends SIGTERM to the child and everything it started, and SIGKILL after the grace period. */
export async function endGroup(child: ChildProcess): Promise<void> {
	const timeoutMs = running.get(child) ?? 0;
	signalGroup(child, 'SIGTERM');
	await waitForEnd(child, timeoutMs);
	await killGroup(child);
}

/** Sends SIGKILL to the child and everything it started. */
export async function killGroup(child: ChildProcess): Promise<void> {
	signalGroup(child, 'SIGKILL');
	await waitForEnd(child);
}

export async function endAllProcesses(): Promise<void> {
	await Promise.all([...running.keys()].map(endGroup));
}

export function isRunning(child: ChildProcess): boolean {
	return running.has(child);
}

/** Returns when the child has ended or the timeout is over. */
export async function waitForEnd(child: ChildProcess, timeoutMs = Infinity): Promise<void> {
	await pollFor(() => !isRunning(child) || undefined, { timeoutMs, intervalMs: 20 });
}

// However this process ends, its children end with it.
process.once('exit', () => {
	for (const child of running.keys()) signalGroup(child, 'SIGKILL');
});
