import { createCommand, type CliValues } from './cli-command';
import {
	failedWithCode,
	failing,
	fileType,
	isLoopback,
	lateFile,
	lateVideoUrl,
	lostAnswer,
	maxAcceptedJobs,
	maxRunningJobs,
	random,
	refuse,
	tooManyTasks,
	type EmulatorOptions,
	type Fault,
	type Setting,
} from './index';
import { settingFor } from './options';

/** The options of `npm run emulator`. Commander prints the help, or what is wrong, and ends the process. */
export function readCliOptions(argv: string[]): EmulatorOptions {
	const command = createCommand().parse(argv);
	const values = command.opts<CliValues>();
	const { webhook, webhookRemote } = values;
	if (webhook !== undefined && !webhookRemote && !isLoopback(webhook)) {
		command.error('error: --webhook takes a URL on another machine only with --webhook-remote');
	}
	return toEmulatorOptions(values);
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
		...(values.webhook !== undefined && {
			webhook: { url: values.webhook, allowRemote: values.webhookRemote },
		}),
		faults: toFaults(values),
	};
}

function toOutcome(values: CliValues): Setting<'completed' | 'failed'> {
	const { failRate, failPrompt: prompt, failFirst: attempts, failJobs: jobs, seed } = values;
	const isSelected = [prompt, attempts, jobs].some((condition) => condition !== undefined);
	const selected = isSelected ? failing({ prompt, attempts, jobs }) : 'completed';
	const draw = random(seed);
	return (...job) => (draw() < failRate ? 'failed' : settingFor(selected, ...job));
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
