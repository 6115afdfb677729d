import type { IDataObject, IExecuteFunctions, INode } from 'n8n-workflow';
import { checkTableName } from '../api/validation';
import { VeoClient } from '../api/client';
import type { Clock } from '../api/clock';
import { Pace } from '../api/backoff';
import type { RetryRules } from '../api/retry';
import { firstExecution } from '../jobTable/executions';
import { jobTable } from '../jobTable/jobTable';
import { Submissions } from '../jobs/submissions';
import { JobTracker } from '../jobTable/tracker';
import { openTransport, systemClock } from '../http/request';
import { optionsField } from '../descriptions/fields';
import { isOn, readNumber } from '../shared/options';

/** What one run of the node works with, for all its items. */
export interface Session {
	context: IExecuteFunctions;
	client: VeoClient;
	clock: Clock;
	pace: Pace;
	retry: RetryRules;
	submissions: Submissions;
	options: RunOptions;
	/** Where the user wants the jobs kept in the job table. */
	tracker?: JobTracker;
	/** Fires when the user stops the execution. */
	stop?: AbortSignal;
	/** Fires on `stop`, and when the run ends early because of one item. */
	end: AbortSignal;
	endEarly: () => void;
}

export interface RunOptions {
	pollIntervalMs: number;
	maxWaitMs: number;
	onTimeout: 'error' | 'returnStatus';
	maxConcurrentJobs: number;
	maxRetries: number;
	requestTimeoutMs: number;
	reuseIdentical: boolean;
}

/** n8n makes a second node type of this one, for agents to call. */
export const isAgentTool = ({ type }: INode) => type.endsWith('Tool');

/** Throws `VeoFailure` where the credential or the job table cannot be used. */
export async function openSession(context: IExecuteFunctions): Promise<Session> {
	const options = readOptions(context.getNodeParameter('options', 0, {}));
	const transport = await openTransport(context, 'veoApi', options.requestTimeoutMs);

	const clock = systemClock;
	const pace = new Pace(clock);
	const stop = context.getExecutionCancelSignal();
	const early = new AbortController();
	const end = stop ? AbortSignal.any([stop, early.signal]) : early.signal;
	const runIndex = Number(context.getWorkflowDataProxy(0).$runIndex);
	// Each call of an agent's tool is a run of its own. One that repeats a call which did not come out is a retry of it.
	const submissionRun = isAgentTool(context.getNode()) ? 0 : runIndex;

	const retry = { pace, maxRetries: options.maxRetries, signal: end };
	const session: Session = {
		context,
		client: new VeoClient(transport, clock.now),
		clock,
		pace,
		retry,
		submissions: new Submissions(context.getContext('node'), submissionRun),
		options,
		stop,
		end,
		endEarly: () => early.abort(),
	};
	if (isOn(context.getNodeParameter('trackJob', 0, false))) {
		session.tracker = await openTracker(session, runIndex);
	}
	return session;
}

async function openTracker(session: Session, runIndex: number): Promise<JobTracker> {
	const { context, clock, retry, stop, options } = session;
	const tableName = checkTableName(context.getNodeParameter('jobTableName', 0, 'veo_jobs'));
	const send = await openTransport(context, 'veoJobTableApi', options.requestTimeoutMs);
	// The same for an execution and its retries, each of which n8n gives an ID of its own. A retry of one that crashed or
	// was stopped comes without what the node remembered.
	const node = context.getContext('node');
	const executionId = context.getExecutionId();
	node.firstExecutionId ??=
		context.getMode() === 'retry' ? await firstExecution(send, executionId) : executionId;
	const tracker = new JobTracker(
		jobTable(send, tableName),
		{
			executionId: String(node.firstExecutionId),
			workflowId: context.getWorkflow().id ?? '',
			nodeId: context.getNode().id,
			runIndex,
		},
		clock,
		// A pace of its own: what n8n cannot take tells nothing about the Veo API. And only the user's Stop ends it: what
		// the API accepted has to be noted even when another item ends the run.
		{ ...retry, pace: new Pace(clock), signal: stop },
		options.reuseIdentical,
	);
	await tracker.open();
	return tracker;
}

function readOptions(raw: IDataObject): RunOptions {
	const number = (name: string) => readNumber(optionsField, raw, name);
	return {
		pollIntervalMs: number('pollInterval') * 1000,
		maxWaitMs: number('maxWaitTime') * 1000,
		onTimeout: raw.onTimeout === 'returnStatus' ? 'returnStatus' : 'error',
		maxConcurrentJobs: Math.floor(number('maxConcurrentJobs')),
		maxRetries: number('maxRetries'),
		requestTimeoutMs: number('requestTimeout') * 1000,
		reuseIdentical: isOn(raw.reuseIdentical),
	};
}
