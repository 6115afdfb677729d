import { parseArgs } from 'node:util';
import { defaults, random, startEmulator, type RecordedRequest } from './index';

const help = `The Veo API as a local server, for trying things without a key and without paying.

  npm run emulator -- [options]

  --port <number>        where to listen on 127.0.0.1 (default 3010; 0: any free port)
  --key <text>           the API key that is accepted (default ${defaults.apiKeys[0]})
  --credits <number>     the account's balance (default ${defaults.credits}; a video costs ${defaults.creditsPerVideo})
  --queued <seconds>     how long a job stays pending (default 1)
  --duration <seconds>   how long a video takes, all in all (default 10)
  --fail-rate <0 to 1>   the share of jobs that fail (default 0)
  --rate-limit <number>  requests allowed in a minute (default: no limit)
  --seed <number>        which jobs fail: the same for the same seed (default 1)
  --help                 this text`;

function readOptions() {
	const text = { type: 'string' } as const;
	const { values } = parseArgs({
		options: {
			port: text,
			key: text,
			credits: text,
			queued: text,
			duration: text,
			'fail-rate': text,
			'rate-limit': text,
			seed: text,
			help: { type: 'boolean' },
		},
	});
	const number = (name: Exclude<keyof typeof values, 'help'>, otherwise: number) => {
		const given = values[name];
		const value = given === undefined || given.trim() === '' ? NaN : Number(given);
		if (given === undefined) return otherwise;
		if (value >= 0) return value;
		throw new Error(`--${name} takes a number that is not negative, not "${given}"`);
	};
	const failRate = number('fail-rate', 0);
	const rateLimit = number('rate-limit', 0);
	const seed = number('seed', defaults.seed);
	const draw = random(seed);
	return {
		help: values.help,
		emulator: {
			port: number('port', 3010),
			apiKeys: values.key === undefined ? defaults.apiKeys : [values.key],
			credits: number('credits', defaults.credits),
			queuedMs: number('queued', 1) * 1000,
			durationMs: number('duration', 10) * 1000,
			outcome: () => (draw() < failRate ? ('failed' as const) : ('completed' as const)),
			...(rateLimit > 0 && { rateLimit: { requests: rateLimit, perMs: 60_000 } }),
			seed,
			log: (request: RecordedRequest) => console.log(oneLine(request)),
		},
	};
}

function oneLine({ receivedAt, method, path, answered, uuid, kind }: RecordedRequest): string {
	const time = new Date(receivedAt).toTimeString().slice(0, 8);
	const made = kind === 'generate' && uuid !== undefined ? `  uuid ${uuid}` : '';
	return `${time}  ${answered}  ${method} ${path}${made}`;
}

async function main(): Promise<void> {
	const options = readOptions();
	if (options.help) return console.log(help);
	const emulator = await startEmulator(options.emulator);
	console.log(`The Veo API emulator listens. In n8n, make a credential of the type "Veo API" with

  API Key   ${options.emulator.apiKeys[0]}
  Base URL  ${emulator.url}

Ctrl-C ends it.
`);
	for (const signal of ['SIGINT', 'SIGTERM'] as const) {
		process.on(signal, () => void emulator.close());
	}
}

main().catch((error: unknown) => {
	const message = error instanceof Error ? error.message : String(error);
	const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
	console.error(
		taken
			? 'That port is already in use. End the program that uses it, or choose another with --port.'
			: `${message}\n\nSee: npm run emulator -- --help`,
	);
	process.exitCode = 1;
});
