// The same random values in every run, so that a mutant is killed in all of them or in none.
require('fast-check').configureGlobal({ seed: 1 });
