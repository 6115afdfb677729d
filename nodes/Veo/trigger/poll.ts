import {
	type ICredentialDataDecryptedObject,
	type IDataObject,
	type INodeExecutionData,
	type IPollFunctions,
	NodeApiError,
	NodeOperationError,
} from 'n8n-workflow';
import { fetchVideo, type Video } from '../actions/download';
import { RequestFailed, VeoClient, type VideoStatus } from '../api/client';
import { VeoFailure } from '../api/failure';
import { nothingFinished, noUuids, tableFailed } from '../api/messages';
import type { JsonObject } from '../api/outcome';
import { Pace } from '../api/pace';
import { POLICY } from '../api/policy';
import {
	apiTransport,
	type CredentialType,
	readCredentials,
	sendFromNode,
	systemClock,
} from '../transport';
import type { TriggerOptions, Watch, WatchContext } from './watch';
import { watchTable } from './watchTable';
import { watchUuids } from './watchUuids';

const REQUEST_TIMEOUT_MS = 20_000;
/** n8n polls at most once a minute; whoever goes on checking must have ended by then. */
const KEEP_CHECKING_MS = 54_000;
/** The poll at activation is waited for by the user, or by the start of the instance. */
const AT_ACTIVATION_MS = 5_000;
const LEAST_POLL_INTERVAL_MS = 5_000;

/** Since when each activation of a trigger polls. n8n makes one context for all the polls of an activation. */
const activeSince = new WeakMap<IPollFunctions, number>();
/** The triggers that are polling right now. n8n starts the next poll whether or not the last one has ended. */
const polling = new Set<string>();

/**
 * One poll of the Veo Trigger. What is finished is given to n8n at once, not at the end; so it gives nothing back, but for
 * the sample that the editor asks for. Throws the two n8n node errors, for what the user has to mend.
 */
export async function pollJobs(context: IPollFunctions): Promise<INodeExecutionData[][] | null> {
	if (context.getMode() === 'manual') return [[await sample(context)]];

	const key = `${context.getWorkflow().id}/${context.getNode().id}`;
	if (polling.has(key)) return null;
	polling.add(key);
	await poll(context).finally(() => polling.delete(key));
	return null;
}

async function poll(context: IPollFunctions): Promise<void> {
	const startedMs = systemClock.now();
	const atActivation = !activeSince.has(context);
	if (atActivation) activeSince.set(context, startedMs);

	const options = readOptions(context);
	const budgetMs = atActivation ? AT_ACTIVATION_MS : KEEP_CHECKING_MS;
	const untilMs = startedMs + Math.min(budgetMs, budgetOf(context));
	const watch = await openWatch(context, options, activeSince.get(context) ?? startedMs);

	for (;;) {
		const roundMs = systemClock.now();
		await watch.round(untilMs).catch((thrown: unknown) => handle(context, thrown));
		const nextMs = roundMs + options.intervalMs;
		if (atActivation || !options.keepChecking || nextMs >= untilMs) return;
		await systemClock.sleep(nextMs - systemClock.now());
	}
}

async function sample(context: IPollFunctions): Promise<INodeExecutionData> {
	const watch = await openWatch(context, readOptions(context), systemClock.now());
	const latest = await watch.sample().catch((thrown: unknown) => {
		throw toNodeFailure(context, thrown);
	});
	if (!latest) throw toNodeFailure(context, nothingFinished());
	return await toItem(context, latest);
}

/** A passing outage is logged, and the next round tries again; what the user has to mend is thrown. */
function handle(context: IPollFunctions, thrown: unknown): void {
	const passing = thrown instanceof RequestFailed && POLICY[thrown.outcome.name].status === 'again';
	if (!passing) throw toNodeFailure(context, thrown);
	context.logger.warn(`Veo Trigger: ${toFailure(context, thrown).message}`);
}

async function openWatch(
	context: IPollFunctions,
	options: TriggerOptions,
	activeSinceMs: number,
): Promise<Watch> {
	const transport = async (credentialType: CredentialType) => {
		const data = await context.getCredentials<ICredentialDataDecryptedObject>(credentialType);
		const credentials = readCredentials(credentialType, data);
		return apiTransport(sendFromNode(context, credentialType), credentials, REQUEST_TIMEOUT_MS);
	};
	const open = async (): Promise<Watch> => {
		const watching: WatchContext = {
			context,
			client: new VeoClient(await transport('veoApi'), systemClock.now),
			options,
			toItem: async (job, video) => await toItem(context, job, video),
		};
		if (context.getNodeParameter('watch') === 'uuids') {
			return watchUuids(watching, readUuids(context.getNodeParameter('uuids')), activeSinceMs);
		}
		return watchTable(
			watching,
			await transport('veoJobTableApi'),
			tableNameOf(context),
			activeSinceMs,
		);
	};
	return await open().catch((thrown: unknown) => {
		throw toNodeFailure(context, thrown);
	});
}

/** What the status answer held, over what the job table knew, with the file where the user wants it. */
async function toItem(
	context: IPollFunctions,
	job: JsonObject,
	video?: VideoStatus,
): Promise<INodeExecutionData> {
	const known = { ...job, ...video };
	const json = known as IDataObject;
	const whole: Video = { ...known, uuid: String(known.uuid), status: String(known.status) };
	if (whole.status !== 'completed' || context.getNodeParameter('downloadVideo', false) !== true) {
		return { json };
	}
	const retry = { pace: new Pace(systemClock), maxRetries: 2 };
	const field = context.getNodeParameter('binaryOutputField', 'data') as string;
	const downloading = { context, clock: systemClock, retry, requestTimeoutMs: REQUEST_TIMEOUT_MS };
	return await fetchVideo(downloading, whole).then(
		(file) => ({ json, binary: { [field]: file } }),
		// The news of the video must not be lost with its file.
		(thrown: unknown) => ({ json: { ...json, downloadHint: toFailure(context, thrown).message } }),
	);
}

function readOptions(context: IPollFunctions): TriggerOptions {
	const { keepChecking, pollInterval, giveUpAfter } = context.getNodeParameter(
		'options',
		{},
	) as IDataObject;
	return {
		events: context.getNodeParameter('events', ['completed']) as string[],
		keepChecking: keepChecking !== false,
		intervalMs: Math.max(LEAST_POLL_INTERVAL_MS, Number(pollInterval ?? 10) * 1000),
		giveUpAfterMs: Number(giveUpAfter ?? 24) * 60 * 60_000,
	};
}

const tableNameOf = (context: IPollFunctions) =>
	context.getNodeParameter('jobTableName', 'veo_jobs') as string;

/** One or many, parted by commas, spaces or new lines; an expression may give an array. Throws `VeoFailure`. */
export function readUuids(value: unknown): string[] {
	const parts = (Array.isArray(value) ? value : [value]).flatMap((part) =>
		typeof part === 'string' || typeof part === 'number' ? String(part).split(/[\s,]+/) : [],
	);
	const uuids = [...new Set(parts.filter((part) => part !== ''))];
	if (uuids.length === 0) throw noUuids();
	return uuids;
}

/** How long this poll may take; only newer versions of n8n say so. */
function budgetOf(context: IPollFunctions & { getPollBudgetMs?: () => number }): number {
	return context.getPollBudgetMs?.() ?? Infinity;
}

function toFailure(context: IPollFunctions, thrown: unknown): Error {
	if (!(thrown instanceof RequestFailed)) {
		return thrown instanceof Error ? thrown : new Error(String(thrown));
	}
	return tableFailed(tableNameOf(context), thrown.outcome);
}

function toNodeFailure(
	context: IPollFunctions,
	thrown: unknown,
): NodeApiError | NodeOperationError {
	const failure = toFailure(context, thrown);
	if (!(failure instanceof VeoFailure)) {
		return new NodeOperationError(context.getNode(), failure.message);
	}
	const { what, next, facts } = failure;
	const description = [next, facts.details].filter(Boolean).join(' ');
	return facts.input
		? new NodeOperationError(context.getNode(), what, { description })
		: new NodeApiError(
				context.getNode(),
				{ message: what },
				{ message: what, description, httpCode: facts.httpStatus?.toString() },
			);
}
