/**
 * Checks the packed package on each supported n8n version.
 *
 *   npm run test:compat
 *   npm run test:compat -- --only 2.8
 */
import assert from 'node:assert/strict';

import { ensureN8n } from '../../harness/installN8n';
import { objectOr } from '../../harness/json';
import { beforeEnd, main, temporaryFolder } from '../../harness/cli/main';
import { createCommand } from '../../harness/cli/options';
import { packForHarness } from '../../harness/package';
import { step } from '../../harness/cli/progress';
import { Tables } from '../../harness/jobTables';
import { FINAL_CHECKS, PARALLEL_CHECKS } from './checks';
import { type Row, tableOf } from './report';
import { type Version, versions } from './versions';

const { only = '' } = createCommand(
	'npm run test:compat',
	`Installs n8n ${versions.map(({ name }) => name).join(', ')} once, and checks the package on each.

An install takes 4 to 8 minutes and 1.8 to 3.1 GB (12 GB in total), the checks of a version one to three minutes. All versions but the last are installed in ~/.cache/n8n-nodes-veo3o1/compat, or in the folder that VEO_COMPAT_N8N_DIR names.`,
)
	.option('--only <version>', 'only the versions that start with this text')
	.parse()
	.opts<{ only?: string }>();

let running: Tables | undefined;

main(async () => {
	const chosen = versions.filter(({ name }) => name.startsWith(only));
	if (chosen.length === 0) throw new Error(`--only: no version starts with '${only}'.`);

	await packForHarness(await temporaryFolder());
	beforeEnd(async () => await running?.harness.close());

	const rows: Row[] = [];
	for (const version of chosen) rows.push(await checkVersion(version));
	console.log(`\n${tableOf(Object.keys({ ...PARALLEL_CHECKS, ...FINAL_CHECKS }), rows)}`);
	return rows.every(({ failures }) => failures.length === 0) ? 0 : 1;
});

async function checkVersion(version: Version): Promise<Row> {
	const { name, node, other, hasDataTables, n8nEnv } = version;
	const row: Row = { n8n: name, node, cells: new Map(), notes: [], failures: [] };
	/** Returns undefined if `work` failed. */
	const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
		try {
			return await work();
		} catch (error) {
			row.failures.push(`${what}: ${error instanceof Error ? error.stack : String(error)}`);
			return undefined;
		}
	};
	// The other versions reuse the database driver that was built for the pinned one.
	const installed = await attempt('install', async () => {
		const pinned = await ensureN8n();
		return other ? await ensureN8n(other) : pinned;
	});
	if (!installed) return row;
	const quote = (text: string) => row.notes.push(text);
	await step(`Checking n8n ${name} on Node.js ${node}, about two minutes`, async () => {
		const tables = await attempt('start', async () => await Tables.start(n8nEnv, installed));
		if (!tables) return;
		running = tables;
		await attempt('version', async () => {
			const settings = objectOr(await tables.harness.client.rest('GET', '/settings'));
			assert.deepEqual([settings.versionCli, settings.nodeJsVersion], [name, node]);
		});
		for (const checks of [PARALLEL_CHECKS, FINAL_CHECKS]) {
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
