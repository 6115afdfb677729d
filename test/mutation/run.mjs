/**
 * Mutation testing: changes the code in small ways and runs the tests that reach each change. A mutant that no test
 * notices survives. Prints a table by folder and the survivors; fails below the targets.
 *
 *     npm run test:mutation                 both parts
 *     npm run test:mutation -- builtNode    one part
 *     npm run test:mutation -- unit jobs    one folder of the part
 */
import { Stryker } from '@stryker-mutator/core';
import { readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { markdownTable } from '../../harness/cli/markdownTable.ts';
import { intended } from './intended.mjs';
import { testsIn } from './testsIn.mjs';

const UNIT = join('test', 'unit');
const PROPERTIES = join(UNIT, 'properties.test.ts');

/** The tests of a pure folder. */
const UNIT_TESTS = {
	api: [...testsIn('unit/api'), PROPERTIES],
	// The simulation of the steady state takes ten seconds, which each mutant of the check queue would wait for.
	jobs: [...testsIn('unit/jobs').filter((file) => !file.includes('steadyState')), PROPERTIES],
	jobTable: testsIn('unit/jobTable'),
	errors: [
		...testsIn('unit/errors'),
		join(UNIT, 'errors.test.ts'),
		join(UNIT, 'api', 'messages.test.ts'),
	],
};

// Every mutant of the pure folders, by the folder's unit tests: Stryker runs each test that reaches the mutant.
const unit = Object.entries(UNIT_TESTS).map(([folder, tests]) => ({
	env: { VEO_MUTATION_TESTS: JSON.stringify(tests) },
	testRunner: 'jest',
	plugins: ['@stryker-mutator/jest-runner'],
	mutate: [`nodes/Veo/${folder}/**/*.ts`],
	jest: {
		config: {
			roots: ['<rootDir>/test/mutation'],
			testMatch: ['<rootDir>/test/mutation/together.cjs'],
			testEnvironment: './test/mutation/untilFirstFailure.cjs',
			setupFilesAfterEnv: ['<rootDir>/test/mutation/sameProperties.cjs'],
			// Many mutants make a test wait for ever.
			testTimeout: 8_000,
		},
		enableFindRelatedTests: false,
	},
	concurrency: 2,
	// On a busy machine, too.
	timeoutMS: 20_000,
}));

// A sample of the rest, in the built node, by the integration tests and their own unit tests: see `builtNode.mjs`.
const builtNode = [
	{
		testRunner: 'builtNode',
		checkers: ['sample'],
		plugins: ['./test/mutation/builtNode.mjs'],
		mutate: ['nodes/Veo/{actions,trigger,shared,http}/**/*.ts'],
		buildCommand: 'npm run build',
		// The integration tests mostly wait.
		concurrency: 6,
		// The runner has a limit of its own for each file.
		timeoutMS: 600_000,
	},
];

const PARTS = { unit: { runs: unit, target: 90 }, builtNode: { runs: builtNode, target: 80 } };

const FOUND = new Set(['Killed', 'Timeout']);
const MISSED = new Set(['Survived', 'NoCoverage']);

const COMMON = {
	coverageAnalysis: 'perTest',
	ignorePatterns: ['coverage', 'demo/.run', 'demo/videos', 'dist', 'docs/images'],
	tempDirName: 'demo/.run/mutation',
	reporters: ['progress-append-only'],
	allowConsoleColors: false,
	disableTypeChecks: true,
	dryRunTimeoutMinutes: 15,
	// Mutants in code that runs while a file loads, such as the policy's table, count as well.
	warnings: { slow: false },
};

const [onlyPart, onlyFolder = ''] = process.argv.slice(2);
// For the part of the sample that lies in it.
process.env.VEO_MUTATION_FOLDER = onlyFolder;
for (const [name, { runs, target }] of Object.entries(PARTS)) {
	if (onlyPart && name !== onlyPart) continue;
	const results = [];
	const chosen = runs.filter(({ mutate }) => mutate[0].includes(onlyFolder));
	for (const { env, ...run } of chosen) {
		Object.assign(process.env, env);
		results.push(...(await new Stryker({ ...COMMON, ...run }).runMutationTest()));
	}
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
