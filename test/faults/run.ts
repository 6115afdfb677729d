/**
 * Random faults, many executions at the same time, and the books afterwards: was anything paid twice, lost or told?
 *
 *   npm run test:faults -- --runs 500 --seed 1
 *   npm run test:faults -- --only 123456789
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { captureScreen, seedsOfKeysIn } from './logs';
import { Report } from './report';
import { calmScenario, createScenario, seedsOf } from './scenario';

const HELP = `Usage: npm run test:faults -- [options]

  --runs N         how many runs (default 500)
  --seed N         the same seed gives the same scenarios (default: a random one, which is printed)
  --parallel N     how many runs at the same time (default 40)
  --max-minutes N  begin no more runs after that time (default 15)
  --only SEED      one run alone, by the seed that was printed for it, with its details
`;

/** Past the capturing of the logs. */
const print = process.stderr.write.bind(process.stderr);
/** After Ctrl-C, for what is still under way. */
const GRACE_MS = 5000;

async function main(): Promise<number> {
	const { values } = parseArgs({
		options: {
			runs: { type: 'string', default: '500' },
			seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
			parallel: { type: 'string', default: '40' },
			'max-minutes': { type: 'string', default: '15' },
			only: { type: 'string' },
			help: { type: 'boolean', short: 'h' },
		},
	});
	if (values.help) {
		process.stdout.write(HELP);
		return 0;
	}
	const only = values.only === undefined ? undefined : whole('only', values.only, 0);
	const seed = whole('seed', values.seed, 0);
	const seeds = only === undefined ? seedsOf(seed, whole('runs', values.runs, 1)) : [only];
	const parallel = whole('parallel', values.parallel, 1);
	const untilMs = Date.now() + whole('max-minutes', values['max-minutes'], 1) * 60_000;

	const screen = captureScreen();
	// n8n is loaded only now, so that it writes its logs where they are captured.
	const { execute } = await import('./execute');
	const { startN8n } = await import('../../harness/core');
	const { startOtherHost } = await import('./otherHost');
	const n8n = await startN8n();
	const otherHost = await startOtherHost();
	const report = new Report(seed, seeds.length);
	const end = new AbortController();
	process.once('SIGINT', () => end.abort());

	const world = { otherHostHeard: (text: string) => otherHost.heard(text) };
	// A node that does nothing at all breaks no promise either: here it has to make a video.
	const calm = await execute(calmScenario(), world, end.signal);
	if (calm?.accepted !== 1 || calm.violations.length > 0) {
		throw new Error(`No video could be made even without faults: ${JSON.stringify(calm?.seen)}`);
	}

	const queue = seeds.values();
	const worker = async () => {
		for (const runSeed of queue) {
			if (end.signal.aborted || Date.now() > untilMs) return;
			const scenario = createScenario(runSeed, otherHost.origin);
			report.began();
			await execute(scenario, world, end.signal).then(
				(result) => report.ended(scenario, result),
				(thrown: unknown) => report.broke(runSeed, thrown),
			);
		}
	};
	const progress = setInterval(() => screen.print(report.progress()), 10_000);
	const workers = Promise.all(Array.from({ length: parallel }, worker));
	await Promise.race([workers, ended(end.signal)]);
	clearInterval(progress);

	const log = screen.written() + (await n8n.logged());
	report.leaked(seedsOfKeysIn(log));
	await otherHost.close();
	n8n.close();
	if (only !== undefined) screen.print(report.details());
	screen.print(report.table(log.length));
	if (end.signal.aborted) return 130;
	return report.clean() ? 0 : 1;
}

function whole(name: string, text: string, least: number): number {
	const value = Number(text);
	if (Number.isSafeInteger(value) && value >= least) return value;
	throw new Error(`--${name} takes a whole number from ${least} on, not '${text}'`);
}

async function ended(signal: AbortSignal): Promise<void> {
	await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
	await sleep(GRACE_MS);
}

main().then(
	// What a run left to itself must not keep the process.
	(code) => process.exit(code),
	(thrown: unknown) => {
		print(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
		process.exit(2);
	},
);
