import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { packPackage } from '../../harness/package';

/** Packs the package. While `act` runs, the e2e harness installs it in each n8n that it starts. */
export async function withPackage<T>(act: () => Promise<T>): Promise<T> {
	const folder = await mkdtemp(join(tmpdir(), 'veo-bench-'));
	try {
		process.env.VEO_E2E_PACKAGE = await packPackage(folder);
		return await act();
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}
