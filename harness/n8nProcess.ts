import type { ChildProcess } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

import { serve } from './command';
import type { InstalledN8n } from './installN8n';
import { freePort, loopback } from './ports';
import { endGroup, isRunning, killGroup } from './processes';

const leash = pathToFileURL(join(__dirname, 'leash.mjs')).href;

interface N8nOptions {
	installed: InstalledN8n;
	/** Holds the folder `.n8n`: database, key, packages, files. Two n8n must never share one. */
	userFolder: string;
	/** Of the main process, also where this is one of its workers. */
	port: number;
	/** In queue mode: a worker, which runs so many executions at once, instead of the main process. */
	worker?: { concurrency: number };
	/** Settings beside, or instead of, the ones below. */
	env?: Record<string, string>;
	readyTimeoutMs?: number;
}

export interface RunningN8n {
	/** Without a slash at the end. */
	url: string;
	userFolder: string;
	logFile: string;
	/** Process id of the n8n that was started last. */
	pid(): number | undefined;
	/** Resolves when the process ends, for whatever reason. */
	ended(): Promise<void>;
	/** Ends n8n as a service manager does: SIGTERM first. */
	stop(): Promise<void>;
	/** Ends it in the middle of whatever it does (SIGKILL, its helpers too), as a crash would. */
	kill(): Promise<void>;
	/** Starts it again, on the same folder and port, after `stop` or `kill`. */
	start(): Promise<void>;
}

/** Starts n8n on loopback and waits until it really answers. */
export async function startN8n(options: N8nOptions): Promise<RunningN8n> {
	const { installed, userFolder, port, worker } = options;
	const url = `http://${loopback}:${port}`;
	const logFile = join(userFolder, 'n8n.log');
	const command = worker ? ['worker', `--concurrency=${worker.concurrency}`] : ['start'];
	const args = ['--import', leash, installed.n8nScript, ...command];
	const pidFile = pidFileIn(userFolder);
	let child: ChildProcess | undefined;

	const end = async (how: (child: ChildProcess) => Promise<void>) => {
		if (child === undefined) return;
		await how(child);
		await rm(pidFile, { force: true });
	};

	const start = async () => {
		await mkdir(userFolder, { recursive: true });
		await refuseSecond(userFolder);
		// n8n waits ten seconds at its start when it finds this trace of a crash; nothing else reads it.
		await rm(join(userFolder, '.n8n', 'crash.journal'), { force: true });
		const env = { ...cleanEnvironment(), ...(await settings(options, url)), ...options.env };
		child = await serve(installed.nodeBinary, args, {
			name: worker ? 'The n8n worker' : 'n8n',
			// Its own working folder: n8n reads a `.env` file from there.
			cwd: userFolder,
			logFile,
			env,
			readyLine: worker ? workerReadyLine : readyLine,
			readyTimeoutMs: options.readyTimeoutMs ?? 180_000,
			graceMs: 15_000,
			onSpawn: async (started) => {
				child = started;
				await writeFile(pidFile, String(started.pid));
			},
		}).catch(async (error: unknown) => {
			await rm(pidFile, { force: true });
			throw error;
		});
	};

	await start();
	return {
		url,
		userFolder,
		logFile,
		pid: () => child?.pid,
		ended: async () => {
			while (child !== undefined && isRunning(child)) await sleep(200);
		},
		stop: async () => await end(endGroup),
		kill: async () => await end(killGroup),
		start,
	};
}

/** Throws if an n8n runs on this folder: two would spoil its database. */
export async function refuseSecond(userFolder: string): Promise<void> {
	const pid = Number(await readFile(pidFileIn(userFolder), 'utf8').catch(() => ''));
	if (pid === 0 || !isAlive(pid)) return;
	throw new Error(
		`An n8n (process ${pid}) is running in this folder already. End it first; or, if that process is no n8n, ` +
			`delete ${pidFileIn(userFolder)}.`,
	);
}

function pidFileIn(userFolder: string): string {
	return join(userFolder, 'n8n.pid');
}

function isAlive(pid: number): boolean {
	try {
		return process.kill(pid, 0);
	} catch {
		return false;
	}
}

/** The user's own environment, without what would reach into this n8n (settings of another one, of npm or of jest). */
function cleanEnvironment(): NodeJS.ProcessEnv {
	const foreign =
		/^(N8N_|DB_|QUEUE_|EXECUTIONS_|WEBHOOK_|npm_|VEO_|JEST_|NODE_ENV$|NODE_OPTIONS$)/i;
	return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}

async function settings(options: N8nOptions, url: string): Promise<Record<string, string>> {
	return {
		NODE_ENV: 'production',
		N8N_USER_FOLDER: options.userFolder,
		N8N_HOST: loopback,
		N8N_LISTEN_ADDRESS: loopback,
		N8N_PORT: String(options.port),
		N8N_EDITOR_BASE_URL: url,
		WEBHOOK_URL: `${url}/`,
		N8N_SECURE_COOKIE: 'false',
		// A port of its own, so that several n8n can run at once.
		N8N_RUNNERS_BROKER_PORT: String(await freePort()),
		N8N_RUNNERS_BROKER_LISTEN_ADDRESS: loopback,
		N8N_PYTHON_ENABLED: 'false',
		N8N_GRACEFUL_SHUTDOWN_TIMEOUT: '2',
		// Nothing that calls home, and no greetings.
		N8N_DIAGNOSTICS_ENABLED: 'false',
		N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
		N8N_DYNAMIC_BANNERS_ENABLED: 'false',
		N8N_TEMPLATES_ENABLED: 'false',
		N8N_PERSONALIZATION_ENABLED: 'false',
		N8N_HIRING_BANNER_ENABLED: 'false',
		N8N_LICENSE_AUTO_RENEW_ENABLED: 'false',
	};
}

/** The last words of n8n's start; its health check and its first routes answer long before. */
const readyLine = 'Editor is now accessible';
const workerReadyLine = 'n8n worker is now ready';
