import { join } from 'node:path';

import { runFolder } from '../../demo/paths';
import { projectRoot } from '../../harness/paths';

/** Each run saves its screenshots here. */
export const picturesFolder = join(runFolder, 'ui-pictures');

/** Shown in the README and docs/. `npm run screenshots` updates them. */
const SHOWN_IN_DOCS = ['dashboard', 'form', 'form-page', 'result', 'trigger'];

/** The files that a screenshot is saved to. */
export function picturePaths(name: string): string[] {
	const file = `${name}.png`;
	const renewed = process.env.VEO_UI_RENEW !== undefined && SHOWN_IN_DOCS.includes(name);
	return [
		join(picturesFolder, file),
		...(renewed ? [join(projectRoot, 'docs', 'images', file)] : []),
	];
}
