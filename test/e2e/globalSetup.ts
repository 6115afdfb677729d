import { join } from 'node:path';

import { runFolder } from '../../demo/paths';
import { ensureN8n } from '../../harness/installN8n';
import { packForHarness } from '../../harness/package';

/** Installs n8n if needed, and packs the built package as npm would publish it. */
export default async function globalSetup(): Promise<void> {
	await ensureN8n();
	await packForHarness(join(runFolder, 'e2e-package'));
}
