// Stryker's instrumented code counts in this global which mutants it passes.
const { writeFileSync } = require('node:fs');

afterAll(() => {
	const counts = globalThis.__stryker__?.mutantCoverage?.static ?? {};
	writeFileSync(process.env.VEO_COVERAGE_FILE, JSON.stringify(counts));
});
