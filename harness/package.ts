import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { run, runNpm } from './command';
import { packageName, projectRoot } from './paths';

/** The packed package (`npm pack`), built before, as a file in `folder`. */
export async function packPackage(folder: string): Promise<string> {
	// npm packs what there is, and an n8n without the node would say so only much later.
	if (!existsSync(join(projectRoot, 'dist', 'nodes'))) {
		throw new Error('The package is not built. Run: npm run build');
	}
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
	const folder = packageFolder(userFolder);
	await rm(folder, { recursive: true, force: true });
	await mkdir(folder, { recursive: true });
	// The manifest that n8n itself keeps of the packages that a user has installed.
	const manifest = { name: 'installed-nodes', private: true, dependencies: { [packageName]: '*' } };
	await writeFile(join(nodesFolder(userFolder), 'package.json'), JSON.stringify(manifest, null, 2));
	await run('tar', ['-xzf', packed, '-C', folder, '--strip-components=1'], {
		cwd: folder,
		logFile: join(userFolder, 'install-package.log'),
	});
}

/** Where n8n keeps this package once it is installed. */
export function packageFolder(userFolder: string): string {
	return join(nodesFolder(userFolder), 'node_modules', packageName);
}

function nodesFolder(userFolder: string): string {
	return join(userFolder, '.n8n', 'nodes');
}
