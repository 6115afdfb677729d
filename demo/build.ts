import { join } from 'node:path';

import { run } from '../harness/command';
import { projectRoot } from '../harness/paths';
import { runFolder } from './paths';

const gulpScript = join(projectRoot, 'node_modules', 'gulp', 'bin', 'gulp.js');

/** Builds the package, as `npm run build` does. */
export async function buildPackage(): Promise<void> {
	await run(process.execPath, [gulpScript, 'build'], {
		cwd: projectRoot,
		logFile: join(runFolder, 'build.log'),
	});
}
