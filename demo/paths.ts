import { join } from 'node:path';

import { projectRoot } from '../harness/paths';

/** What the demo keeps between two starts: n8n's user folder (database, files) and logs. */
export const runFolder = join(projectRoot, 'demo', '.run');

export const videosFolder = join(projectRoot, 'demo', 'videos');
