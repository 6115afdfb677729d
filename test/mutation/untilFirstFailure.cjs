const { TestEnvironment } = require('jest-environment-node');

/** One test that fails is enough to find a mutant. Jest itself ends at a failure only after the whole file. */
module.exports = class UntilFirstFailure extends TestEnvironment {
	hasFailed = false;

	handleTestEvent({ name, test }) {
		if (name === 'test_fn_failure' || name === 'hook_failure') this.hasFailed = true;
		if (name === 'test_start' && this.hasFailed) test.mode = 'skip';
	}
};
