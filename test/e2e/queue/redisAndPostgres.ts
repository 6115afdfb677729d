import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { run, startServer } from '../../../harness/command';
import { freePort, loopback } from '../../../harness/ports';
import { endGroup } from '../../../harness/processes';

/** Debian's paths. PostgreSQL has a folder for each version. */
const redisServer = '/usr/bin/redis-server';
const redisCli = '/usr/bin/redis-cli';
const postgresVersions = '/usr/lib/postgresql';

const LIMITS = { readyTimeoutMs: 60_000, graceMs: 10_000 };

/** The folder with the programs of the newest PostgreSQL. */
function postgresFolder(): string | undefined {
	if (!existsSync(postgresVersions)) return undefined;
	return readdirSync(postgresVersions)
		.sort((one, other) => Number(other) - Number(one))
		.map((version) => join(postgresVersions, version, 'bin'))
		.find((folder) => existsSync(join(folder, 'initdb')));
}

/** The Debian packages that are needed and not installed. */
export function missingPackages(): string[] {
	const missing: string[] = [];
	if (!existsSync(redisServer) || !existsSync(redisCli)) missing.push('redis-server');
	if (postgresFolder() === undefined) missing.push('postgresql');
	return missing;
}

/** A Redis and an empty PostgreSQL server, in a new folder. */
export class Servers {
	private readonly running: ChildProcess[] = [];
	/** Settings that make n8n use them. */
	readonly n8nEnv: Record<string, string> = {};

	private constructor(private readonly folder: string) {}

	static async start(): Promise<Servers> {
		const servers = new Servers(await mkdtemp(join(tmpdir(), 'veo-queue-')));
		try {
			// The servers' users need access to their folders in it.
			await chmod(servers.folder, 0o711);
			await servers.startRedis();
			await servers.startPostgres();
		} catch (error) {
			await servers.stop();
			throw error;
		}
		return servers;
	}

	/** Stop n8n first. With `VEO_E2E_KEEP` set, the data is kept for inspection. */
	async stop(): Promise<void> {
		await Promise.all(this.running.map(endGroup));
		if (process.env.VEO_E2E_KEEP) console.log(`Kept: ${this.folder}`);
		else await rm(this.folder, { recursive: true, force: true });
	}

	/** Sends a command to Redis. */
	async redis(...command: string[]): Promise<void> {
		const port = String(this.n8nEnv.QUEUE_BULL_REDIS_PORT);
		const options = { cwd: this.folder, logFile: join(this.folder, 'redis-cli.log') };
		await run(redisCli, ['-h', loopback, '-p', port, '-e', ...command], options);
	}

	private async startRedis(): Promise<void> {
		const cwd = await this.folderOf('redis');
		const port = String(await freePort());
		const args = ['--bind', loopback, '--port', port, '--dir', cwd, '--save', ''];
		await this.startAs('redis', cwd, redisServer, args, 'Ready to accept connections');
		Object.assign(this.n8nEnv, {
			EXECUTIONS_MODE: 'queue',
			QUEUE_BULL_REDIS_HOST: loopback,
			QUEUE_BULL_REDIS_PORT: port,
		});
	}

	private async startPostgres(): Promise<void> {
		const bin = postgresFolder();
		if (bin === undefined) throw new Error('PostgreSQL is not installed.');
		const cwd = await this.folderOf('postgres');
		const data = join(cwd, 'data');
		const logFile = join(this.folder, 'initdb.log');
		const init = ['-D', data, '-U', 'n8n', '--auth=trust', '--encoding=UTF8', '--locale=C'];
		await run('setpriv', asUser('postgres', join(bin, 'initdb'), init), { cwd, logFile });
		// A socket in its folder: other users of this machine have no access.
		const args = ['-D', data, '-k', cwd, '-h', '', '-F'];
		const readyLine = 'database system is ready to accept connections';
		await this.startAs('postgres', cwd, join(bin, 'postgres'), args, readyLine);
		Object.assign(this.n8nEnv, {
			DB_TYPE: 'postgresdb',
			DB_POSTGRESDB_HOST: cwd,
			DB_POSTGRESDB_USER: 'n8n',
			DB_POSTGRESDB_DATABASE: 'postgres',
		});
	}

	private async folderOf(user: string): Promise<string> {
		const path = join(this.folder, user);
		const owner = isRoot ? ['--owner', user] : [];
		const options = { cwd: this.folder, logFile: join(this.folder, 'install.log') };
		await run('install', ['-d', '-m', '700', ...owner, path], options);
		return path;
	}

	private async startAs(
		user: string,
		cwd: string,
		command: string,
		args: string[],
		readyLine: string,
	): Promise<void> {
		const logFile = join(this.folder, `${user}.log`);
		const options = { name: command, cwd, logFile, readyLine, ...LIMITS };
		this.running.push(await startServer('setpriv', asUser(user, command, args), options));
	}
}

const isRoot = process.getuid?.() === 0;

/** Arguments of `setpriv`: the command ends with this process, and does not run as root, which PostgreSQL refuses. */
function asUser(user: string, command: string, args: string[]): string[] {
	const identity = isRoot ? [`--reuid=${user}`, `--regid=${user}`, '--init-groups'] : [];
	return ['--pdeathsig=INT', ...identity, '--', command, ...args];
}
