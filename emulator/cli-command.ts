import { Command, InvalidArgumentError, Option } from 'commander';
import { defaults, tooManyTasksForms, type TooManyTasksForm } from './index';

/** The options as commander parses them. Times are in seconds. */
export interface CliValues {
	port: number;
	key: string;
	credits: number;
	queued: number;
	duration: number;
	rateLimit?: number;
	seed: number;

	failRate: number;
	failPrompt?: string;
	failFirst?: number;
	failJobs?: number;
	failCode?: number;
	failMsg: string;
	failStatus: number;

	refuse?: number;
	refuseBody: unknown;
	refuseFirst?: number;
	refusePrompt?: string;
	loseAnswer?: number[];

	maxRunning?: number;
	maxPerMinute?: number;
	limitAs: TooManyTasksForm;
	limitRetryAfter?: number;

	urlLate?: number;
	urlLateFor?: number;
	urlLateAs: 'missing' | 'empty' | 'null';
	urlLifetime?: number;
	fileLate?: number;
	fileLateFor?: number;
	fileLateAs: number | 'empty' | 'html';
	fileType?: string;

	webhook?: string;
	webhookRemote: boolean;
}

export function createCommand(): Command {
	return new Command('npm run emulator --')
		.description('The Veo API as a local server, for trials without a key and without cost.')
		.option('--port <number>', 'port on 127.0.0.1, 0 for any free port', toNumber, 3010)
		.option('--key <text>', 'accepted API key', defaults.apiKeys[0])
		.option('--credits <number>', 'balance of the account', toNumber, defaults.credits)
		.option('--queued <seconds>', 'how long a job stays pending', toNumber, 1)
		.option('--duration <seconds>', 'time from acceptance to the end of a job', toNumber, 10)
		.option('--rate-limit <number>', 'requests allowed per minute (default: no limit)', toNumber)
		.option('--seed <number>', 'the same seed gives the same failures', toNumber, defaults.seed)
		.helpOption('--help', 'print this text')

		.optionsGroup('Failed jobs:')
		.option('--fail-rate <share>', 'share of jobs that fail, 0 to 1', toNumber, 0)
		.option('--fail-prompt <text>', 'jobs fail whose prompt includes this text')
		.option('--fail-first <number>', 'the first submissions of each prompt fail', toNumber)
		.option('--fail-jobs <number>', 'the first accepted jobs fail', toNumber)
		.option('--fail-code <code>', 'code of the status answer (default: 0)', toNumber)
		.option('--fail-msg <text>', 'msg beside that code', 'rejected by the content policy')
		.option('--fail-status <status>', 'HTTP status beside that code', toHttpStatus, 200)

		.optionsGroup('Refused submissions and lost answers:')
		.option('--refuse <status>', 'HTTP status that submissions are refused with', toHttpStatus)
		.option('--refuse-body <json>', 'body of the refusal', toJson, { detail: 'prompt flagged' })
		.option('--refuse-first <number>', 'refuse only the first submissions', toNumber)
		.option('--refuse-prompt <text>', 'refuse only prompts that include this text')
		.option(
			'--lose-answer <numbers>',
			'submissions that are accepted without an answer, e.g. 1,3 for the first and third',
			toNumbers,
		)

		.optionsGroup('Limits of submissions:')
		.option('--max-running <jobs>', 'pending and processing jobs allowed', toNumber)
		.option('--max-per-minute <jobs>', 'accepted jobs allowed in a minute', toNumber)
		.addOption(
			new Option('--limit-as <form>', 'refusal with the words "Too many concurrent tasks"')
				.choices(tooManyTasksForms)
				.default('http429'),
		)
		.option('--limit-retry-after <seconds>', 'Retry-After of these refusals', toNumber)

		.optionsGroup('Video URL and file:')
		.option('--url-late <checks>', 'status checks per job that get no videoUrl yet', toNumber)
		.option('--url-late-for <seconds>', 'seconds after completion without videoUrl', toNumber)
		.addOption(
			new Option('--url-late-as <form>', 'what these checks get')
				.choices(['missing', 'empty', 'null'])
				.default('missing'),
		)
		.option('--url-lifetime <seconds>', 'each check gets a new videoUrl that expires', toNumber)
		.option('--file-late <requests>', 'GETs of each file that fail at first', toNumber)
		.option('--file-late-for <seconds>', 'seconds after completion when GETs fail', toNumber)
		.option(
			'--file-late-as <answer>',
			'what these GETs get: an HTTP status, "empty" or "html"',
			toFileAnswer,
			404,
		)
		.option('--file-type <type>', 'Content-Type of the files, "none" for no such header')

		.optionsGroup('Webhook:')
		.option('--webhook <url>', 'POST the status answer of each job that ends to this URL', toUrl)
		.option('--webhook-remote', 'allow a URL that is not on this machine', false)
		.showHelpAfterError('See: npm run emulator -- --help');
}

function toNumber(text: string): number {
	const value = text.trim() === '' ? NaN : Number(text);
	if (value >= 0) return value;
	throw new InvalidArgumentError('It must be a number of at least 0.');
}

function toNumbers(text: string): number[] {
	return text.split(',').map(toNumber);
}

function toJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		throw new InvalidArgumentError('It must be JSON.');
	}
}

function toFileAnswer(text: string): number | 'empty' | 'html' {
	return text === 'empty' || text === 'html' ? text : toHttpStatus(text);
}

function toHttpStatus(text: string): number {
	const status = Number(text);
	if (Number.isInteger(status) && status >= 200 && status <= 599) return status;
	throw new InvalidArgumentError('It must be an HTTP status from 200 to 599.');
}

function toUrl(text: string): string {
	if (/^https?:/.test(text) && URL.canParse(text)) return text;
	throw new InvalidArgumentError('It must be a URL with http or https.');
}
