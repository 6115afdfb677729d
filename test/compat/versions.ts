import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

import pinned from '../../harness/n8n/package.json';
import type { OtherN8n } from '../../harness/installN8n';
import { packageName } from '../../harness/paths';

export interface Version {
	name: string;
	node: string;
	/** Whether Data Tables are in its public API. */
	hasDataTables: boolean;
	/** How to install it; the pinned one is there for `npm start` already. */
	other?: OtherN8n;
	/** Settings for this version alone. */
	n8nEnv?: Record<string, string>;
}

/** Where the versions beside the pinned one are installed, each in a folder of its own. */
const installFolder = process.env.VEO_COMPAT_N8N_DIR
	? resolve(process.env.VEO_COMPAT_N8N_DIR)
	: join(homedir(), '.cache', packageName, 'compat');

/** n8n up to 2.20 names a file on a host of its own for this package; here is the same one in the npm registry. */
const overrides = { xlsx: 'npm:@e965/xlsx@0.20.2' };

function other(n8n: string, node: string, hasDataTables: boolean): Version {
	const install = { dependencies: { n8n, node }, overrides, folder: join(installFolder, n8n) };
	return { name: n8n, node, hasDataTables, other: install };
}

/** The last patch of each, on a Node.js that it supports; the pinned one comes last. */
export const versions: Version[] = [
	// It takes Node 20 by its word, but its expressions need isolated-vm, whose builds begin with Node 22.
	{
		...other('1.123.81', '22.23.3', false),
		// As in 2.x: without it, 1.x spoils what it saves for two requests at once.
		n8nEnv: { DB_SQLITE_POOL_SIZE: '3' },
	},
	other('2.0.3', '20.20.2', false),
	other('2.8.4', '22.23.3', true),
	other('2.20.12', '22.23.3', true),
	{ name: pinned.dependencies.n8n, node: pinned.dependencies.node, hasDataTables: true },
];
