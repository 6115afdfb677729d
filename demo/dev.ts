/* `npm run dev`: n8n with this package, which is built anew on each change and loaded by the running n8n. */

import { watch } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';

import { buildPackage } from '../harness/build';
import { openDemo, owner } from './demo';
import { main } from './main';
import { packageFolder } from '../harness/package';
import { projectRoot } from '../harness/paths';
import { step } from '../harness/progress';

const sources = ['nodes', 'credentials'];

main(async (staysOpen) => {
	// With this setting n8n watches its packages' folders, and loads again what has changed there.
	const { n8n, api } = await openDemo({ env: { N8N_DEV_RELOAD: 'true' } });
	const installed = join(packageFolder(n8n.userFolder), 'dist');

	onChange(sources, async () => {
		await step('Building', buildPackage);
		await cp(join(projectRoot, 'dist'), installed, { recursive: true });
		console.log(
			'  It is in n8n: a run uses it at once; the form shows it after a reload of the page.',
		);
	});
	console.log(`
n8n is open:  ${n8n.url}   (${api.words})
e-mail        ${owner.email}
password      ${owner.password}
Change a file in ${sources.join('/ or ')}/ and it is built and loaded. Ctrl-C ends it.
`);
	staysOpen();
	await n8n.ended();
	throw new Error(`n8n has ended by itself. Its log: ${n8n.logFile}`);
});

/** Calls `work` once the folders have been quiet for a moment after a change; never twice at once. */
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
			timer = setTimeout(enqueue, 300);
		});
	}
}
