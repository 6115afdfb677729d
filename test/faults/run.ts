/**
 * Runs many executions with random faults in parallel, then checks whether anything was paid twice, lost or leaked.
 *
 *   npm run test:faults -- --runs 500 --seed 1
 *   npm run test:faults -- --only 123456789
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { createCommand, seedOption, wholeNumber } from '../../harness/cli/options';
import { captureOutput, seedsOfKeysIn } from './logs';
import { Report } from './report';
import { calmScenario, createScenario, seedsOf } from './scenario';

interface Options {
	runs: number;
	seed: number;
	parallel: number;
	maxMinutes: number;
	only?: number;
}

const options = createCommand(
	'npm run test:faults',
	'Runs many executions with random faults in parallel, then checks whether anything was paid twice, lost or leaked.',
)
	.option('--runs <count>', 'the number of runs', wholeNumber(1), 500)
	.addOption(seedOption('the same seed gives the same scenarios'))
	.option('--parallel <count>', 'the number of runs at the same time', wholeNumber(1), 40)
	.option('--max-minutes <minutes>', 'start no more runs after this time', wholeNumber(1), 15)
	.option('--only <seed>', 'a single run with details, by its printed seed', wholeNumber(0))
	.parse()
	.opts<Options>();

/** For errors: stderr is captured during the runs. */
const printError = process.stderr.write.bind(process.stderr);
const PROGRESS_MS = 10_000;
/** After Ctrl-C, for the runs in progress. */
const GRACE_MS = 5000;

async function main(): Promise<number> {
	const { runs, seed, parallel, maxMinutes, only } = options;
	const seeds = only === undefined ? seedsOf(seed, runs) : [only];
	const deadline = Date.now() + maxMinutes * 60_000;

	const output = captureOutput();
	// Load n8n after the capture has started, so that its output is captured too.
	const { execute } = await import('./execute');
	const { startN8n } = await import('../../harness/core');
	const { startOtherHost } = await import('./otherHost');
	const n8n = await startN8n();
	const otherHost = await startOtherHost();
	const report = new Report(seed, seeds.length);
	const end = new AbortController();
	process.once('SIGINT', () => end.abort());

	const world = { otherHostReceived: (text: string) => otherHost.received(text) };
	// Without any video, no violation would be possible. So make sure first that videos are made.
	const calm = await execute(calmScenario(), world, end.signal);
	if (calm?.accepted !== 1 || calm.violations.length > 0) {
		throw new Error(`No video was made even without faults: ${JSON.stringify(calm?.seen)}`);
	}

	const queue = seeds.values();
	const worker = async () => {
		for (const runSeed of queue) {
			if (end.signal.aborted || Date.now() > deadline) return;
			const scenario = createScenario(runSeed, otherHost.origin);
			report.started();
			await execute(scenario, world, end.signal).then(
				(result) => report.ended(scenario, result),
				(thrown: unknown) => report.crashed(runSeed, thrown),
			);
		}
	};
	const progress = setInterval(() => output.print(report.progress()), PROGRESS_MS);
	const workers = Promise.all(Array.from({ length: parallel }, worker));
	await Promise.race([workers, aborted(end.signal)]);
	clearInterval(progress);

	const log = output.written() + (await n8n.logged());
	report.leaked(seedsOfKeysIn(log));
	await otherHost.close();
	n8n.close();
	if (only !== undefined) output.print(report.details());
	output.print(report.table(log.length));
	if (end.signal.aborted) return 130;
	return report.isClean() ? 0 : 1;
}

async function aborted(signal: AbortSignal): Promise<void> {
	await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
	await sleep(GRACE_MS);
}

main().then(
	// Runs that did not end in time must not keep the process alive.
	(code) => process.exit(code),
	(thrown: unknown) => {
		printError(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
		process.exit(2);
	},
);
