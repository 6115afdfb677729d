/** `npm run bench`: time, requests, CPU and memory of this node, compared with other approaches. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';

import { projectRoot } from '../harness/paths';
import { cpu } from './cpu';
import { memory } from './memory';
import type { Measurement } from './measurement';
import { packageSize } from './packageSize';
import { peers } from './peers';
import { pictureOf } from './plots';
import { markdownOf, pageOf, type Section } from './report';
import { status } from './status';
import { triggerLatency } from './triggerLatency';
import { triggerRows } from './triggerRows';
import { wall } from './wall';

const MEASUREMENTS: Measurement[] = [
	peers,
	packageSize,
	cpu,
	memory,
	status,
	wall,
	triggerLatency,
	triggerRows,
];
const NAMES = MEASUREMENTS.map(({ name }) => name).join(', ');
const PAGE = join('docs', 'benchmarks.md');
const PICTURES = join('docs', 'images');

void new Command('npm run bench --')
	.description(`Runs the measurements, and writes ${PAGE} and its pictures.`)
	.option(
		'--only <names>',
		`run only these measurements and write no file; separated by commas, from: ${NAMES}`,
		toMeasurements,
	)
	.helpOption('--help', 'print this text')
	.showHelpAfterError('See: npm run bench -- --help')
	.action(run)
	.parseAsync();

async function run({ only }: { only?: Measurement[] }): Promise<void> {
	const startedAt = new Date();
	const sections: Section[] = [];
	for (const measurement of only ?? MEASUREMENTS) {
		const figures = await measurement.measure((message) => {
			const time = new Date().toISOString().slice(11, 19);
			console.log(`${time} ${measurement.name}: ${message}`);
		});
		console.log(`\n${figures.map(markdownOf).join('\n')}`);
		// Also with --only, so that a picture that does not fit its table is found early.
		sections.push(...figures.map((table) => ({ figures: table, picture: pictureOf(table) })));
	}
	if (only) return;
	// It names the commit, and says whether files differ from it: so the pictures are written later.
	const page = pageOf(sections, startedAt, new Date());
	for (const { picture } of sections) {
		for (const [name, svg] of Object.entries(picture?.files ?? {})) {
			await writeFile(join(projectRoot, PICTURES, name), svg);
		}
	}
	await writeFile(join(projectRoot, PAGE), page);
	console.log(`Written: ${PAGE} and its pictures in ${PICTURES}`);
}

function toMeasurements(names: string): Measurement[] {
	return names.split(',').map((name) => {
		const measurement = MEASUREMENTS.find((candidate) => candidate.name === name);
		if (measurement) return measurement;
		throw new InvalidArgumentError(`"${name}" is not one of: ${NAMES}`);
	});
}
