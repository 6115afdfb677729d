/**
 * All test files of a folder as one, so that what they import is loaded once for each mutant. `VEO_MUTATION_TESTS` holds
 * the files.
 */
require('../unit/fakes');

for (const file of JSON.parse(process.env.VEO_MUTATION_TESTS)) {
	describe(file, () => {
		require(`../../${file}`);
	});
}
