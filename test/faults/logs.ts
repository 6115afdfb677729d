/**
 * Keeps what n8n, the node and the libraries write on the screen; n8n's own log goes to a file, at its most talkative
 * level. `print` is the way past it.
 */
export function captureScreen() {
	// One file, whatever its size: to be searched at the end.
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

/** A key of its own for each run, so that a leak can be told whose it is. */
export const keyFor = (seed: number) => `${PREFIX}${seed.toString(35)}z`;

/** The runs whose keys stand in a text. */
export function seedsOfKeysIn(text: string): number[] {
	const seeds = [...text.matchAll(KEYS)].map(([, digits]) => parseInt(digits ?? '', 35));
	return [...new Set(seeds)];
}
