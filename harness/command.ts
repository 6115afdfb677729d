import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { appendFile, mkdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { isRunning, killGroup, spawnGroup } from './processes';
import { pollFor } from './waitFor';

interface CommandOptions {
	cwd: string;
	/** The command's output is appended to this file. */
	logFile: string;
	env?: NodeJS.ProcessEnv;
}

export class CommandFailed extends Error {
	constructor(
		readonly command: string,
		readonly exitCode: number | null,
		/** The end of it. */
		readonly output: string,
		readonly logFile: string,
	) {
		super(`"${command}" ended with exit code ${exitCode}. The end of its output:\n${output}`);
	}
}

/** Runs a command to its end. Throws `CommandFailed` if its exit code is not 0. */
export async function run(command: string, args: string[], options: CommandOptions): Promise<void> {
	const commandLine = [command, ...args].join(' ');
	await mkdir(dirname(options.logFile), { recursive: true });
	await appendFile(options.logFile, `\n$ ${commandLine}\n`);
	const readOutput = await readFromEnd(options.logFile);
	const child = spawnWithLog(command, args, { ...options, graceMs: 1_000 });
	// `once` rejects if the command could not be started.
	await once(child, 'exit');
	if (child.exitCode !== 0) {
		throw new CommandFailed(
			commandLine,
			child.exitCode,
			lastLines(await readOutput()),
			options.logFile,
		);
	}
}

interface ServerOptions extends CommandOptions {
	/** For messages. */
	name: string;
	/** The server is ready once its log contains this text. */
	readyLine: string;
	readyTimeoutMs: number;
	/** How long it may take to end after SIGTERM, before SIGKILL. */
	graceMs: number;
	/** Called as soon as the process is started, before it is ready. */
	onSpawn?: (child: ChildProcess) => Promise<void>;
}

/** Starts a server and waits until it is ready. Throws with the end of its log if that does not happen. */
export async function startServer(
	command: string,
	args: string[],
	options: ServerOptions,
): Promise<ChildProcess> {
	const { name, logFile, readyLine, readyTimeoutMs } = options;
	const readLog = await readFromEnd(logFile);
	const child = spawnWithLog(command, args, options);
	try {
		await options.onSpawn?.(child);
		const isReady = await pollFor(
			async () => {
				if ((await readLog()).includes(readyLine)) return true;
				return isRunning(child) ? undefined : false;
			},
			{ timeoutMs: readyTimeoutMs, intervalMs: 100 },
		);
		if (isReady) return child;
		throw new Error(
			isReady === false
				? `${name} ended while starting (exit code ${child.exitCode}).`
				: `${name} was not ready within ${readyTimeoutMs / 1000} s.`,
		);
	} catch (error) {
		await killGroup(child);
		const reason = error instanceof Error ? error.message : String(error);
		throw new Error(`${reason}\nThe end of its log (${logFile}):\n${lastLines(await readLog())}`);
	}
}

function spawnWithLog(
	command: string,
	args: string[],
	{ cwd, logFile, env = process.env, graceMs }: CommandOptions & { graceMs: number },
): ChildProcess {
	const log = openSync(logFile, 'a');
	try {
		// The pipe closes when this process ends, for whatever reason. n8n watches it (exitWithParent.mjs).
		return spawnGroup(command, args, { cwd, env, stdio: ['ignore', log, log, 'pipe'], graceMs });
	} finally {
		closeSync(log);
	}
}

/** Runs npm: the one that started this process, otherwise the one on the PATH. */
export async function runNpm(args: string[], options: CommandOptions): Promise<void> {
	const env = npmEnvironment();
	const npmScript = process.env.npm_execpath;
	if (npmScript?.endsWith('.js')) {
		await run(process.execPath, [npmScript, ...args], { ...options, env });
	} else {
		await run('npm', args, { ...options, env });
	}
}

// npm passes settings of this project to its scripts as variables. They must not reach an npm that works in another
// folder. The user's own settings (registry, proxy) must.
export function npmEnvironment(): NodeJS.ProcessEnv {
	const inherited = /^(npm_(package|lifecycle|config_local_prefix)|INIT_CWD)/;
	return Object.fromEntries(Object.entries(process.env).filter(([name]) => !inherited.test(name)));
}

/** Returns a function that reads what has been appended to the file since this call. */
async function readFromEnd(file: string): Promise<() => Promise<string>> {
	const { size } = await stat(file).catch(() => ({ size: 0 }));
	return async () => (await readFile(file)).subarray(size).toString();
}

function lastLines(text: string, count = 30): string {
	return text.trimEnd().split('\n').slice(-count).join('\n');
}
