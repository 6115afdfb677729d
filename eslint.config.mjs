import js from '@eslint/js';
import { n8nCommunityNodesPlugin } from '@n8n/eslint-plugin-community-nodes';
import { defineConfig, globalIgnores } from 'eslint/config';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import importPlugin from 'eslint-plugin-import-x';
import n8nNodesPlugin from 'eslint-plugin-n8n-nodes-base';
import tseslint from 'typescript-eslint';

// What ships is held to n8n's own strict rules: the configuration that `@n8n/node-cli` 0.48 ships, rule by rule
// (the tool itself cannot be a dependency here: it pulls a native module that does not install on Node 20).
const shipped = ['nodes/**/*.ts', 'credentials/**/*.ts', 'index.ts'];
const n8nRecommended = n8nCommunityNodesPlugin.configs.recommended;

export default defineConfig(
	globalIgnores(['**/node_modules', 'dist', 'demo/.run', 'harness/n8n', 'coverage']),
	{
		files: shipped,
		extends: [
			js.configs.recommended,
			tseslint.configs.recommended,
			n8nRecommended,
			importPlugin.configs['flat/recommended'],
		],
		plugins: { 'n8n-nodes-base': n8nNodesPlugin },
		settings: { 'import-x/resolver-next': [createTypeScriptImportResolver()] },
		rules: { 'prefer-spread': 'off', 'no-console': 'error' },
	},
	{
		files: ['package.json'],
		extends: [n8nRecommended],
		plugins: { 'n8n-nodes-base': n8nNodesPlugin },
		rules: { ...n8nNodesPlugin.configs.community.rules },
		languageOptions: {
			parser: tseslint.parser,
			parserOptions: { extraFileExtensions: ['.json'] },
		},
	},
	{
		files: ['credentials/**/*.ts'],
		rules: {
			...n8nNodesPlugin.configs.credentials.rules,
			'n8n-nodes-base/cred-class-field-documentation-url-miscased': 'off',
			'n8n-nodes-base/cred-class-field-type-options-password-missing': 'off',
		},
	},
	{
		files: ['nodes/**/*.ts'],
		rules: {
			...n8nNodesPlugin.configs.nodes.rules,
			'n8n-nodes-base/node-class-description-inputs-wrong-regular-node': 'off',
			'n8n-nodes-base/node-class-description-outputs-wrong': 'off',
			'n8n-nodes-base/node-param-type-options-max-value-present': 'off',
		},
	},
	// Everything, shipped or not: types carry the rules.
	{
		files: ['**/*.ts'],
		extends: [tseslint.configs.recommendedTypeChecked],
		languageOptions: { parserOptions: { projectService: true } },
	},
	{
		files: ['**/*.js', '**/*.mjs'],
		extends: [js.configs.recommended],
		languageOptions: {
			globals: {
				module: 'readonly',
				require: 'readonly',
				process: 'readonly',
				console: 'readonly',
			},
		},
	},
);
