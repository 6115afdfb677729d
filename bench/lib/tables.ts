import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { packPackage } from '../../demo/lib/package';
import { Tables } from '../../test/e2e/triggerSupport';

/** A real n8n with the packed package and Data Tables, for `act`. */
export async function withTables<T>(act: (tables: Tables) => Promise<T>): Promise<T> {
	const folder = await mkdtemp(join(tmpdir(), 'veo-bench-'));
	try {
		process.env.VEO_E2E_PACKAGE = await packPackage(folder);
		const tables = await Tables.start();
		try {
			return await act(tables);
		} finally {
			await tables.harness.close();
		}
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}
