/**
 * What this node costs in time, requests, CPU and memory, beside other ways of doing the same.
 *
 *   npm run bench
 *   npm run bench -- --only package,cpu
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { main } from '../harness/cli/main';
import { projectRoot } from '../harness/paths';
import { cpu } from './cpu';
import { memory } from './memory';
import type { Figures, Measurement } from './measurement';
import { packageSize } from './packageSize';
import { markdownOf, pageOf } from './report';
import { status } from './status';
import { triggerLatency } from './triggerLatency';
import { triggerRows } from './triggerRows';
import { wall } from './wall';

const MEASUREMENTS: Measurement[] = [
	packageSize,
	cpu,
	memory,
	status,
	wall,
	triggerLatency,
	triggerRows,
];

const HELP = `Usage: npm run bench -- [options]

  --only NAMES  only these measurements, parted by commas, and nothing is written: ${MEASUREMENTS.map(({ name }) => name).join(', ')}
`;

main(async () => {
	const { values } = parseArgs({
		options: { only: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
	});
	if (values.help) {
		process.stdout.write(HELP);
		return 0;
	}
	const chosen = values.only === undefined ? MEASUREMENTS : values.only.split(',').map(named);
	const startedAt = new Date();
	const results: Figures[] = [];
	for (const measurement of chosen) {
		const figures = await measurement.measure((words) => {
			console.log(`${clock()} ${measurement.name}: ${words}`);
		});
		console.log(`\n${figures.map(markdownOf).join('\n')}`);
		results.push(...figures);
	}
	if (values.only === undefined) {
		const file = join('docs', 'benchmarks.md');
		await writeFile(join(projectRoot, file), pageOf(results, startedAt, new Date()));
		console.log(`Written: ${file}`);
	}
	return 0;
});

function clock(): string {
	return new Date().toISOString().slice(11, 19);
}

function named(name: string): Measurement {
	const measurement = MEASUREMENTS.find((one) => one.name === name);
	if (measurement) return measurement;
	throw new Error(
		`--only takes names out of ${MEASUREMENTS.map(({ name }) => name).join(', ')}, not '${name}'`,
	);
}
