import { join, resolve } from 'node:path';

export const packageName = 'n8n-nodes-veo3o1';

export const projectRoot = resolve(__dirname, '..');

/** Holds the manifest and the lock file of the pinned n8n; what they install is not in git. */
export const n8nManifestFolder = join(projectRoot, 'harness', 'n8n');

/** Where n8n is installed. `VEO_DEMO_N8N_DIR` lets several clones, or CI runs, share one install. */
export const n8nInstallFolder = process.env.VEO_DEMO_N8N_DIR
	? resolve(process.env.VEO_DEMO_N8N_DIR)
	: n8nManifestFolder;

/** What the demo keeps between two starts: n8n's user folder (database, files) and logs. */
export const runFolder = join(projectRoot, 'demo', '.run');

export const videosFolder = join(projectRoot, 'demo', 'videos');

/** The workflows to import: docs/recipes.md tells of each. */
export const templatesFolder = join(projectRoot, 'templates');
