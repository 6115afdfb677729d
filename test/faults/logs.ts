/**
 * Captures stdout and stderr, to search them for keys. `print` writes to the real stdout. n8n's own log goes to a file, at
 * debug level.
 */
export function captureOutput() {
	// In megabytes: n8n must not rotate the file, which is searched at the end.
	process.env.N8N_LOG_FILE_SIZE_MAX = '4000';
	const print = process.stdout.write.bind(process.stdout);
	const written: string[] = [];

	const capture = (chunk: Uint8Array | string, ...rest: unknown[]): boolean => {
		written.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'));
		const done = rest.find((one) => typeof one === 'function');
		if (done) queueMicrotask(() => void Reflect.apply(done, undefined, []));
		return true;
	};
	process.stdout.write = capture;
	process.stderr.write = capture;

	return { print: (text: string) => void print(text), written: () => written.join('') };
}

const PREFIX = 'veo-faults-key-';
const KEYS = new RegExp(`${PREFIX}([0-9a-y]+)z`, 'g');

/** A unique key for each run, so that a leak can be assigned to its run. */
export const keyFor = (seed: number) => `${PREFIX}${seed.toString(35)}z`;

/** The seeds of the runs whose keys are in the text. */
export function seedsOfKeysIn(text: string): number[] {
	const seeds = [...text.matchAll(KEYS)].map(([, digits]) => parseInt(digits ?? '', 35));
	return [...new Set(seeds)];
}
