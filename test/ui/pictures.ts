import { join } from 'node:path';

import { projectRoot, runFolder } from '../../harness/paths';

/** Where each run leaves its pictures. */
export const picturesFolder = join(runFolder, 'ui-pictures');

/** Those that the README and docs/ show. `npm run screenshots` takes them there. */
const SHOWN_IN_DOCS = ['form', 'result', 'trigger'];

/** The files of a picture. */
export function picturePaths(name: string): string[] {
	const file = `${name}.png`;
	const renewed = process.env.VEO_UI_RENEW !== undefined && SHOWN_IN_DOCS.includes(name);
	return [
		join(picturesFolder, file),
		...(renewed ? [join(projectRoot, 'docs', 'images', file)] : []),
	];
}
