import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { packPackage } from '../../harness/package';

/** While `act` runs, each n8n that is started has the packed package. */
export async function withPackage<T>(act: () => Promise<T>): Promise<T> {
	const folder = await mkdtemp(join(tmpdir(), 'veo-bench-'));
	try {
		process.env.VEO_E2E_PACKAGE = await packPackage(folder);
		return await act();
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}
