import { rm } from 'node:fs/promises';

import startEndToEnd from '../e2e/globalSetup';
import { chromiumPath, whySkipped } from './chromium';
import { picturesFolder } from './pictures';

export default async function globalSetup(): Promise<void> {
	if (chromiumPath === undefined) {
		console.log(whySkipped);
		return;
	}
	await startEndToEnd();
	await rm(picturesFolder, { recursive: true, force: true });
	console.log(`The pictures go to ${picturesFolder}`);
}
