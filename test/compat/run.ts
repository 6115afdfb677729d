/**
 * The n8n versions that people have, each with the packed package and an API of its own: does the node do its work?
 *
 *   npm run test:compat
 *   npm run test:compat -- --only 2.8
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { ensureN8n } from '../../harness/installN8n';
import { objectOr } from '../../harness/json';
import { beforeEnd, main } from '../../harness/cli/main';
import { packPackage } from '../../harness/package';
import { step } from '../../harness/cli/progress';
import { Tables } from '../../harness/jobTables';
import { AFTERWARDS, SIDE_BY_SIDE } from './checks';
import { type Row, tableOf } from './report';
import { type Version, versions } from './versions';

const HELP = `Usage: npm run test:compat -- [options]

Installs n8n ${versions.map(({ name }) => name).join(', ')}, once, and tries the package on each.
An install takes 4 to 8 minutes and 1.8 to 3.1 GB (12 GB in all), a trial one to three minutes. All but
the last go to ~/.cache/n8n-nodes-veo3o1/compat, or to the folder that VEO_COMPAT_N8N_DIR names.

  --only VERSION   those alone whose number begins like this
`;

let running: Tables | undefined;

main(async () => {
	const { values } = parseArgs({
		options: {
			only: { type: 'string', default: '' },
			help: { type: 'boolean', short: 'h' },
		},
	});
	if (values.help) {
		process.stdout.write(HELP);
		return 0;
	}
	const chosen = versions.filter(({ name }) => name.startsWith(values.only));
	if (chosen.length === 0) throw new Error(`--only '${values.only}' is none of the versions.`);

	const folder = await mkdtemp(join(tmpdir(), 'veo-compat-'));
	beforeEnd(async () => await rm(folder, { recursive: true, force: true }));
	process.env.VEO_E2E_PACKAGE = await packPackage(folder);
	beforeEnd(async () => await running?.harness.close());

	const rows: Row[] = [];
	for (const version of chosen) rows.push(await tryOut(version));
	console.log(`\n${tableOf(Object.keys({ ...SIDE_BY_SIDE, ...AFTERWARDS }), rows)}`);
	return rows.every(({ failures }) => failures.length === 0) ? 0 : 1;
});

async function tryOut(version: Version): Promise<Row> {
	const { name, node, other, hasDataTables, n8nEnv } = version;
	const row: Row = { n8n: name, node, cells: new Map(), notes: [], failures: [] };
	/** Gives nothing where it went wrong. */
	const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
		try {
			return await work();
		} catch (error) {
			row.failures.push(`${what}: ${error instanceof Error ? error.stack : String(error)}`);
			return undefined;
		}
	};
	// The driver that was built for the pinned one serves the others.
	const installed = await attempt('installing it', async () => {
		const pinned = await ensureN8n();
		return other ? await ensureN8n(other) : pinned;
	});
	if (!installed) return row;
	const quote = (words: string) => row.notes.push(words);
	await step(`n8n ${name} on Node.js ${node}: about two minutes`, async () => {
		const tables = await attempt('starting it', async () => await Tables.start(n8nEnv, installed));
		if (!tables) return;
		running = tables;
		await attempt('its version', async () => {
			const settings = objectOr(await tables.harness.client.rest('GET', '/settings'));
			assert.deepEqual([settings.versionCli, settings.nodeJsVersion], [name, node]);
		});
		for (const checks of [SIDE_BY_SIDE, AFTERWARDS]) {
			const all = Object.entries(checks).map(async ([column, check]) => {
				const cell = await attempt(
					column,
					async () => await check({ tables, hasDataTables, quote }),
				);
				if (cell !== undefined) row.cells.set(column, cell);
			});
			await Promise.all(all);
		}
		running = undefined;
		await tables.harness.close();
	});
	return row;
}
