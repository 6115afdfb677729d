/**
 * Looks at the packed file as a user's n8n and n8n's package scanner will: it holds what a user needs and nothing else,
 * and n8n's rules pass on it and on the sources that it was built from. `@n8n/scan-community-package` 0.32 scans the same
 * two in the same way, but only of packages that are published already: it takes the sources from GitHub, by the
 * provenance that npm has of the package, which cannot be looked at before.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { n8nCommunityNodesPlugin } from '@n8n/eslint-plugin-community-nodes';
import { ESLint } from 'eslint';
import { defineConfig } from 'eslint/config';
import n8nNodesPlugin from 'eslint-plugin-n8n-nodes-base';
import tseslint from 'typescript-eslint';

const LARGEST_PACKED_BYTES = 60_000;
const WANTED = /^(package\.json|README\.md|LICENSE\.md|dist\/.+\.(js|svg|node\.json))$/;

const { community, credentials, nodes } = n8nNodesPlugin.configs;
const SCANNER_RULES = defineConfig(
	n8nCommunityNodesPlugin.configs.recommended,
	{ plugins: { 'n8n-nodes-base': n8nNodesPlugin }, rules: { 'no-console': 'error' } },
	{ files: ['package.json'], rules: { ...community.rules } },
	{
		files: ['**/credentials/**/*.ts'],
		rules: {
			...credentials.rules,
			'n8n-nodes-base/cred-class-field-documentation-url-miscased': 'off',
			'n8n-nodes-base/cred-class-field-type-options-password-missing': 'off',
		},
	},
	{
		files: ['**/nodes/**/*.ts'],
		rules: {
			...nodes.rules,
			'n8n-nodes-base/node-class-description-inputs-wrong-regular-node': 'off',
			'n8n-nodes-base/node-class-description-outputs-wrong': 'off',
			'n8n-nodes-base/node-param-type-options-max-value-present': 'off',
		},
	},
	{ files: ['**/*.json', '**/*.ts'], languageOptions: { parser: tseslint.parser } },
);

const complaints = [];

/** Says what the scanner would say of the files in a folder, and how many it would look at. */
async function scan(cwd, patterns) {
	const eslint = new ESLint({
		cwd,
		allowInlineConfig: false,
		overrideConfigFile: true,
		overrideConfig: SCANNER_RULES,
	});
	const results = await eslint.lintFiles(patterns);
	for (const { filePath, messages } of results) {
		for (const { ruleId, message, line } of messages) {
			complaints.push(`${filePath.slice(cwd.length + 1)}:${line} ${message} (${ruleId})`);
		}
	}
	return results.length;
}

const sources = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'veo-package-'));

try {
	const npm = process.env.npm_execpath;
	const [command, first] = npm ? [process.execPath, [npm]] : ['npm', []];
	const args = [...first, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder];
	const [packed] = JSON.parse(execFileSync(command, args, { cwd: sources, encoding: 'utf8' }));
	// A bare name: the colon of a Windows path is a host's to some versions of tar.
	execFileSync('tar', ['-xzf', packed.filename], { cwd: folder });

	const paths = packed.files.map((file) => file.path);
	for (const path of paths) if (!WANTED.test(path)) complaints.push(`not wanted: ${path}`);
	if (packed.size > LARGEST_PACKED_BYTES) complaints.push(`${packed.size} bytes are too many`);

	const unpacked = join(folder, 'package');
	const { n8n, main, version } = JSON.parse(readFileSync(join(unpacked, 'package.json'), 'utf8'));
	for (const path of [main, 'README.md', 'LICENSE.md', ...n8n.nodes, ...n8n.credentials]) {
		if (!paths.includes(path)) complaints.push(`missing: ${path}`);
	}
	const changes = readFileSync(join(sources, 'CHANGELOG.md'), 'utf8');
	if (!changes.includes(`\n## ${version}`)) {
		complaints.push(`CHANGELOG.md tells nothing of version ${version}`);
	}

	const scanned = {
		sources: await scan(sources, ['package.json', '{nodes,credentials}/**/*.{js,ts,json}']),
		packed: await scan(unpacked, ['**/*.js', 'package.json']),
	};

	for (const complaint of complaints) console.error(complaint);
	console.log(
		`${packed.filename}: ${paths.length} files, ${packed.size} bytes packed, ${packed.unpackedSize} unpacked; ` +
			`scanned ${scanned.sources} sources and ${scanned.packed} packed files, ${complaints.length} complaints`,
	);
} finally {
	rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
process.exitCode = complaints.length === 0 ? 0 : 1;
