import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { arrayOr, objectOr } from '../harness/json';
import limits from '../harness/packageLimits.json';
import { projectRoot } from '../harness/paths';

import { fixed, median, noTarget, target } from './lib/numbers';
import type { Figures, Measurement } from './measurement';

const MAX_LOAD_MS = 10;
const REPETITIONS = 21;

const run = promisify(execFile);

const kilobytes = (bytes: number) => `${fixed(bytes / 1000, 1)} kB`;
const ms = (value: number) => `${fixed(value, 1)} ms`;

/** The package's size, and the time that loading it adds to a start of n8n. */
export const packageSize: Measurement = {
	name: 'package',
	measure: async (log) => {
		log('packing');
		const { packed, unpacked, files } = await pack();
		log(`loading, ${REPETITIONS} times`);
		const loads: Load[] = [];
		for (let i = 0; i < REPETITIONS; i++) loads.push(await load());
		const base = median(loads.map(({ workflowMs }) => workflowMs));
		const more = median(loads.map(({ nodesMs }) => nodesMs));
		const figures: Figures = {
			title: 'The package',
			columns: ['', 'figure', 'target', ''],
			rows: [
				['packed', kilobytes(packed), ...target(limits.maxPackedBytes, packed, kilobytes)],
				['unpacked', `${kilobytes(unpacked)} in ${files} files`, ...noTarget],
				['loading n8n-workflow', ms(base), ...noTarget],
				['loading both nodes after that', ms(more), ...target(MAX_LOAD_MS, more, ms)],
			],
			notes: [
				`Packed with \`npm pack\`. Loading: \`require\` and instantiation of the nodes, each time in a new process. Medians of ${REPETITIONS}.`,
			],
		};
		return [figures];
	},
};

async function pack(): Promise<{ packed: number; unpacked: number; files: number }> {
	const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
	const { stdout } = await run('npm', args, { cwd: projectRoot });
	const answer: unknown = JSON.parse(stdout);
	const { size, unpackedSize, files } = objectOr(arrayOr(answer)[0]);
	return { packed: Number(size), unpacked: Number(unpackedSize), files: arrayOr(files).length };
}

interface Load {
	workflowMs: number;
	nodesMs: number;
}

const LOADING = `
	const began = performance.now();
	require('n8n-workflow');
	const between = performance.now();
	const { Veo } = require(process.argv[1] + '/Veo.node.js');
	const { VeoTrigger } = require(process.argv[1] + '/VeoTrigger.node.js');
	new Veo();
	new VeoTrigger();
	const ended = performance.now();
	console.log(JSON.stringify({ workflowMs: between - began, nodesMs: ended - between }));
`;

async function load(): Promise<Load> {
	const nodes = join(projectRoot, 'dist', 'nodes', 'Veo');
	const { stdout } = await run(process.execPath, ['-e', LOADING, nodes], { cwd: projectRoot });
	const { workflowMs, nodesMs } = objectOr(JSON.parse(stdout));
	return { workflowMs: Number(workflowMs), nodesMs: Number(nodesMs) };
}
