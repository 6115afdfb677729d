const endToEnd = require('../e2e/jest.config');

/** @type {import('jest').Config} */
module.exports = {
	...endToEnd,
	roots: ['<rootDir>/test/ui'],
	testMatch: ['**/*.ui.test.ts'],
	globalSetup: '<rootDir>/test/ui/globalSetup.ts',
	// The editor is a large page: on a busy machine it takes ten seconds to open.
	testTimeout: 240_000,
};
