/**
 * A real n8n that is killed again and again while it submits and watches jobs, and the books afterwards: was anything
 * lost or paid twice?
 *
 *   npm run test:crash -- --rounds 20 --seed 1
 *   npm run test:crash -- --only 123456789
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { ensureN8n } from '../../harness/installN8n';
import { beforeEnd, main } from '../../harness/cli/main';
import { packPackage } from '../../harness/package';
import { random } from '../../emulator';
import { planRound } from './plan';
import { isClean, lineOf, tableOf } from './report';
import { Round, type RoundResult } from './round';
import { startTables } from './slowApi';

const HELP = `Usage: npm run test:crash -- [options]

  --rounds N       how many rounds, of two to four minutes each (default 1)
  --seed N         the same seed gives the same plans (default: a random one, which is printed)
  --max-minutes N  begin no more rounds after that time (default 90)
  --only SEED      one round alone, by the seed that was printed for it
`;

main(async () => {
	const { values } = parseArgs({
		options: {
			rounds: { type: 'string', default: '1' },
			seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
			'max-minutes': { type: 'string', default: '90' },
			only: { type: 'string' },
			help: { type: 'boolean', short: 'h' },
		},
	});
	if (values.help) {
		process.stdout.write(HELP);
		return 0;
	}
	const seed = whole('seed', values.seed, 0);
	const only = values.only === undefined ? undefined : whole('only', values.only, 0);
	const seeds = only === undefined ? seedsOf(seed, whole('rounds', values.rounds, 1)) : [only];
	const untilMs = Date.now() + whole('max-minutes', values['max-minutes'], 1) * 60_000;

	await ensureN8n();
	const folder = await mkdtemp(join(tmpdir(), 'veo-crash-'));
	beforeEnd(async () => await rm(folder, { recursive: true, force: true }));
	process.env.VEO_E2E_PACKAGE = await packPackage(folder);
	const tables = await startTables();
	const { harness } = tables;

	let isBroken = false;
	beforeEnd(async () => {
		// What went wrong can be looked at in n8n's database and log.
		if (isBroken) process.env.VEO_E2E_KEEP = '1';
		await harness.close();
	});

	const results: RoundResult[] = [];
	for (const [index, roundSeed] of seeds.entries()) {
		if (Date.now() > untilMs) break;
		const say = (words: string) => console.log(`  ${clock()} ${words}`);
		console.log(`Round ${index + 1} of ${seeds.length}, seed ${roundSeed}`);
		try {
			const result = await new Round(tables, planRound(roundSeed), say).play();
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

function whole(name: string, text: string, least: number): number {
	const value = Number(text);
	if (Number.isSafeInteger(value) && value >= least) return value;
	throw new Error(`--${name} takes a whole number from ${least} on, not '${text}'`);
}
