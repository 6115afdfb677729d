import type { ChildProcess } from 'node:child_process';
import { appendFile, mkdir, open, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { isRunning, killGroup, spawnGroup } from './processes';

interface CommandOptions {
	cwd: string;
	/** Gets everything that the command prints. */
	logFile: string;
	env?: NodeJS.ProcessEnv;
}

export class CommandFailed extends Error {
	constructor(
		readonly command: string,
		readonly exitCode: number | null,
		readonly output: string,
		readonly logFile: string,
	) {
		super(`"${command}" ended with exit code ${exitCode}. The end of its output:\n${output}`);
	}
}

/** Runs a command to its end, with its output in a file. */
export async function run(command: string, args: string[], options: CommandOptions): Promise<void> {
	const words = [command, ...args].join(' ');
	await mkdir(dirname(options.logFile), { recursive: true });
	await appendFile(options.logFile, `\n$ ${words}\n`);
	const output = await logFromHere(options.logFile);
	const log = await open(options.logFile, 'a');
	try {
		const child = spawnGroup(command, args, {
			cwd: options.cwd,
			env: options.env ?? process.env,
			stdio: ['ignore', log.fd, log.fd],
			graceMs: 1_000,
		});
		const exitCode = await new Promise<number | null>((resolve, reject) => {
			child.once('error', reject);
			child.once('exit', resolve);
		});
		if (exitCode !== 0) {
			throw new CommandFailed(words, exitCode, tail(await output()), options.logFile);
		}
	} finally {
		await log.close();
	}
}

interface ServeOptions extends CommandOptions {
	/** What it is called where it does not start. */
	name: string;
	/** The words by which it tells that it is ready. */
	readyLine: string;
	readyTimeoutMs: number;
	/** How long it may take to end when it is asked to. */
	graceMs: number;
	/** Hears of the process at once, before it is ready. */
	onSpawn?: (child: ChildProcess) => Promise<void>;
}

/** Starts a command that goes on until it is ended, with its output in a file, and waits until it is ready. */
export async function serve(
	command: string,
	args: string[],
	options: ServeOptions,
): Promise<ChildProcess> {
	const { name, logFile, readyLine, readyTimeoutMs } = options;
	const newLog = await logFromHere(logFile);
	const log = await open(logFile, 'a');
	let child: ChildProcess;
	try {
		child = spawnGroup(command, args, {
			cwd: options.cwd,
			env: options.env ?? process.env,
			// The pipe closes with this process, however that ends.
			stdio: ['ignore', log.fd, log.fd, 'pipe'],
			graceMs: options.graceMs,
		});
	} finally {
		await log.close();
	}
	try {
		await options.onSpawn?.(child);
		const deadline = Date.now() + readyTimeoutMs;
		while (!(await newLog()).includes(readyLine)) {
			if (!isRunning(child)) {
				throw new Error(`${name} ended while starting (exit code ${child.exitCode}).`);
			}
			if (Date.now() > deadline) {
				throw new Error(`${name} was not ready within ${readyTimeoutMs / 1000} s.`);
			}
			await sleep(100);
		}
		return child;
	} catch (error) {
		await killGroup(child);
		const reason = error instanceof Error ? error.message : String(error);
		throw new Error(`${reason}\nThe end of its log (${logFile}):\n${tail(await newLog())}`);
	}
}

/** Runs npm: the one that started this process, or else the one on the PATH. */
export async function runNpm(args: string[], options: CommandOptions): Promise<void> {
	const env = npmEnvironment();
	const npmScript = process.env.npm_execpath;
	if (npmScript?.endsWith('.js')) {
		await run(process.execPath, [npmScript, ...args], { ...options, env });
	} else {
		await run('npm', args, { ...options, env });
	}
}

// Under `npm start`, npm hands its own project's settings down in variables. They must not reach an npm that works
// in another folder; what the user set (a registry, a proxy) must.
function npmEnvironment(): NodeJS.ProcessEnv {
	const inherited = /^(npm_(package|lifecycle|config_local_prefix)|INIT_CWD)/;
	return Object.fromEntries(Object.entries(process.env).filter(([name]) => !inherited.test(name)));
}

/** Reads what a log file gets from now on. */
async function logFromHere(file: string): Promise<() => Promise<string>> {
	const { size } = await stat(file).catch(() => ({ size: 0 }));
	return async () => (await readFile(file)).subarray(size).toString();
}

/** The last lines of a text. */
function tail(text: string, lines = 30): string {
	return text.trimEnd().split('\n').slice(-lines).join('\n');
}
