/**
 * Mutation testing: changes the code in small ways and runs the tests that reach each change. A mutant that no test
 * notices survives. Prints a table by folder and the survivors; fails below the targets.
 *
 *     npm run test:mutation                      both parts
 *     npm run test:mutation -- unit              one part: unit or builtNode
 *     npm run test:mutation -- unit nodes/Veo/jobs/wait.ts    one part, other files
 */
import { Stryker } from '@stryker-mutator/core';
import { readFileSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { markdownTable } from '../../harness/markdownTable.ts';
import { intended } from './intended.mjs';

const PARTS = {
	// Every mutant, by the unit tests: Stryker runs each test that reaches the mutant.
	unit: {
		target: 90,
		testRunner: 'jest',
		plugins: ['@stryker-mutator/jest-runner'],
		mutate: ['nodes/Veo/{api,jobs,jobTable,errors}/**/*.ts'],
		jest: {
			config: {
				roots: ['<rootDir>/test/unit'],
				setupFiles: ['<rootDir>/test/mutation/sameProperties.cjs'],
			},
		},
		concurrency: 2,
	},
	// A sample, in the built node, by the integration tests: `builtNode.mjs` has the runner and the sample.
	builtNode: {
		target: 80,
		testRunner: 'builtNode',
		checkers: ['sample'],
		plugins: ['./test/mutation/builtNode.mjs'],
		mutate: ['nodes/Veo/{actions,trigger,shared,http}/**/*.ts'],
		buildCommand: 'npm run build',
		// The integration tests mostly wait.
		concurrency: 3,
		timeoutMS: 60_000,
	},
};

const FOUND = new Set(['Killed', 'Timeout']);
const MISSED = new Set(['Survived', 'NoCoverage']);

const [onlyPart, ...files] = process.argv.slice(2);
for (const [name, { target, ...options }] of Object.entries(PARTS)) {
	if (onlyPart && name !== onlyPart) continue;
	const results = await new Stryker({
		...options,
		...(files.length > 0 && { mutate: files }),
		coverageAnalysis: 'perTest',
		ignorePatterns: ['coverage', 'demo/.run', 'demo/videos', 'dist', 'docs/images'],
		tempDirName: 'demo/.run/mutation',
		reporters: process.stdout.isTTY ? ['progress'] : ['progress-append-only'],
		allowConsoleColors: process.stdout.isTTY === true,
		disableTypeChecks: true,
		dryRunTimeoutMinutes: 15,
	}).runMutationTest();
	report(name, target, results);
}

function report(part, target, results) {
	const counted = results.filter(({ status }) => FOUND.has(status) || MISSED.has(status));
	const missed = counted.filter(({ status }) => MISSED.has(status));
	const onPurpose = new Set(missed.filter((mutant) => reasonFor(mutant)));
	const folders = [...new Set(counted.map(folderOf))].sort();
	const row = (title, mutants) => {
		const found = mutants.filter(({ status }) => FOUND.has(status)).length;
		const intendedOnes = mutants.filter((mutant) => onPurpose.has(mutant)).length;
		const share = (100 * found) / Math.max(1, mutants.length - intendedOnes);
		return { share, cells: [title, mutants.length, found, intendedOnes, `${share.toFixed(1)} %`] };
	};
	const all = row('all', counted);
	const rows = folders.map((folder) =>
		row(
			folder,
			counted.filter((mutant) => folderOf(mutant) === folder),
		),
	);
	console.log(`\n### Mutation testing: ${part}\n`);
	console.log(
		markdownTable(
			['folder', 'mutants', 'killed', 'intended survivors', 'killed of the others'],
			[...rows, all].map(({ cells }) => cells.map(String)),
		),
	);
	console.log('Survivors:\n');
	for (const mutant of missed.filter((one) => !onPurpose.has(one))) {
		const { status, mutatorName, replacement } = mutant;
		const note = status === 'NoCoverage' ? ' (no test reaches it)' : '';
		console.log(`- ${placeOf(mutant)} ${mutatorName}${note}: ${oneLine(replacement)}`);
	}
	if (onPurpose.size > 0) console.log('\nIntended survivors:\n');
	for (const mutant of onPurpose) console.log(`- ${placeOf(mutant)}: ${reasonFor(mutant)}`);
	if (all.share < target) {
		console.log(`\n${part}: ${all.share.toFixed(1)} % is below the target of ${target} %.`);
		process.exitCode = 1;
	}
}

function folderOf({ fileName }) {
	const path = relative(process.cwd(), fileName).split(sep);
	return path.slice(2, -1).join('/');
}

function placeOf({ fileName, location }) {
	return `${relative(process.cwd(), fileName)}:${location.start.line}`;
}

function reasonFor(mutant) {
	const code = oneLine(codeOf(mutant));
	const replacement = oneLine(mutant.replacement);
	return intended.find((one) => one.code === code && one.mutant === replacement)?.why;
}

/** What the mutant replaces. */
function codeOf({ fileName, location: { start, end } }) {
	const lines = readFileSync(fileName, 'utf8')
		.split('\n')
		.slice(start.line - 1, end.line);
	lines.push((lines.pop() ?? '').slice(0, end.column - 1));
	lines.unshift((lines.shift() ?? '').slice(start.column - 1));
	return lines.join('\n');
}

function oneLine(code) {
	return code.replace(/\s+/g, ' ').trim();
}
