import { existsSync } from 'node:fs';

/** Chrome first: a Chromium may have been built without what MP4s need. */
const places = process.env.CHROMIUM_PATH
	? [process.env.CHROMIUM_PATH]
	: ['/usr/bin/google-chrome', '/usr/bin/chromium'];

/** The browser's program; undefined where there is none, which skips the tests. */
export const chromiumPath = places.find((path) => existsSync(path));

export const whySkipped = `Skipped: there is no ${places.join(' or ')}. Install Chromium, or set CHROMIUM_PATH.`;
