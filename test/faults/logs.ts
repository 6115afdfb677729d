/**
 * Everything that n8n and the node write while this process runs, at the most talkative log level, searched for keys.
 * To be called before n8n is loaded. What is written goes nowhere else; `print` is the way to the screen.
 */
export function captureLogs() {
	process.env.N8N_LOG_LEVEL = 'debug';
	// With the data that goes along with a message, not the message alone.
	process.env.N8N_LOG_FORMAT = 'json';
	const print = process.stdout.write.bind(process.stdout);
	const leaked = new Set<string>();
	let characters = 0;

	const capture = (chunk: Uint8Array | string, ...rest: unknown[]): boolean => {
		const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
		characters += text.length;
		for (const [key] of text.matchAll(KEYS)) leaked.add(key);
		const done = rest.find((one) => typeof one === 'function');
		if (done) queueMicrotask(() => void Reflect.apply(done, undefined, []));
		return true;
	};
	process.stdout.write = capture;
	process.stderr.write = capture;

	return {
		print: (text: string) => void print(text),
		/** Whether a key was ever written. */
		told: (key: string) => leaked.has(key),
		characters: () => characters,
	};
}

const PREFIX = 'veo-faults-key-';
const KEYS = new RegExp(`${PREFIX}[0-9a-z]+`, 'g');

/** A key of its own for each run, so that a leak can be told whose it is. */
export const keyFor = (seed: number) => `${PREFIX}${seed.toString(36)}z`;
