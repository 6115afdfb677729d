import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { run, runNpm } from './command';
import { packageName, projectRoot } from './paths';

/** The packed package (`npm pack`), built before, as a file in `folder`. */
export async function packPackage(folder: string): Promise<string> {
	await rm(folder, { recursive: true, force: true });
	await mkdir(folder, { recursive: true });
	await runNpm(['pack', '--pack-destination', folder], {
		cwd: projectRoot,
		logFile: join(folder, 'pack.log'),
	});
	const packed = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
	if (packed === undefined) throw new Error(`npm pack left no file in ${folder}`);
	return join(folder, packed);
}

/** Unpacks the packed package to where n8n keeps the community packages that a user installs. */
export async function installPackage(packed: string, userFolder: string): Promise<void> {
	const folder = await emptyPackageFolder(userFolder);
	await mkdir(folder, { recursive: true });
	await run('tar', ['-xzf', packed, '-C', folder, '--strip-components=1'], {
		cwd: folder,
		logFile: join(userFolder, 'install-package.log'),
	});
}

/** The same place, but a link to the project: what is built shows after a restart of n8n. */
export async function linkPackage(userFolder: string): Promise<void> {
	await symlink(projectRoot, await emptyPackageFolder(userFolder), 'junction');
}

async function emptyPackageFolder(userFolder: string): Promise<string> {
	const nodesFolder = join(userFolder, '.n8n', 'nodes');
	const folder = join(nodesFolder, 'node_modules', packageName);
	await rm(folder, { recursive: true, force: true });
	await mkdir(join(nodesFolder, 'node_modules'), { recursive: true });
	// The manifest that n8n writes itself when a user installs a package.
	const manifest = { name: 'installed-nodes', private: true, dependencies: { [packageName]: '*' } };
	await writeFile(join(nodesFolder, 'package.json'), JSON.stringify(manifest, null, 2));
	return folder;
}
