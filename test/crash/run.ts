/**
 * Kills a real n8n repeatedly while it submits and watches jobs, then checks whether anything was lost or paid twice.
 *
 *   npm run test:crash -- --rounds 20 --seed 1
 *   npm run test:crash -- --only 123456789
 *   npm run test:crash -- --rounds 20 --binary-data default
 */
import { Option } from 'commander';

import { random } from '../../emulator';
import { beforeEnd, main, temporaryFolder } from '../../harness/cli/main';
import { createCommand, seedOption, wholeNumber } from '../../harness/cli/options';
import { ensureN8n } from '../../harness/installN8n';
import { packForHarness } from '../../harness/package';
import { planRound } from './plan';
import { isClean, lineOf, tableOf } from './report';
import { Round, type RoundResult } from './round';
import { BINARY_DATA, type BinaryData, startWithSlowApi } from './slowApi';

interface Options {
	rounds: number;
	seed: number;
	maxMinutes: number;
	binaryData: BinaryData;
	only?: number;
}

const options = createCommand(
	'npm run test:crash',
	'Kills a real n8n repeatedly while it submits and watches jobs, then checks whether anything was lost or paid twice.',
)
	.option(
		'--rounds <count>',
		'the number of rounds, of two to four minutes each',
		wholeNumber(1),
		1,
	)
	.addOption(seedOption('the same seed gives the same plans'))
	.option('--max-minutes <minutes>', 'start no more rounds after this time', wholeNumber(1), 90)
	.addOption(
		new Option('--binary-data <mode>', 'where n8n keeps the downloaded videos')
			.choices(BINARY_DATA)
			.default('filesystem'),
	)
	.option('--only <seed>', 'a single round, by its printed seed', wholeNumber(0))
	.parse()
	.opts<Options>();

main(async () => {
	const { seed, rounds, only, maxMinutes, binaryData } = options;
	const seeds = only === undefined ? seedsOf(seed, rounds) : [only];
	const deadline = Date.now() + maxMinutes * 60_000;

	await ensureN8n();
	await packForHarness(await temporaryFolder());
	const tables = await startWithSlowApi(binaryData);
	const { harness } = tables;

	let isBroken = false;
	beforeEnd(async () => {
		// Keep n8n's database and log of a failed round for inspection.
		if (isBroken) process.env.VEO_E2E_KEEP = '1';
		await harness.close();
	});

	const results: RoundResult[] = [];
	for (const [index, roundSeed] of seeds.entries()) {
		if (Date.now() > deadline) break;
		const log = (text: string) => console.log(`  ${clock()} ${text}`);
		console.log(`Round ${index + 1} of ${seeds.length}, seed ${roundSeed}`);
		try {
			const result = await new Round(tables, planRound(roundSeed), log).play();
			results.push(result);
			isBroken ||= !isClean(result);
			console.log(lineOf(index + 1, result));
		} catch (error) {
			isBroken = true;
			throw error;
		}
	}
	console.log(`\n${tableOf(only ?? seed, seeds.length, results)}`);
	return isBroken || results.length < seeds.length ? 1 : 0;
});

const clock = () => new Date().toISOString().slice(11, 19);

function seedsOf(seed: number, count: number): number[] {
	const draw = random(seed);
	return Array.from({ length: count }, () => Math.floor(draw() * 2 ** 31));
}
