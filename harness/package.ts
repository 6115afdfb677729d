import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { run, runNpm } from './command';
import { packageName, projectRoot } from './paths';

/** Packs the built package into `folder` with `npm pack`. Returns the path of the file. */
export async function packPackage(folder: string): Promise<string> {
	// npm would pack an unbuilt package without complaint.
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
	if (packed === undefined) throw new Error(`npm pack created no file in ${folder}`);
	return join(folder, packed);
}

/** The environment variable with the path of the packed package. jest passes it to its workers. */
const PACKED_PACKAGE = 'VEO_E2E_PACKAGE';

/** Packs the package once, for each `N8nHarness` that is started afterwards. */
export async function packForHarness(folder: string): Promise<void> {
	process.env[PACKED_PACKAGE] = await packPackage(folder);
}

export function packedPackage(): string {
	const packed = process.env[PACKED_PACKAGE];
	if (packed === undefined)
		throw new Error(`${PACKED_PACKAGE} is not set. Pack the package first.`);
	return packed;
}

/** Unpacks the package to where n8n keeps the community packages that users install. */
export async function installPackage(packed: string, userFolder: string): Promise<void> {
	const folder = packageFolder(userFolder);
	await rm(folder, { recursive: true, force: true });
	await mkdir(folder, { recursive: true });
	// n8n keeps such a manifest of the installed packages.
	const manifest = { name: 'installed-nodes', private: true, dependencies: { [packageName]: '*' } };
	await writeFile(join(nodesFolder(userFolder), 'package.json'), JSON.stringify(manifest, null, 2));
	await run('tar', ['-xzf', packed, '-C', folder, '--strip-components=1'], {
		cwd: folder,
		logFile: join(userFolder, 'install-package.log'),
	});
}

/** The folder of this package once it is installed. */
export function packageFolder(userFolder: string): string {
	return join(nodesFolder(userFolder), 'node_modules', packageName);
}

function nodesFolder(userFolder: string): string {
	return join(userFolder, '.n8n', 'nodes');
}
