/** Loaded into n8n: frees unused memory on SIGUSR2, so that the growth of a download does not depend on earlier work. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
process.on('SIGUSR2', () => collect());
