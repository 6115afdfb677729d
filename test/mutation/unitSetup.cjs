// The same random values in every run, so that a mutant is killed in all of them or in none.
require('fast-check').configureGlobal({ seed: 1 });

// This test reads the sources, which hold texts of Stryker's own while the mutants are in them.
const READS_SOURCES = 'knows every text that stands elsewhere';
const { it } = globalThis;
globalThis.it = Object.assign(
	(name, ...rest) => (name === READS_SOURCES ? it.skip(name, ...rest) : it(name, ...rest)),
	it,
);
