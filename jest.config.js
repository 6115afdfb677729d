// ES modules that n8n-core and harness/ require, with their own dependencies. jest cannot require ES modules on Node 20,
// so it transforms them.
const esModules = [
	...['p-retry', 'is-network-error', 'get-port'],
	...['ora', 'chalk', 'cli-cursor', 'restore-cursor', 'onetime', 'mimic-function'],
	...['cli-spinners', 'is-interactive', 'is-unicode-supported', 'log-symbols', 'yoctocolors'],
	...['stdin-discarder', 'string-width', 'strip-ansi', 'ansi-regex', 'get-east-asian-width'],
];

/** @type {import('jest').Config} */
module.exports = {
	testEnvironment: 'node',
	roots: ['<rootDir>/test'],
	testMatch: ['**/*.test.ts'],
	testPathIgnorePatterns: ['<rootDir>/test/e2e/', '<rootDir>/test/ui/'],
	transform: { '^.+\\.[jt]s$': '@swc/jest' },
	// Real waits over real sockets: the API's shortest poll interval is 5 seconds.
	testTimeout: 60_000,
	// Integration tests mostly wait.
	maxWorkers: 2,
	transformIgnorePatterns: [`/node_modules/(?!(${esModules.join('|')})/)`, '<rootDir>/dist/'],
};
