import { Command, InvalidArgumentError, Option } from 'commander';

/** The options of a script that npm runs as `npm run <script> -- [options]`. */
export function createCommand(npmCommand: string, description: string): Command {
	return (
		new Command(`${npmCommand} --`)
			.description(description)
			.showHelpAfterError(`Use "${npmCommand} -- --help" to see all options.`)
			// 1 is what the scripts exit with when a check has failed.
			.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
	);
}

/** Parses a whole number from `min` to `max`. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER) {
	return (text: string): number => {
		const value = Number(text);
		if (text.trim() !== '' && Number.isSafeInteger(value) && value >= min && value <= max) {
			return value;
		}
		const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
		throw new InvalidArgumentError(`Use a whole number ${range}.`);
	};
}

/** `--seed`, by default a random one. */
export function seedOption(description: string): Option {
	return new Option('--seed <number>', description)
		.argParser(wholeNumber(0))
		.default(Math.floor(Math.random() * 2 ** 31), 'random');
}
