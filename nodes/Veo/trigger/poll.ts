import {
	type IDataObject,
	type INodeExecutionData,
	type IPollFunctions,
	NodeOperationError,
} from 'n8n-workflow';
import { fetchVideo, type Video } from '../shared/attachVideo';
import { triggerOptionsField } from '../descriptions/fields';
import { isOn, readNumber } from '../shared/options';
import { checkTableName } from '../api/validation';
import { RequestFailed, VeoClient, type VideoStatus } from '../api/client';
import { VeoFailure } from '../errors/VeoError';
import { refusalOfKey } from '../api/keyCheck';
import { keyRefused, nothingFinished, noUuids, tableFailed } from '../errors/messages';
import type { JsonObject } from '../errors/outcome';
import { Pace } from '../api/backoff';
import { POLICY } from '../api/policy';
import { type NodeFailure, nodeFailure } from '../errors/nodeErrors';
import { type CredentialType, openTransport, systemClock } from '../http/request';
import type { TriggerOptions, Watch, WatchContext } from './watch';
import { watchTable } from './watchTable';
import { watchUuids } from './watchUuids';

const REQUEST_TIMEOUT_MS = 20_000;
/** n8n polls at most once a minute: whoever goes on checking does so until the next poll takes over. */
const KEEP_CHECKING_MS = 60_000;
/** The poll at activation is waited for by the user, or by the start of the instance. */
const TIMEOUT_AT_ACTIVATION_MS = 5_000;
/** What n8n tells as the budget of a poll where nothing limits it. */
const NO_BUDGET_MS = 5 * 60_000;

/** What the polls of one activation have in common. n8n makes one context for all of them. */
interface Activation {
	sinceMs: number;
	pace: Pace;
}
const activations = new WeakMap<IPollFunctions, Activation>();

/** A poll that is under way. */
interface Polling {
	/** Ends it, but not in the middle of a round. */
	superseded: AbortController;
	/** Never rejects. */
	ended: Promise<unknown>;
}
/** By trigger: the poll that is under way, and the one that waits for its end. */
const polling = new Map<string, Polling>();
const waiting = new Set<string>();

/**
 * One poll of the Veo Trigger. What is finished is given to n8n at once, not at the end; so it gives nothing back, but for
 * the sample that the editor asks for. Throws the two n8n node errors, for what the user has to mend.
 */
export async function pollJobs(context: IPollFunctions): Promise<INodeExecutionData[][] | null> {
	if (context.getMode() === 'manual') return [[await sample(context)]];

	const key = `${context.getWorkflow().id}/${context.getNode().id}`;
	const known = activations.get(context);
	const activation = known ?? { sinceMs: systemClock.now(), pace: new Pace(systemClock) };
	activations.set(context, activation);

	// n8n's durable scheduler, off by default, makes a context for each poll. It alone limits their time.
	if (!known && budgetOf(context) >= NO_BUDGET_MS) {
		polling.get(key)?.superseded.abort();
		await activate(context, activation);
	} else if (!waiting.has(key)) {
		await takeOver(key, async (superseded) => await poll(context, activation, superseded));
	}
	return null;
}

/** n8n starts the next poll whether or not the last one has ended. Here one follows the other, without a gap. */
async function takeOver(key: string, poll: (superseded: AbortSignal) => Promise<void>) {
	const before = polling.get(key);
	if (before) {
		before.superseded.abort();
		waiting.add(key);
		await before.ended.finally(() => waiting.delete(key));
	}
	const superseded = new AbortController();
	const polled = poll(superseded.signal).finally(() => polling.delete(key));
	polling.set(key, { superseded, ended: polled.catch(() => undefined) });
	await polled;
}

/** Looks whether all is well, and no more. What it throws ends the activation, and its message is all that users see. */
async function activate(context: IPollFunctions, activation: Activation): Promise<void> {
	const { watch, client } = await openWatch(context, activation, TIMEOUT_AT_ACTIVATION_MS);
	// Who activates a trigger may just have given a wrong address. At the start of n8n it is n8n that is not there yet.
	const byUser = !['init', 'leadershipChange'].includes(context.getActivationMode());
	await watch.open().catch((thrown: unknown) => {
		if (byUser) throw toNodeFailure(context, thrown);
		handle(context, thrown);
	});
	const refused = (await refusalOfKey(client))?.refused;
	if (refused && !isPassing(refused)) throw toNodeFailure(context, keyRefused(refused.outcome));
}

async function poll(
	context: IPollFunctions,
	activation: Activation,
	superseded: AbortSignal,
): Promise<void> {
	const options = readOptions(context);
	const untilMs = systemClock.now() + Math.min(KEEP_CHECKING_MS, budgetOf(context));
	const { watch } = await openWatch(context, activation, REQUEST_TIMEOUT_MS);

	for (;;) {
		const roundMs = systemClock.now();
		await watch.round(untilMs).catch((thrown: unknown) => handle(context, thrown));
		const nextMs = Math.max(roundMs + options.intervalMs, systemClock.now());
		if (!options.keepChecking || nextMs >= untilMs) return;
		await systemClock.sleep(nextMs - systemClock.now(), superseded);
		if (superseded.aborted) return;
	}
}

async function sample(context: IPollFunctions): Promise<INodeExecutionData> {
	const activation = { sinceMs: systemClock.now(), pace: new Pace(systemClock) };
	const { watch } = await openWatch(context, activation, REQUEST_TIMEOUT_MS);
	const latest = await watch.sample().catch((thrown: unknown) => {
		throw toNodeFailure(context, thrown);
	});
	if (!latest) throw toNodeFailure(context, nothingFinished());
	return await toItem(context, latest);
}

/** A passing outage is logged, and the next round tries again; what the user has to mend is thrown. */
function handle(context: IPollFunctions, thrown: unknown): void {
	if (!(thrown instanceof RequestFailed && isPassing(thrown))) throw toNodeFailure(context, thrown);
	log(context, toFailure(context, thrown).message);
}

const isPassing = ({ outcome }: RequestFailed) => POLICY[outcome.name].status === 'again';

function log(context: IPollFunctions, message: string): void {
	context.logger.warn(`Veo Trigger "${context.getNode().name}": ${message}`);
}

async function openWatch(
	context: IPollFunctions,
	{ sinceMs, pace }: Activation,
	requestTimeoutMs: number,
): Promise<{ watch: Watch; client: VeoClient }> {
	const transport = async (credentialType: CredentialType) =>
		await openTransport(context, credentialType, requestTimeoutMs);
	const open = async () => {
		const client = new VeoClient(await transport('veoApi'), systemClock.now);
		const watching: WatchContext = {
			context,
			client,
			pace,
			options: readOptions(context),
			activeSinceMs: sinceMs,
			log: (message) => log(context, message),
			toItem: async (job, video) => await toItem(context, job, video),
		};
		const watch =
			context.getNodeParameter('watch') === 'uuids'
				? watchUuids(watching, readUuids(context.getNodeParameter('uuids')))
				: watchTable(watching, await transport('veoJobTableApi'), tableNameOf(context));
		return { watch, client };
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
	if (whole.status !== 'completed' || !isOn(context.getNodeParameter('downloadVideo', false))) {
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

/** One or many, separated by commas, spaces or new lines; an expression may give an array. Throws `VeoFailure`. */
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
	return context.getPollBudgetMs?.() ?? NO_BUDGET_MS;
}

function toFailure(context: IPollFunctions, thrown: unknown): Error {
	if (!(thrown instanceof RequestFailed)) {
		return thrown instanceof Error ? thrown : new Error(String(thrown));
	}
	return tableFailed(tableNameOf(context), thrown.outcome);
}

function toNodeFailure(context: IPollFunctions, thrown: unknown): NodeFailure {
	const failure = toFailure(context, thrown);
	if (!(failure instanceof VeoFailure)) {
		return new NodeOperationError(context.getNode(), failure.message);
	}
	const { what, next } = failure;
	// Where an activation fails, n8n shows the message alone.
	return context.getMode() === 'manual'
		? nodeFailure(context.getNode(), failure, what, { description: next })
		: nodeFailure(context.getNode(), failure, `${what}. ${next}`, {});
}
