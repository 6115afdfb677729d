import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';

import { objectOr, requiredString } from '../harness/json';
import { markdownTable } from '../harness/cli/markdownTable';
import { n8nManifestFolder, packageName, projectRoot } from '../harness/paths';
import { fixed } from './lib/numbers';
import type { Figures } from './measurement';
import { markdownOfPicture, type Picture } from './plots';

/** A table with its title and notes. */
export function markdownOf({ title, columns, rows, notes }: Figures): string {
	return [`## ${title}\n`, markdownTable(columns, rows), ...notes.map((note) => `${note}\n`)].join(
		'\n',
	);
}

/** One section of `docs/benchmarks.md`. */
export interface Section {
	figures: Figures;
	picture?: Picture;
}

function sectionOf({ figures, picture }: Section): string {
	return [markdownOf(figures), ...(picture ? [markdownOfPicture(picture)] : [])].join('\n');
}

/** All of `docs/benchmarks.md`. */
export function pageOf(sections: Section[], startedAt: Date, endedAt: Date): string {
	const cells = sections.flatMap(({ figures }) => figures.rows.flat());
	const met = cells.filter((cell) => cell === 'met').length;
	const notMet = cells.filter((cell) => cell === 'not met').length;
	const minutes = fixed((endedAt.getTime() - startedAt.getTime()) / 60_000, 0);
	const conditions = [
		['measured', `${startedAt.toISOString().slice(0, 10)}, in ${minutes} minutes`],
		['targets', `${met} met, ${notMet} not met`],
		['package', `${packageName} ${versionIn(projectRoot)}, commit ${commit()}`],
		['machine', machine()],
		['Node.js', `${process.version}; ${pinnedVersion('node')} for n8n itself`],
		[
			'n8n',
			`${pinnedVersion('n8n')}; n8n-core ${installed('n8n-core')} for lines that name n8n-core`,
		],
		['bare client', `undici ${installed('undici')}`],
	];
	return [
		'# Benchmarks\n',
		...sections.flatMap(({ figures: { takeaway } }) => (takeaway ? [`- ${takeaway}`] : [])),
		`
\`npm run bench\` generates this page and its pictures. It runs all measurements on one machine in one run, against the
emulated API in \`emulator/\`, and beside n8n's own nodes against \`bench/peers/standIn.ts\`. Absolute times depend on the
machine. Compare the lines of one table, which were measured side by side, and check the targets beside them.
`,
		markdownTable(['', ''], conditions),
		`To repeat the measurements, run \`npm ci\` and \`npm run bench\`. The first run downloads the pinned n8n, as \`npm start\`
does. \`npm run bench -- --only cpu\` runs one measurement and does not change this page. Memory and n8n's CPU time are read
from Linux's \`/proc\`.
`,
		...sections.map(sectionOf),
	].join('\n');
}

function machine(): string {
	const [first] = cpus();
	const [major, minor] = release().split('.');
	const memory = fixed(totalmem() / 2 ** 30, 0);
	return `${cpus().length} cores (${first?.model.trim()}), ${memory} GB, ${type()} ${major}.${minor}`;
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

/** The version in the pinned n8n's manifest. */
function pinnedVersion(name: string): string {
	return requiredString(objectOr(manifestIn(n8nManifestFolder)).dependencies, name);
}
