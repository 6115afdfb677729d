import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

import pinned from '../../harness/n8n/package.json';
import type { OtherN8n } from '../../harness/installN8n';
import { packageName } from '../../harness/paths';

export interface Version {
	name: string;
	node: string;
	/** Whether its public API has Data Tables. */
	hasDataTables: boolean;
	/** How to install it. Absent for the pinned version. */
	other?: OtherN8n;
	/** Settings for this version only. */
	n8nEnv?: Record<string, string>;
}

/** Where the other versions are installed, each in its own folder. */
const installFolder = process.env.VEO_COMPAT_N8N_DIR
	? resolve(process.env.VEO_COMPAT_N8N_DIR)
	: join(homedir(), '.cache', packageName, 'compat');

/** n8n up to 2.20 installs xlsx from another host. This is the same package in the npm registry. */
const overrides = { xlsx: 'npm:@e965/xlsx@0.20.2' };

function other(n8n: string, node: string, hasDataTables: boolean): Version {
	const install = { dependencies: { n8n, node }, overrides, folder: join(installFolder, n8n) };
	return { name: n8n, node, hasDataTables, other: install };
}

/** The last patch of each version, with a Node.js that it supports. The pinned version is the last. */
export const versions: Version[] = [
	// It declares support for Node 20, but needs isolated-vm, which has prebuilt binaries for Node 22 and newer.
	{
		...other('1.123.81', '22.23.3', false),
		// The default of 2.x. Without it, 1.x corrupts data that parallel requests save.
		n8nEnv: { DB_SQLITE_POOL_SIZE: '3' },
	},
	other('2.0.3', '20.20.2', false),
	other('2.8.4', '22.23.3', true),
	other('2.20.12', '22.23.3', true),
	{ name: pinned.dependencies.n8n, node: pinned.dependencies.node, hasDataTables: true },
];
