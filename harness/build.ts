import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { run } from './command';
import { projectRoot, runFolder } from './paths';

const gulpScript = join(projectRoot, 'node_modules', 'gulp', 'bin', 'gulp.js');

/** Builds the package, as `npm run build` does. */
export async function buildPackage(): Promise<void> {
	await mkdir(runFolder, { recursive: true });
	await run(process.execPath, [gulpScript, 'build'], {
		cwd: projectRoot,
		logFile: join(runFolder, 'build.log'),
	});
}
