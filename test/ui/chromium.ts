import { existsSync } from 'node:fs';

/** Chrome first: some builds of Chromium cannot play MP4 files. */
const candidates = process.env.CHROMIUM_PATH
	? [process.env.CHROMIUM_PATH]
	: ['/usr/bin/google-chrome', '/usr/bin/chromium'];

/** The browser's executable. Without one, the tests are skipped. */
export const chromiumPath = candidates.find((path) => existsSync(path));

export const skipReason = `The UI tests are skipped: ${candidates.join(' and ')} do not exist. Install Chromium, or set CHROMIUM_PATH.`;
