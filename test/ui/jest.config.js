const endToEnd = require('../e2e/jest.config');

/** @type {import('jest').Config} */
module.exports = {
	...endToEnd,
	roots: ['<rootDir>/test/ui'],
	testMatch: ['**/*.ui.test.ts'],
	globalSetup: '<rootDir>/test/ui/globalSetup.ts',
	// The editor takes up to ten seconds to open on a busy machine.
	testTimeout: 240_000,
};
