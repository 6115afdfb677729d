/**
 * A Stryker plugin: the integration tests on a node that was built with the mutants in it, the unit tests of the folders
 * that have some, and the sample of mutants.
 */
import { CheckStatus } from '@stryker-mutator/api/check';
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import { DryRunStatus, MutantRunStatus, TestStatus } from '@stryker-mutator/api/test-runner';
import { execa } from 'execa';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testsIn } from './testsIn.mjs';

const SEED = 1;
const SAMPLE_SIZE = 300;

/** Several times as long as the longest file takes. */
const FILE_TIMEOUT_MS = 180_000;

const FOLDERS = ['integration', 'unit/http', 'unit/shared', 'unit/trigger'];
/** Files of the dry run at the same time. */
const CONCURRENCY = 3;
const JEST = join('node_modules', 'jest', 'bin', 'jest.js');
const COVERAGE_SETUP = join('test', 'mutation', 'coverage.cjs');

/** Runs whole test files, because many of them run their tests side by side. */
class IntegrationTests {
	capabilities() {
		return { reloadEnvironment: true };
	}

	/** Records which mutants each file reaches. */
	async dryRun() {
		const folder = mkdtempSync(join(tmpdir(), 'veo-mutation-'));
		const files = FOLDERS.flatMap(testsIn);
		const runs = [];
		const failed = [];
		const runNext = async () => {
			for (let id = files.shift(); id !== undefined; id = files.shift()) {
				const coverageFile = join(folder, `${files.length}.json`);
				const startedAt = Date.now();
				const result = await runTwiceIfFailed(id, {
					args: ['--setupFilesAfterEnv', `<rootDir>/${COVERAGE_SETUP}`],
					env: { VEO_COVERAGE_FILE: coverageFile },
				});
				if (result.failed) {
					failed.push(result.all);
					continue;
				}
				const timeSpentMs = Date.now() - startedAt;
				runs.push({ id, timeSpentMs, reached: JSON.parse(readFileSync(coverageFile, 'utf8')) });
			}
		};
		await Promise.all(Array.from({ length: CONCURRENCY }, runNext));
		rmSync(folder, { recursive: true });
		if (failed.length > 0) return { status: DryRunStatus.Error, errorMessage: failed.join('\n') };
		// Stryker passes the files to `mutantRun` in this order: the quickest first.
		runs.sort((one, other) => one.timeSpentMs - other.timeSpentMs);
		const perTest = Object.fromEntries(runs.map(({ id, reached }) => [id, reached]));
		const tests = runs.map(({ id, timeSpentMs }) => ({
			id,
			name: id,
			status: TestStatus.Success,
			timeSpentMs,
		}));
		return { status: DryRunStatus.Complete, tests, mutantCoverage: { static: {}, perTest } };
	}

	/** Runs the files that reach the mutant, and ends at the first that fails. */
	async mutantRun({ activeMutant, testFilter = [] }) {
		const options = {
			env: { __STRYKER_ACTIVE_MUTANT__: activeMutant.id },
			timeout: FILE_TIMEOUT_MS,
		};
		for (const id of testFilter) {
			const result = await runTwiceIfFailed(id, options);
			if (result.timedOut) return { status: MutantRunStatus.Timeout };
			if (!result.failed) continue;
			return {
				status: MutantRunStatus.Killed,
				killedBy: [id],
				failureMessage: result.all,
				nrOfTests: testFilter.length,
			};
		}
		return { status: MutantRunStatus.Survived, nrOfTests: testFilter.length };
	}
}

/** On a busy machine, a test that measures time may fail once without a reason. */
async function runTwiceIfFailed(file, options) {
	const result = await runJest(file, options);
	return result.failed && !result.timedOut ? await runJest(file, options) : result;
}

async function runJest(file, { args = [], ...options }) {
	const parameters = ['--runTestsByPath', file, '--bail', '--forceExit', ...args];
	return await execa(process.execPath, [JEST, ...parameters], {
		all: true,
		reject: false,
		forceKillAfterDelay: 1_000,
		...options,
	});
}

/** The same sample for the same code: the mutants whose hashes come first. */
class Sample {
	async init() {}

	async group(mutants) {
		return [mutants.map(({ id }) => id)];
	}

	async check(mutants) {
		const sample = new Set(
			mutants
				.map(({ id }) => ({ id, hash: createHash('sha256').update(`${SEED}/${id}`).digest('hex') }))
				.sort((one, other) => (one.hash < other.hash ? -1 : 1))
				.slice(0, SAMPLE_SIZE)
				.map(({ id }) => id),
		);
		const folder = join('nodes', 'Veo', process.env.VEO_MUTATION_FOLDER ?? '');
		const isTried = ({ id, fileName }) => sample.has(id) && fileName.includes(folder);
		// Stryker knows no other way to leave mutants out.
		const leftOut = { status: CheckStatus.CompileError, reason: 'Not in the sample' };
		return Object.fromEntries(
			mutants.map((one) => [one.id, isTried(one) ? { status: CheckStatus.Passed } : leftOut]),
		);
	}
}

export const strykerPlugins = [
	declareClassPlugin(PluginKind.TestRunner, 'builtNode', IntegrationTests),
	declareClassPlugin(PluginKind.Checker, 'sample', Sample),
];
