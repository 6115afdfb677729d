/**
 * Mutants that no test needs to kill, each with the reason. `code` is what the mutant replaces and `mutant` what with, so
 * that an entry holds wherever the code moves to.
 */
export const intended = [];
