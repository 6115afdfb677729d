const unit = require('../../jest.config');

/** @type {import('jest').Config} */
module.exports = {
	testEnvironment: unit.testEnvironment,
	transform: unit.transform,
	transformIgnorePatterns: unit.transformIgnorePatterns,
	rootDir: '../..',
	roots: ['<rootDir>/test/e2e'],
	testMatch: ['**/*.e2e.test.ts'],
	globalSetup: '<rootDir>/test/e2e/globalSetup.ts',
	// n8n starts in 5 to 30 seconds, and the node checks a video every 5.
	testTimeout: 120_000,
	// Each worker runs its own n8n. The tests mostly wait.
	maxWorkers: 3,
};
