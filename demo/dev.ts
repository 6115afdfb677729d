/* `npm run dev`: n8n with this package. Each change is built and loaded by the running n8n. */
import { watch } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';

import { main } from '../harness/cli/main';
import { createCommand } from '../harness/cli/options';
import { step } from '../harness/cli/progress';
import { packageFolder } from '../harness/package';
import { projectRoot } from '../harness/paths';
import { buildPackage } from './build';
import { accessText, openDemo } from './demo';

const SOURCES = ['nodes', 'credentials'];
/** An editor writes several files at once. */
const DEBOUNCE_MS = 300;

createCommand(
	'npm run dev',
	'Opens n8n with this package and reloads the package after each change.',
).parse();

main(async (staysOpen) => {
	// With this setting, n8n watches the folders of its packages and reloads what has changed.
	const demo = await openDemo({ env: { N8N_DEV_RELOAD: 'true' } });
	const installed = join(packageFolder(demo.n8n.userFolder), 'dist');

	onChange(SOURCES, async () => {
		await step('Building', buildPackage);
		await cp(join(projectRoot, 'dist'), installed, { recursive: true });
		console.log('  Loaded. Executions use it at once. Reload the page to see it in the form.');
	});
	console.log(`${accessText(demo)}
Veo API       ${demo.api.description}
Changes in ${SOURCES.join('/ and ')}/ are built and loaded. Press Ctrl-C to stop.
`);
	staysOpen();
	await demo.n8n.ended();
	throw new Error(`n8n has stopped unexpectedly. Its log: ${demo.n8n.logFile}`);
});

/** Calls `work` when the folders have changed, after a short pause, and never twice at the same time. */
function onChange(folders: string[], work: () => Promise<void>): void {
	let queue = Promise.resolve();
	let timer: NodeJS.Timeout | undefined;
	const enqueue = () => {
		queue = queue.then(work).catch((error: unknown) => {
			console.log(error instanceof Error ? error.message : String(error));
		});
	};
	for (const folder of folders) {
		watch(join(projectRoot, folder), { recursive: true }, () => {
			clearTimeout(timer);
			timer = setTimeout(enqueue, DEBOUNCE_MS);
		});
	}
}
