import { Command, InvalidArgumentError, Option } from 'commander';
import {
	defaults,
	failedWithCode,
	failing,
	fileType,
	lateFile,
	lateVideoUrl,
	lostAnswer,
	random,
	refuse,
	maxAcceptedJobs,
	maxRunningJobs,
	tooManyTasks,
	tooManyTasksForms,
	type EmulatorOptions,
	type Fault,
	type TooManyTasksForm,
} from './index';

interface CliValues {
	port: number;
	key: string;
	credits: number;
	queued: number;
	duration: number;
	failRate: number;
	rateLimit?: number;
	seed: number;
	failFirst?: number;
	failJobs?: number;
	failPrompt?: string;
	failCode?: number;
	failMsg: string;
	failStatus: number;
	urlLate?: number;
	urlLateFor?: number;
	urlLateAs: 'missing' | 'empty' | 'null';
	urlLifetime?: number;
	fileLate?: number;
	fileLateFor?: number;
	fileLateAs: number | 'empty' | 'html';
	fileType?: string;
	refuse?: number;
	refuseBody: unknown;
	refuseFirst?: number;
	refusePrompt?: string;
	loseAnswer?: number[];
	maxRunning?: number;
	maxPerMinute?: number;
	limitAs: TooManyTasksForm;
	limitRetryAfter?: number;
}

/** The options of `npm run emulator`. Commander prints the help, or what is wrong, and ends the process. */
export function readCliOptions(argv: string[]): EmulatorOptions {
	return toEmulatorOptions(createCommand().parse(argv).opts<CliValues>());
}

function createCommand(): Command {
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

function toEmulatorOptions(values: CliValues): EmulatorOptions {
	const { port, key, credits, rateLimit, seed } = values;
	return {
		port,
		apiKeys: [key],
		credits,
		queuedMs: values.queued * 1000,
		durationMs: values.duration * 1000,
		outcome: toOutcome(values),
		...(rateLimit && { rateLimit: { requests: rateLimit, perMs: 60_000 } }),
		seed,
		videoUrlLifetimeMs: toMs(values.urlLifetime),
		faults: toFaults(values),
	};
}

function toOutcome(values: CliValues): EmulatorOptions['outcome'] {
	const { failRate, failPrompt: prompt, failFirst: attempts, failJobs: jobs, seed } = values;
	const isSelected = [prompt, attempts, jobs].some((condition) => condition !== undefined);
	if (isSelected) return failing({ prompt, attempts, jobs });
	const draw = random(seed);
	return () => (draw() < failRate ? 'failed' : 'completed');
}

const unusableUrls = { missing: undefined, empty: '', null: null } as const;

/** The first fault that matches a request is applied, so refusals come first. */
function toFaults(values: CliValues): Fault[] {
	const { urlLate, urlLateFor, urlLateAs, fileLate, fileLateFor, fileLateAs } = values;
	const faults: Fault[] = [];
	if (values.refuse !== undefined) {
		const { refuseFirst: first, refusePrompt: prompt } = values;
		const which = { prompt, ...(first !== undefined && { occurrence: { first } }) };
		faults.push(refuse(values.refuse, values.refuseBody, which));
	}
	const refusal = tooManyTasks(values.limitAs, values.limitRetryAfter);
	if (values.maxRunning !== undefined) faults.push(maxRunningJobs(values.maxRunning, refusal));
	if (values.maxPerMinute !== undefined) {
		faults.push(maxAcceptedJobs({ jobs: values.maxPerMinute, perMs: 60_000 }, refusal));
	}
	if (values.loseAnswer) faults.push(lostAnswer(values.loseAnswer));
	if (values.failCode !== undefined) {
		faults.push(failedWithCode(values.failCode, values.failMsg, values.failStatus));
	}
	if (urlLate !== undefined || urlLateFor !== undefined) {
		const as = unusableUrls[urlLateAs];
		faults.push(lateVideoUrl({ requests: urlLate, ms: toMs(urlLateFor), as }));
	}
	if (fileLate !== undefined || fileLateFor !== undefined) {
		faults.push(lateFile({ requests: fileLate, ms: toMs(fileLateFor), as: fileLateAs }));
	}
	if (values.fileType !== undefined) {
		faults.push(fileType(values.fileType === 'none' ? undefined : values.fileType));
	}
	return faults;
}

function toMs(seconds: number | undefined): number | undefined {
	return seconds === undefined ? undefined : seconds * 1000;
}
