// The same random values in every run, so that a mutant is killed in all of them or in none. Few, because a thousand of
// them would take seconds for each mutant.
require('fast-check').configureGlobal({ seed: 1, numRuns: 100 });
