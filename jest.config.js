// What n8n-core requires, but is written as an ES module, which jest cannot require on Node 20.
const esModules = ['p-retry', 'is-network-error'];

/** @type {import('jest').Config} */
module.exports = {
	testEnvironment: 'node',
	roots: ['<rootDir>/test'],
	testMatch: ['**/*.test.ts'],
	testPathIgnorePatterns: ['<rootDir>/test/e2e/', '<rootDir>/test/ui/'],
	transform: { '^.+\\.[jt]s$': '@swc/jest' },
	// Real waits over real sockets: the API's shortest poll interval is 5 seconds.
	testTimeout: 60_000,
	transformIgnorePatterns: [`/node_modules/(?!(${esModules.join('|')})/)`, '/dist/'],
};
