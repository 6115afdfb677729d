const unit = require('../../jest.config');

/** @type {import('jest').Config} */
module.exports = {
	testEnvironment: unit.testEnvironment,
	transform: unit.transform,
	rootDir: '../..',
	roots: ['<rootDir>/test/e2e'],
	testMatch: ['**/*.e2e.test.ts'],
	globalSetup: '<rootDir>/test/e2e/globalSetup.ts',
	// A test waits for n8n, which boots in 5 to 30 seconds and asks for a video's status every 5.
	testTimeout: 120_000,
	// They mostly wait, each for an n8n of its own.
	maxWorkers: 2,
};
