/**
 * Checks the packed package as n8n's package scanner does: it contains what users need and nothing else, and n8n's rules
 * pass on it and on its sources. `@n8n/scan-community-package` scans the same files, but only of published packages.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ESLint } from 'eslint';
import { n8nRules } from '../../eslint/n8nRules.mjs';

const ALLOWED_FILES = /^(package\.json|README\.md|LICENSE\.md|dist\/.+\.(js|svg|node\.json))$/;

const problems = [];

/** Runs n8n's rules on the files of a folder, as the scanner does. Returns the number of files. */
async function scan(cwd, patterns) {
	const eslint = new ESLint({
		cwd,
		allowInlineConfig: false,
		overrideConfigFile: true,
		overrideConfig: n8nRules,
	});
	const results = await eslint.lintFiles(patterns);
	for (const { filePath, messages } of results) {
		for (const { ruleId, message, line } of messages) {
			problems.push(`${filePath.slice(cwd.length + 1)}:${line} ${message} (${ruleId})`);
		}
	}
	return results.length;
}

const sources = resolve(import.meta.dirname, '../..');
const limits = JSON.parse(readFileSync(join(sources, 'harness/packageLimits.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'veo-package-'));

try {
	const npm = process.env.npm_execpath;
	const [command, first] = npm ? [process.execPath, [npm]] : ['npm', []];
	const args = [...first, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder];
	const [packed] = JSON.parse(execFileSync(command, args, { cwd: sources, encoding: 'utf8' }));
	// A relative name: some versions of tar take the colon of a Windows path for a remote host.
	execFileSync('tar', ['-xzf', packed.filename], { cwd: folder });

	const paths = packed.files.map((file) => file.path);
	for (const path of paths) if (!ALLOWED_FILES.test(path)) problems.push(`unexpected: ${path}`);
	if (packed.size > limits.maxPackedBytes) {
		problems.push(`the package has ${packed.size} bytes, more than ${limits.maxPackedBytes}`);
	}

	const unpacked = join(folder, 'package');
	const { n8n, main, version } = JSON.parse(readFileSync(join(unpacked, 'package.json'), 'utf8'));
	for (const path of [main, 'README.md', 'LICENSE.md', ...n8n.nodes, ...n8n.credentials]) {
		if (!paths.includes(path)) problems.push(`missing: ${path}`);
	}
	const changes = readFileSync(join(sources, 'CHANGELOG.md'), 'utf8');
	if (!changes.includes(`\n## ${version}`)) {
		problems.push(`CHANGELOG.md has no section for version ${version}`);
	}

	const scanned = {
		sources: await scan(sources, ['package.json', '{nodes,credentials}/**/*.{js,ts,json}']),
		packed: await scan(unpacked, ['**/*.js', 'package.json']),
	};

	for (const problem of problems) console.error(problem);
	console.log(
		`${packed.filename}: ${paths.length} files, ${packed.size} bytes packed, ${packed.unpackedSize} unpacked; ` +
			`scanned ${scanned.sources} sources and ${scanned.packed} packed files, ${problems.length} problems`,
	);
} finally {
	rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
process.exitCode = problems.length === 0 ? 0 : 1;
