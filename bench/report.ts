import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';

import { objectOr, requiredString } from '../harness/json';
import { markdownTable } from '../harness/cli/markdownTable';
import { n8nManifestFolder, packageName, projectRoot } from '../harness/paths';
import { fixed } from './lib/numbers';
import type { Figures } from './measurement';

/** A table as a part of `docs/benchmarks.md`, which is fit to be read in a terminal as well. */
export function markdownOf({ title, columns, rows, notes }: Figures): string {
	return [`## ${title}\n`, markdownTable(columns, rows), ...notes.map((note) => `${note}\n`)].join(
		'\n',
	);
}

/** All of `docs/benchmarks.md`. */
export function pageOf(figures: Figures[], startedAt: Date, endedAt: Date): string {
	const cells = figures.flatMap(({ rows }) => rows.flat());
	const met = cells.filter((cell) => cell === 'met').length;
	const notMet = cells.filter((cell) => cell === 'not met').length;
	const minutes = fixed((endedAt.getTime() - startedAt.getTime()) / 60_000, 0);
	const facts = [
		['measured', `${startedAt.toISOString().slice(0, 10)}, in ${minutes} minutes`],
		['targets', `${met} met, ${notMet} not met`],
		['package', `${packageName} ${versionIn(projectRoot)}, commit ${commit()}`],
		['machine', machine()],
		['Node.js', `${process.version}; ${demoVersion('node')} for n8n itself`],
		['n8n', `${demoVersion('n8n')}; where n8n-core is said, n8n-core ${installed('n8n-core')}`],
		['floor', `undici ${installed('undici')}`],
	];
	return [
		`# Benchmarks

\`npm run bench\` wrote this page. It measures everything below on one machine in one go, against the emulated API in
\`emulator/\`. Nothing absolute is claimed: another machine gives other milliseconds. What counts is how the lines of one
table compare, for they were measured side by side, and the targets that stand beside them.
`,
		markdownTable(['', ''], facts),
		`To repeat it: \`npm ci\`, then \`npm run bench\`. The first time it downloads the pinned n8n, as \`npm start\` does. One
measurement alone, printed and not written: \`npm run bench -- --only cpu\`. Memory is read from Linux's \`/proc\`.
`,
		...figures.map(markdownOf),
	].join('\n');
}

function machine(): string {
	const [first] = cpus();
	const memory = fixed(totalmem() / 2 ** 30, 0);
	return `${cpus().length} cores (${first?.model.trim()}), ${memory} GB, ${type()} ${release()}`;
}

function commit(): string {
	const git = (...args: string[]) =>
		execFileSync('git', args, { cwd: projectRoot, encoding: 'utf8' }).trim();
	const changed = git('status', '--porcelain', '--untracked-files=no') !== '';
	return `${git('rev-parse', '--short', 'HEAD')}${changed ? ' with changes' : ''}`;
}

const manifestIn = (folder: string): unknown =>
	JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

const versionIn = (folder: string) => requiredString(manifestIn(folder), 'version');
const installed = (name: string) => versionIn(join(projectRoot, 'node_modules', name));

/** What the pinned n8n's manifest wants of a package. */
function demoVersion(name: string): string {
	return requiredString(objectOr(manifestIn(n8nManifestFolder)).dependencies, name);
}
