import { join, resolve } from 'node:path';

export const packageName = 'n8n-nodes-veo3o1';

export const projectRoot = resolve(__dirname, '..');

/** The manifest and lock file of the pinned n8n. */
export const n8nManifestFolder = join(projectRoot, 'harness', 'n8n');

/** Where n8n is installed. `VEO_DEMO_N8N_DIR` lets several clones, or CI runs, share one install. */
export const n8nInstallFolder = process.env.VEO_DEMO_N8N_DIR
	? resolve(process.env.VEO_DEMO_N8N_DIR)
	: n8nManifestFolder;

/** The workflows to import (docs/recipes.md). */
export const templatesFolder = join(projectRoot, 'templates');
