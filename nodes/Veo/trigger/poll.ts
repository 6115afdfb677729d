import type { IDataObject, INodeExecutionData, IPollFunctions } from 'n8n-workflow';
import { Backoff } from '../api/backoff';
import { sleepUnlessAborted } from '../api/abort';
import { VeoClient, type VideoStatus } from '../api/client';
import type { JsonObject } from '../api/json';
import { checkKey } from '../api/keyCheck';
import { mayPass } from '../api/policy';
import { checkTableName } from '../api/validation';
import { triggerOptionsField } from '../descriptions/trigger';
import { noUuids, nothingFinished, requestFailed, tableFailed } from '../errors/messages';
import { type NodeError, textOf, toNodeError } from '../errors/nodeErrors';
import { RequestError } from '../errors/outcome';
import type { CredentialName } from '../http/credentials';
import { openTransport } from '../http/request';
import { attachVideo } from '../shared/attachVideo';
import { toItemJson } from '../shared/items';
import { isOn, readNumber } from '../shared/options';
import type { Checks, TriggerOptions, Watch } from './watch';
import { watchTable } from './watchTable';
import { watchUuids } from './watchUuids';

const REQUEST_TIMEOUT_MS = 20_000;
/** n8n polls at most once a minute. Between two polls, the first one keeps checking. */
const KEEP_CHECKING_MS = 60_000;
/** The user, or the start of the instance, waits for the poll at activation. */
const ACTIVATION_TIMEOUT_MS = 5_000;
/** What n8n returns as the budget of a poll without a limit. */
const NO_BUDGET_MS = 5 * 60_000;
const MAX_DOWNLOAD_RETRIES = 2;

/** The state that the polls of one activation share. n8n creates one context for all of them. */
interface Activation {
	sinceMs: number;
	backoff: Backoff;
}
const activations = new WeakMap<IPollFunctions, Activation>();

interface RunningPoll {
	/** Ends the poll after its current round. */
	superseded: AbortController;
	/** Never rejects. */
	ended: Promise<unknown>;
}
/** By trigger: the running poll, and whether another one waits for its end. */
const running = new Map<string, RunningPoll>();
const waiting = new Set<string>();

/**
 * One poll of the Veo Trigger. It emits finished videos at once, so it returns items only for a test event. Throws n8n's
 * node errors for what the user has to mend.
 */
export async function pollJobs(context: IPollFunctions): Promise<INodeExecutionData[][] | null> {
	if (context.getMode() === 'manual') return [[await sample(context)]];

	const key = `${context.getWorkflow().id}/${context.getNode().id}`;
	const known = activations.get(context);
	const activation = known ?? { sinceMs: Date.now(), backoff: new Backoff() };
	activations.set(context, activation);

	// n8n's durable scheduler, off by default, creates a context for each poll. Only it limits their time.
	if (!known && budgetOf(context) >= NO_BUDGET_MS) {
		running.get(key)?.superseded.abort();
		await activate(context, activation);
	} else if (!waiting.has(key)) {
		await takeOver(key, async (superseded) => await poll(context, activation, superseded));
	}
	return null;
}

/** n8n starts a poll even if the previous one has not ended. Here it starts right after the previous one. */
async function takeOver(key: string, poll: (superseded: AbortSignal) => Promise<void>) {
	const previous = running.get(key);
	if (previous) {
		previous.superseded.abort();
		waiting.add(key);
		await previous.ended.finally(() => waiting.delete(key));
	}
	const superseded = new AbortController();
	const polled = poll(superseded.signal).finally(() => running.delete(key));
	running.set(key, { superseded, ended: polled.catch(() => undefined) });
	await polled;
}

/** Checks the settings only. An error ends the activation, and n8n shows its message. */
async function activate(context: IPollFunctions, activation: Activation): Promise<void> {
	const { watch, client } = await openWatch(context, activation, ACTIVATION_TIMEOUT_MS);
	// A user who publishes may have entered a wrong address. At the start of n8n, its API is not ready yet.
	const isByUser = !['init', 'leadershipChange'].includes(context.getActivationMode());
	await watch.open().catch((thrown: unknown) => {
		if (isByUser) throw toTriggerError(context, thrown);
		handle(context, thrown);
	});
	const refused = await checkKey(client);
	if (refused && !mayPass(refused.outcome)) {
		throw toTriggerError(context, requestFailed(refused.outcome));
	}
}

async function poll(
	context: IPollFunctions,
	activation: Activation,
	superseded: AbortSignal,
): Promise<void> {
	const options = readOptions(context);
	const untilMs = Date.now() + Math.min(KEEP_CHECKING_MS, budgetOf(context));
	const { watch } = await openWatch(context, activation, REQUEST_TIMEOUT_MS);

	for (;;) {
		const roundMs = Date.now();
		await watch.round(untilMs).catch((thrown: unknown) => handle(context, thrown));
		const nextMs = Math.max(roundMs + options.intervalMs, Date.now());
		if (!options.keepChecking || nextMs >= untilMs) return;
		await sleepUnlessAborted(nextMs - Date.now(), superseded);
		if (superseded.aborted) return;
	}
}

async function sample(context: IPollFunctions): Promise<INodeExecutionData> {
	const activation = { sinceMs: Date.now(), backoff: new Backoff() };
	const { watch } = await openWatch(context, activation, REQUEST_TIMEOUT_MS);
	const latest = await watch.sample().catch((thrown: unknown) => {
		throw toTriggerError(context, thrown);
	});
	if (!latest) throw toTriggerError(context, nothingFinished());
	return await toItem(context, latest);
}

/** Logs an outage that may pass; the next round tries again. Throws what the user has to mend. */
function handle(context: IPollFunctions, thrown: unknown): void {
	if (!(thrown instanceof RequestError && mayPass(thrown.outcome))) {
		throw toTriggerError(context, thrown);
	}
	log(context, textOf(toVeoError(context, thrown)));
}

function log(context: IPollFunctions, message: string): void {
	context.logger.warn(`Veo Trigger "${context.getNode().name}": ${message}`);
}

async function openWatch(
	context: IPollFunctions,
	{ sinceMs, backoff }: Activation,
	requestTimeoutMs: number,
): Promise<{ watch: Watch; client: VeoClient }> {
	const open = async (name: CredentialName) => await openTransport(context, name, requestTimeoutMs);
	const toWatchItem = async (job: JsonObject, video?: VideoStatus) =>
		await toItem(context, job, video);
	const openOrThrow = async () => {
		const client = new VeoClient(await open('veoApi'));
		const checks: Checks = { client, backoff, log: (message) => log(context, message) };
		const options = readOptions(context);
		const watch =
			context.getNodeParameter('watch') === 'uuids'
				? watchUuids(
						context,
						checks,
						options,
						readUuids(context.getNodeParameter('uuids')),
						sinceMs,
						toWatchItem,
					)
				: watchTable(
						context,
						await open('veoJobTableApi'),
						tableNameOf(context),
						checks,
						options,
						sinceMs,
						toWatchItem,
					);
		return { watch, client };
	};
	return await openOrThrow().catch((thrown: unknown) => {
		throw toTriggerError(context, thrown);
	});
}

/** The status answer over the job table's row, with the video file if the user wants it. */
async function toItem(
	context: IPollFunctions,
	job: JsonObject,
	video?: VideoStatus,
): Promise<INodeExecutionData> {
	const known = { ...job, ...video };
	const json = toItemJson(known);
	const { uuid, status } = known;
	if (status !== 'completed' || !isOn(context.getNodeParameter('downloadVideo', false))) {
		return { json };
	}
	const field = context.getNodeParameter('binaryOutputField', 'data') as string;
	const rules = {
		retry: { maxRetries: MAX_DOWNLOAD_RETRIES },
		requestTimeoutMs: REQUEST_TIMEOUT_MS,
	};
	return await attachVideo(context, { ...known, uuid: String(uuid), status }, field, rules).then(
		(file) => ({ json, ...file }),
		// Emit the item even if the download fails.
		(thrown: unknown) => ({ json: { ...json, downloadHint: textOf(thrown) } }),
	);
}

function readOptions(context: IPollFunctions): TriggerOptions {
	const raw = context.getNodeParameter('options', {}) as IDataObject;
	const number = (name: string) => readNumber(triggerOptionsField, raw, name);
	return {
		events: context.getNodeParameter('events', ['completed']) as string[],
		keepChecking: isOn(raw.keepChecking ?? true),
		intervalMs: number('pollInterval') * 1000,
		giveUpAfterMs: number('giveUpAfter') * 60 * 60_000,
	};
}

const tableNameOf = (context: IPollFunctions) =>
	checkTableName(context.getNodeParameter('jobTableName', 'veo_jobs'));

/** One or many, separated by commas, spaces or new lines; an expression may return an array. Throws `VeoError`. */
export function readUuids(value: unknown): string[] {
	const parts = (Array.isArray(value) ? value : [value]).flatMap((part) =>
		typeof part === 'string' || typeof part === 'number' ? String(part).split(/[\s,]+/) : [],
	);
	const uuids = [...new Set(parts.filter((part) => part !== ''))];
	if (uuids.length === 0) throw noUuids();
	return uuids;
}

/** How long this poll may take. Only newer versions of n8n limit it. */
function budgetOf(context: IPollFunctions & { getPollBudgetMs?: () => number }): number {
	return context.getPollBudgetMs?.() ?? NO_BUDGET_MS;
}

/** Requests to the Veo API are converted where they are made, so a `RequestError` here is n8n's. */
const toVeoError = (context: IPollFunctions, thrown: unknown) =>
	thrown instanceof RequestError ? tableFailed(tableNameOf(context), thrown.outcome) : thrown;

function toTriggerError(context: IPollFunctions, thrown: unknown): NodeError {
	// n8n shows only the message of a failed activation.
	const messageOnly = context.getMode() !== 'manual';
	return toNodeError(context.getNode(), toVeoError(context, thrown), { messageOnly });
}
