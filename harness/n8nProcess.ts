import type { ChildProcess } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { startServer } from './command';
import type { InstalledN8n } from './installN8n';
import { freePort, loopback } from './ports';
import { endGroup, killGroup, waitForEnd } from './processes';

const exitWithParent = pathToFileURL(join(__dirname, 'exitWithParent.mjs')).href;

interface N8nOptions {
	installed: InstalledN8n;
	/** Holds the folder `.n8n`: database, encryption key, packages, files. Two n8n processes must not share it. */
	userFolder: string;
	/** The port of the main process, also for a worker. */
	port: number;
	/** Starts a worker (queue mode) instead of the main process. */
	worker?: { concurrency: number };
	/** Added to the settings below, or replacing them. */
	env?: Record<string, string>;
	readyTimeoutMs?: number;
}

export interface RunningN8n {
	/** Without a trailing slash. */
	url: string;
	userFolder: string;
	logFile: string;
	/** The ID of the process that was started last. */
	pid(): number | undefined;
	/** Resolves when the process ends, for any reason. */
	ended(): Promise<void>;
	/** Stops n8n as a service manager does: SIGTERM, later SIGKILL. */
	stop(): Promise<void>;
	/** Ends n8n and its child processes with SIGKILL, like a crash. */
	kill(): Promise<void>;
	/** Starts n8n again on the same folder and port, after `stop` or `kill`. */
	start(): Promise<void>;
}

/** Starts n8n on the loopback address and waits until it is ready. */
export async function startN8n(options: N8nOptions): Promise<RunningN8n> {
	const { installed, userFolder, port, worker } = options;
	const url = `http://${loopback}:${port}`;
	const logFile = join(userFolder, 'n8n.log');
	const command = worker ? ['worker', `--concurrency=${worker.concurrency}`] : ['start'];
	const args = ['--import', exitWithParent, installed.n8nScript, ...command];
	const pidFile = pidFileIn(userFolder);
	let child: ChildProcess | undefined;

	const end = async (endProcess: (child: ChildProcess) => Promise<void>) => {
		if (child === undefined) return;
		await endProcess(child);
		await rm(pidFile, { force: true });
	};

	const start = async () => {
		await mkdir(userFolder, { recursive: true });
		await assertFolderIsFree(userFolder);
		// n8n delays its start by ten seconds if it finds this trace of a crash. Nothing else reads the file.
		await rm(join(userFolder, '.n8n', 'crash.journal'), { force: true });
		const env = { ...cleanEnvironment(), ...(await settings(options, url)), ...options.env };
		child = await startServer(installed.nodeBinary, args, {
			name: worker ? 'The n8n worker' : 'n8n',
			// n8n reads a `.env` file from its working folder.
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
			if (child !== undefined) await waitForEnd(child);
		},
		stop: async () => await end(endGroup),
		kill: async () => await end(killGroup),
		start,
	};
}

/** Throws if an n8n process uses this folder already: two would corrupt its database. */
export async function assertFolderIsFree(userFolder: string): Promise<void> {
	const pid = Number(await readFile(pidFileIn(userFolder), 'utf8').catch(() => ''));
	if (pid === 0 || !isAlive(pid)) return;
	throw new Error(
		`n8n is already running in this folder (process ${pid}). Stop it first. If that process is not n8n, ` +
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

/** The environment without settings that would affect this n8n: those of another n8n, of npm and of jest. */
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
		// A separate port for each n8n, so that several can run at the same time.
		N8N_RUNNERS_BROKER_PORT: String(await freePort()),
		N8N_RUNNERS_BROKER_LISTEN_ADDRESS: loopback,
		N8N_PYTHON_ENABLED: 'false',
		N8N_GRACEFUL_SHUTDOWN_TIMEOUT: '2',
		// No requests to n8n's servers, and no banners.
		N8N_DIAGNOSTICS_ENABLED: 'false',
		N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
		N8N_DYNAMIC_BANNERS_ENABLED: 'false',
		N8N_TEMPLATES_ENABLED: 'false',
		N8N_PERSONALIZATION_ENABLED: 'false',
		N8N_HIRING_BANNER_ENABLED: 'false',
		N8N_LICENSE_AUTO_RENEW_ENABLED: 'false',
	};
}

/** n8n logs this last. Its health check and its first routes answer much earlier. */
const readyLine = 'Editor is now accessible';
const workerReadyLine = 'n8n worker is now ready';
