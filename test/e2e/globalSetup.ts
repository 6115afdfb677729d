import { join } from 'node:path';

import { ensureN8n } from '../../harness/installN8n';
import { packPackage } from '../../harness/package';
import { runFolder } from '../../harness/paths';

/** Once for the whole run: n8n is there, and the built package is packed as npm would publish it. */
export default async function globalSetup(): Promise<void> {
	await ensureN8n();
	process.env.VEO_E2E_PACKAGE = await packPackage(join(runFolder, 'e2e-package'));
}
