import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import importPlugin from 'eslint-plugin-import-x';
import regexpPlugin from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';
import { nodeZones, repositoryZones } from './eslint/importZones.mjs';
import { n8nRules } from './eslint/n8nRules.mjs';

const shipped = ['nodes/**/*.ts', 'credentials/**/*.ts', 'index.ts'];

export default defineConfig(
	globalIgnores(['**/node_modules', 'dist', 'demo/.run', 'harness/n8n', 'coverage']),
	{ files: [...shipped, 'package.json'], extends: [n8nRules] },
	{
		files: shipped,
		extends: [
			js.configs.recommended,
			tseslint.configs.recommended,
			importPlugin.configs['flat/recommended'],
		],
		// Input from outside may be long. No regular expression may need more than linear time for it.
		plugins: { regexp: regexpPlugin },
		rules: {
			'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
			'regexp/no-super-linear-move': ['error', { report: 'potential', ignoreSticky: false }],
		},
	},
	{
		files: ['**/*.ts'],
		extends: [tseslint.configs.recommendedTypeChecked],
		languageOptions: { parserOptions: { projectService: true } },
		plugins: { 'import-x': importPlugin },
		settings: { 'import-x/resolver-next': [createTypeScriptImportResolver()] },
		rules: {
			'import-x/no-restricted-paths': ['error', { zones: [...repositoryZones, ...nodeZones] }],
		},
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
