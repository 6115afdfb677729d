import { rm } from 'node:fs/promises';

import endToEndSetup from '../e2e/globalSetup';
import { chromiumPath, skipReason } from './chromium';
import { picturesFolder } from './pictures';

export default async function globalSetup(): Promise<void> {
	if (chromiumPath === undefined) {
		console.log(skipReason);
		return;
	}
	await endToEndSetup();
	await rm(picturesFolder, { recursive: true, force: true });
	console.log(`Screenshots: ${picturesFolder}`);
}
