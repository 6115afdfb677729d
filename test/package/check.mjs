/**
 * Looks at the packed file as a user's n8n and n8n's package scanner will: it holds what a user needs and nothing else,
 * and n8n's rules pass on what is in it. The rules are set up as `@n8n/scan-community-package` 0.32 does; the tool itself
 * scans only packages that are published already.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { n8nCommunityNodesPlugin } from '@n8n/eslint-plugin-community-nodes';
import { ESLint } from 'eslint';
import { defineConfig } from 'eslint/config';
import n8nNodesPlugin from 'eslint-plugin-n8n-nodes-base';
import tseslint from 'typescript-eslint';

const LARGEST_PACKED_BYTES = 60_000;
const WANTED = /^(package\.json|README\.md|LICENSE\.md|dist\/.+\.(js|svg|node\.json))$/;

const folder = mkdtempSync(join(tmpdir(), 'veo-package-'));
const complaints = [];

try {
	const npm = process.env.npm_execpath;
	const [command, first] = npm ? [process.execPath, [npm]] : ['npm', []];
	const args = [...first, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder];
	const [packed] = JSON.parse(execFileSync(command, args, { encoding: 'utf8' }));
	execFileSync('tar', ['-xzf', join(folder, packed.filename), '-C', folder]);

	const paths = packed.files.map((file) => file.path);
	for (const path of paths) if (!WANTED.test(path)) complaints.push(`not wanted: ${path}`);
	if (packed.size > LARGEST_PACKED_BYTES) complaints.push(`${packed.size} bytes are too many`);

	const { n8n, main } = JSON.parse(readFileSync(join(folder, 'package/package.json'), 'utf8'));
	for (const path of [main, 'README.md', 'LICENSE.md', ...n8n.nodes, ...n8n.credentials]) {
		if (!paths.includes(path)) complaints.push(`missing: ${path}`);
	}

	const cwd = join(folder, 'package');
	const eslint = new ESLint({
		cwd,
		allowInlineConfig: false,
		overrideConfigFile: true,
		overrideConfig: defineConfig(
			n8nCommunityNodesPlugin.configs.recommended,
			{ plugins: { 'n8n-nodes-base': n8nNodesPlugin }, rules: { 'no-console': 'error' } },
			{ files: ['package.json'], rules: { ...n8nNodesPlugin.configs.community.rules } },
			{ files: ['**/*.json'], languageOptions: { parser: tseslint.parser } },
		),
	});
	const results = await eslint.lintFiles(['**/*.js', '**/*.json']);
	for (const { filePath, messages } of results) {
		for (const { ruleId, message, line } of messages) {
			complaints.push(`${filePath.slice(cwd.length + 1)}:${line} ${message} (${ruleId})`);
		}
	}

	for (const complaint of complaints) console.error(complaint);
	console.log(
		`${packed.filename}: ${paths.length} files, ${packed.size} bytes packed, ${packed.unpackedSize} unpacked; ` +
			`${results.length} files scanned, ${complaints.length} complaints`,
	);
} finally {
	rmSync(folder, { recursive: true, force: true });
}
process.exitCode = complaints.length === 0 ? 0 : 1;
