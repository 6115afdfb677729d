import type { ICredentialDataDecryptedObject, IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { VeoClient } from '../api/client';
import type { Clock } from '../api/clock';
import { Pace } from '../api/pace';
import type { RetryRules } from '../api/retry';
import { Submissions } from '../jobs/submissions';
import { apiTransport, sendFromNode, readCredentials, systemClock } from '../transport';
import { optionsField, SHORTEST_POLL_INTERVAL } from './fields';

/** What one run of the node works with, for all its items. */
export interface Session {
	context: IExecuteFunctions;
	client: VeoClient;
	clock: Clock;
	pace: Pace;
	retry: RetryRules;
	submissions: Submissions;
	options: RunOptions;
	/** Fires when the user stops the execution. */
	stop?: AbortSignal;
	/** Fires on `stop`, and when the run ends early because of one item. */
	end: AbortSignal;
	endEarly(): void;
}

export interface RunOptions {
	pollIntervalMs: number;
	maxWaitMs: number;
	onTimeout: 'error' | 'returnStatus';
	maxConcurrentJobs: number;
	maxRetries: number;
	requestTimeoutMs: number;
}

/** Throws `VeoFailure` where the credential cannot be used. */
export async function openSession(context: IExecuteFunctions): Promise<Session> {
	const options = readOptions(context.getNodeParameter('options', 0, {}));
	const credentials = readCredentials(
		'veoApi',
		await context.getCredentials<ICredentialDataDecryptedObject>('veoApi'),
	);
	const transport = apiTransport(
		sendFromNode(context, 'veoApi'),
		credentials,
		options.requestTimeoutMs,
	);

	const clock = systemClock;
	const pace = new Pace(clock);
	const stop = context.getExecutionCancelSignal();
	const early = new AbortController();
	const end = stop ? AbortSignal.any([stop, early.signal]) : early.signal;
	const runIndex = Number(context.getWorkflowDataProxy(0).$runIndex);

	return {
		context,
		client: new VeoClient(transport, clock.now),
		clock,
		pace,
		retry: { pace, maxRetries: options.maxRetries, signal: end },
		submissions: new Submissions(context.getContext('node'), runIndex),
		options,
		stop,
		end,
		endEarly: () => early.abort(),
	};
}

function readOptions(raw: IDataObject): RunOptions {
	const number = (name: string, least: number): number => {
		const whenLeftOut = optionsField.options.find((option) => option.name === name)?.default;
		const value = Number(raw[name] ?? whenLeftOut);
		return Math.max(least, Number.isFinite(value) ? value : Number(whenLeftOut));
	};
	return {
		pollIntervalMs: number('pollInterval', SHORTEST_POLL_INTERVAL) * 1000,
		maxWaitMs: number('maxWaitTime', 1) * 1000,
		onTimeout: raw.onTimeout === 'returnStatus' ? 'returnStatus' : 'error',
		maxConcurrentJobs: Math.floor(number('maxConcurrentJobs', 1)),
		maxRetries: number('maxRetries', 0),
		requestTimeoutMs: number('requestTimeout', 1) * 1000,
	};
}
