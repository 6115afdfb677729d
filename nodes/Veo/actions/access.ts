import type { ICredentialDataDecryptedObject, IExecuteFunctions } from 'n8n-workflow';
import { isPrivateAddress } from '../api/address';
import { Backoff } from '../api/backoff';
import { VeoClient } from '../api/client';
import type { RetryRules } from '../api/retry';
import { checkTableName } from '../api/validation';
import { readCredentials } from '../http/credentials';
import { openTransport } from '../http/request';
import { Submissions } from '../jobs/submissions';
import { VideoLimit } from '../jobs/videoLimit';
import { firstExecution } from '../jobTable/executions';
import { jobTable } from '../jobTable/jobTable';
import { JobTracker, type Tracked } from '../jobTable/tracker';
import { isAgentTool } from '../shared/node';
import { isOn } from '../shared/options';
import type { RunOptions } from './runOptions';

/** The Veo API for all requests of one run. */
export interface ApiAccess {
	client: VeoClient;
	retry: RetryRules;
	/** Whether the API is in the user's own network, such as the emulator. */
	isPrivate: boolean;
}

/** `signal` aborts requests that cost nothing, and pauses. Throws `VeoError` if the credential cannot be used. */
export async function openVeoApi(
	context: IExecuteFunctions,
	{ requestTimeoutMs, maxRetries }: RunOptions,
	signal: AbortSignal,
): Promise<ApiAccess> {
	const transport = await openTransport(context, 'veoApi', requestTimeoutMs);
	const data = await context.getCredentials<ICredentialDataDecryptedObject>('veoApi');
	const { baseUrl } = readCredentials('veoApi', data);
	return {
		client: new VeoClient(transport),
		retry: { backoff: new Backoff(), maxRetries, signal },
		isPrivate: isPrivateAddress(baseUrl),
	};
}

/** The paid requests of this execution: in the node's memory, and in the job table if Track Job is on. */
export interface JobRecords {
	submissions: Submissions;
	videoLimit: VideoLimit;
	tracker?: JobTracker;
}

/** Throws `VeoError` if the job table cannot be used. */
export async function openJobRecords(
	context: IExecuteFunctions,
	options: RunOptions,
	stop: AbortSignal | undefined,
): Promise<JobRecords> {
	const runIndex = Number(context.getWorkflowDataProxy(0).$runIndex);
	// Each call of an agent's tool is a run of its own. A call that repeats one without a result is a retry of it.
	const submissionRun = isAgentTool(context.getNode()) ? 0 : runIndex;
	const memory = context.getContext('node');
	const submissions = new Submissions(memory, submissionRun);
	const videoLimit = new VideoLimit(memory, context.getExecutionId(), options.maxVideos);
	if (!isOn(context.getNodeParameter('trackJob', 0, false))) return { submissions, videoLimit };
	const tracker = await openTracker(context, options, runIndex, stop);
	return { submissions, videoLimit, tracker };
}

/** Whether a try of this execution has submitted the item before, so that it is taken up. */
export function wasSubmitted({ submissions, tracker }: JobRecords, item: Tracked): boolean {
	if (submissions.find(item.itemIndex, item.requestHash)) return true;
	const row = tracker?.earlier(item);
	return row?.uuid !== undefined || row?.status === 'submitting';
}

/** Throws `VeoError` if the new videos of this run alone are more than Max Videos per Execution. */
export function checkVideoLimit(items: Tracked[], records: JobRecords, options: RunOptions): void {
	// Which items the job table has a video for is known only when each is looked up.
	if (options.reuseIdentical && records.tracker) return;
	records.videoLimit.checkRun(items.filter((item) => !wasSubmitted(records, item)).length);
}

async function openTracker(
	context: IExecuteFunctions,
	{ requestTimeoutMs, maxRetries, reuseIdentical }: RunOptions,
	runIndex: number,
	stop: AbortSignal | undefined,
): Promise<JobTracker> {
	const tableName = checkTableName(context.getNodeParameter('jobTableName', 0, 'veo_jobs'));
	const transport = await openTransport(context, 'veoJobTableApi', requestTimeoutMs);
	// A retry has an execution ID of its own. Node memory keeps the first one, except when n8n crashed or was stopped.
	const memory = context.getContext('node');
	const executionId = context.getExecutionId();
	memory.firstExecutionId ??=
		context.getMode() === 'retry' ? await firstExecution(transport, executionId) : executionId;
	const run = {
		executionId: String(memory.firstExecutionId),
		workflowId: context.getWorkflow().id ?? '',
		nodeId: context.getNode().id,
		runIndex,
	};
	// A backoff of its own: a slow n8n must not slow down the Veo API. Only the user's Stop aborts these requests: an
	// accepted job has to be recorded even when another item ends the run.
	const retry = { backoff: new Backoff(), maxRetries, signal: stop };
	const tracker = new JobTracker(jobTable(transport, tableName), run, retry, reuseIdentical);
	await tracker.open();
	return tracker;
}
