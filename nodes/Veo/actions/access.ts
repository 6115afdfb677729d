import type {
	ICredentialDataDecryptedObject,
	IExecuteFunctions,
	INodeExecutionData,
} from 'n8n-workflow';
import { isPrivateAddress } from '../api/address';
import { Backoff } from '../api/backoff';
import { VeoClient } from '../api/client';
import type { RetryRules } from '../api/retry';
import { readCredentials } from '../http/credentials';
import { openTransport } from '../http/request';
import { SubmissionQueue } from '../jobs/submissionQueue';
import { Submissions } from '../jobs/submissions';
import type { PaidItem, SubmitRules } from '../jobs/paidAttempt';
import { VideoLimit } from '../jobs/videoLimit';
import { firstExecution } from '../jobTable/executions';
import { checkTableRef, jobTable } from '../jobTable/jobTable';
import { JobTracker, type Tracked } from '../jobTable/tracker';
import { isAgentTool } from '../shared/node';
import { isOn } from '../shared/options';
import type { RunOptions } from './runOptions';
import type { RunSignals } from './runSignals';
import { situationOf } from './situation';

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
	const data = await context.getCredentials<ICredentialDataDecryptedObject>('veoApi');
	const transport = await openTransport(context, 'veoApi', requestTimeoutMs, data);
	const { baseUrl } = readCredentials('veoApi', data);
	return {
		client: new VeoClient(transport),
		retry: { backoff: new Backoff(), maxRetries, signal },
		isPrivate: isPrivateAddress(baseUrl),
	};
}

/**
 * What Generate and Generate and Wait need to submit videos: the paid requests of this execution in the node's memory, and
 * in the job table if Track Job is on. Throws `VeoError` if the job table cannot be used.
 */
export async function openJobs(
	context: IExecuteFunctions,
	options: RunOptions,
	{ client, retry }: ApiAccess,
	{ stop, end }: RunSignals,
): Promise<SubmitRules> {
	const isTracked = isOn(context.getNodeParameter('trackJob', 0, false));
	const { maxRetries, maxWaitMs } = options;
	const memory = context.getContext('node');
	const executionId = context.getExecutionId();
	const situation = situationOf(context);
	return {
		client,
		retry,
		queue: new SubmissionQueue({ maxRetries, maxSlotWaitMs: maxWaitMs, signal: end }),
		submissions: openSubmissions(context),
		videoLimit: new VideoLimit(memory, executionId, options.maxVideos, situation),
		tracker: isTracked ? await openTracker(context, options, stop) : undefined,
		reuseIdentical: options.reuseIdentical,
		executionId,
		isRetryByUser: context.getMode() === 'retry' && !context.continueOnFail(),
		maxMadeAgain: options.maxMadeAgain,
		sendUnclearAgain: options.sendUnclearAgain,
		situation,
		stop,
	};
}

/** Whether a try of this execution has submitted the item before, so that it is taken up. */
export function wasSubmitted({ submissions, tracker }: SubmitRules, item: Tracked): boolean {
	if (submissions.find(item.itemIndex, item.requestHash)) return true;
	const row = tracker?.earlier(item);
	return row?.uuid !== undefined || row?.status === 'submitting';
}

/** Whether the job table may have a video for the item, which is known only when it is looked up. */
export const mayBeTakenUp = (
	{ tracker, reuseIdentical }: SubmitRules,
	{ idempotencyKey }: Pick<PaidItem, 'idempotencyKey'>,
): boolean => tracker !== undefined && (reuseIdentical || idempotencyKey !== undefined);

/** Throws `VeoError` if the new videos of this run alone are more than Max Videos per Execution. */
export function checkVideoLimit(items: PaidItem[], rules: SubmitRules): void {
	const isNew = (item: PaidItem) => !mayBeTakenUp(rules, item) && !wasSubmitted(rules, item);
	rules.videoLimit.checkRun(items.filter(isNew).length);
}

/** The paid requests of this run in the node's memory. */
export function openSubmissions(context: IExecuteFunctions): Submissions {
	// Each call of an agent's tool is a run of its own. A call that repeats one without a result is a retry of it.
	const runIndex = isAgentTool(context.getNode()) ? 0 : runIndexOf(context);
	return new Submissions(context.getContext('node'), runIndex);
}

/** Reads the items of an earlier run of a node. */
interface EarlierRuns {
	$items: (nodeName: string, output: number, runIndex: number) => INodeExecutionData[];
}

/**
 * The turn of a loop. After a crash, n8n invents a first run for each node that had started, and a retry counts it: with
 * another number, the jobs of the crashed run would not be found, and be paid for again.
 */
function runIndexOf(context: IExecuteFunctions): number {
	const data = context.getWorkflowDataProxy(0);
	const runIndex = Number(data.$runIndex);
	const node = context.getNode();
	if (runIndex === 0 || context.getMode() !== 'retry' || isAgentTool(node)) return runIndex;
	const { $items }: EarlierRuns = data;
	try {
		if ($items(node.name, 0, 0)[0]?.json.isArtificialRecoveredEventItem !== true) return runIndex;
	} catch {
		// Where the node itself crashed, the invented run has no items.
	}
	return runIndex - 1;
}

async function openTracker(
	context: IExecuteFunctions,
	{ requestTimeoutMs, maxRetries }: RunOptions,
	stop: AbortSignal | undefined,
): Promise<JobTracker> {
	const tableRef = checkTableRef(context.getNodeParameter('jobTableName', 0, 'veo_jobs'));
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
		runIndex: runIndexOf(context),
	};
	// A backoff of its own: a slow n8n must not slow down the Veo API. Only the user's Stop aborts these requests: an
	// accepted job has to be recorded even when another item ends the run.
	const retry = { backoff: new Backoff(), maxRetries, signal: stop };
	const tracker = new JobTracker(jobTable(transport, tableRef), run, retry, requestTimeoutMs);
	await tracker.open();
	return tracker;
}
