import type { ICredentialDataDecryptedObject, ITriggerResponse } from 'n8n-workflow';
import { sleepUnlessAborted } from '../api/abort';
import { Backoff } from '../api/backoff';
import { VeoClient } from '../api/client';
import { checkKey } from '../api/keyCheck';
import { isKeyRefused, mayPass } from '../api/policy';
import type { ApiAnswer, NoAnswer, Transport } from '../api/transport';
import { nothingFinished, requestFailed, tableFailed } from '../errors/messages';
import { textOf, toNodeError } from '../errors/nodeErrors';
import { type Outcome, RequestError } from '../errors/outcome';
import { StoppedError } from '../errors/VeoError';
import { openTransport } from '../http/request';
import { CheckQueue } from '../jobs/checkQueue';
import { Experience } from '../jobs/experience';
import { labelOf, type TableRef } from '../jobTable/dataTable';
import { type TriggerContext, triggerKeyOf } from './context';
import { Deliverer } from './deliverer';
import { Reporter } from './reporter';
import { sample } from './sample';
import { readSettings, type TriggerSettings } from './settings';
import { REQUEST_TIMEOUT_MS, toItem } from './toItem';
import { TriggerTable } from './triggerTable';
import type { Active, Watch } from './watch';
import { openJobTable, TableWatch } from './watchTable';
import { staticStore, UuidsWatch } from './watchUuids';

/** The user waits for the activation. */
const ACTIVATION_TIMEOUT_MS = 5_000;
/** After a failed round the next one comes sooner: at the start of n8n, its API may not be ready yet. */
const FIRST_RETRY_MS = 500;
/** How long no check is sent after the API refused the key. A changed credential ends that at once. */
const FIRST_REFUSED_MS = 10_000;
const MAX_REFUSED_MS = 5 * 60_000;
const CREDENTIAL_CHECK_MS = 2_000;
/** Hints about unknown jobs cause at most one look into the table in this time. */
const LOOK_MS = 5_000;
const MAX_HINTED = 100;

/** By workflow and node: n8n 1.x and 2.0 may leave a trigger running without closing it. */
const active = new Map<string, TriggerLoop>();

/**
 * The Veo Trigger. It polls the API by itself from activation to deactivation, and reads its form once. Throws n8n's node
 * errors if a user publishes the workflow and something has to be corrected first.
 */
export async function startTrigger(context: TriggerContext): Promise<ITriggerResponse> {
	const close = new AbortController();
	const toError = (thrown: unknown) =>
		toNodeError(context.getNode(), thrown, { messageOnly: context.getMode() !== 'manual' });
	const orNodeError = async <T>(work: () => Promise<T>): Promise<T> =>
		await work().catch((thrown: unknown) => {
			throw toError(thrown);
		});

	if (context.getMode() === 'manual') {
		const emitSample = async () => {
			const settings = readSettings(context);
			const access = await openAccess(context, settings, REQUEST_TIMEOUT_MS, close.signal);
			const job = await sample(settings, access).catch((thrown: unknown) => {
				throw toVeoError(settings, thrown);
			});
			if (!job) throw nothingFinished();
			const { client } = access;
			context.emit([[await toItem(context, job, settings.file, client, close.signal)]]);
		};
		return {
			manualTriggerFunction: async () => await orNodeError(emitSample),
			closeFunction: async () => await Promise.resolve(close.abort()),
		};
	}

	const settings = await orNodeError(async () => await Promise.resolve(readSettings(context)));
	// A user who publishes may have entered a wrong address. At the start of n8n, its API is not ready yet.
	const isByUser = !['init', 'leadershipChange'].includes(context.getActivationMode());
	if (isByUser) await orNodeError(async () => await checkAccess(context, settings));

	const key = triggerKeyOf(context);
	active.get(key)?.close();
	const loop = new TriggerLoop(context, settings);
	active.set(key, loop);
	void loop.run();
	return {
		closeFunction: async () => {
			loop.close();
			if (active.get(key) === loop) active.delete(key);
			await Promise.resolve();
		},
	};
}

/** Passes the strings of a webhook call to the active trigger, if it runs in this process. */
export function hint(key: string, texts: string[]): void {
	active.get(key)?.hint(texts);
}

/** Both APIs with the credentials as they are now. */
export interface Access {
	client: VeoClient;
	n8nApi: Transport;
	/** Tells whether the Veo API credential has changed. */
	credential: string;
}

async function openAccess(
	context: TriggerContext,
	{ watch }: TriggerSettings,
	requestTimeoutMs: number,
	signal: AbortSignal,
): Promise<Access> {
	const credential = await context.getCredentials<ICredentialDataDecryptedObject>('veoApi');
	const veoApi = await openTransport(context, 'veoApi', requestTimeoutMs, credential);
	const n8nApi =
		'tableRef' in watch
			? await openTransport(context, 'veoJobTableApi', requestTimeoutMs)
			: notUsed;
	return {
		client: new VeoClient(veoApi),
		n8nApi: async (request) => await n8nApi(request, signal),
		credential: JSON.stringify(credential),
	};
}

const notUsed: Transport = async () => await Promise.resolve({ noAnswer: 'refused' });

/** Throws `VeoError` for what a user has to correct before the workflow can be published. */
async function checkAccess(context: TriggerContext, settings: TriggerSettings): Promise<void> {
	const { signal } = new AbortController();
	const access = await openAccess(context, settings, ACTIVATION_TIMEOUT_MS, signal);
	if ('tableRef' in settings.watch) {
		await recordStart(context, access, settings.watch.tableRef).catch((thrown: unknown) => {
			throw toVeoError(settings, thrown);
		});
	}
	const refused = await checkKey(access.client);
	if (refused && !mayPass(refused.outcome)) throw requestFailed(refused.outcome);
}

async function recordStart(context: TriggerContext, access: Access, ref: TableRef): Promise<void> {
	const triggerTable = new TriggerTable(access.n8nApi, context);
	triggerTable.beside(await openJobTable(access, ref));
	await triggerTable.recordStart();
}

/** Requests to the Veo API are converted where they are made, so a `RequestError` here is n8n's. */
function toVeoError({ watch }: TriggerSettings, thrown: unknown): unknown {
	return thrown instanceof RequestError && 'tableRef' in watch
		? tableFailed(labelOf(watch.tableRef), thrown.outcome)
		: thrown;
}

/** One active trigger. */
class TriggerLoop {
	private readonly stop = new AbortController();
	private readonly reporter: Reporter;
	private readonly backoff = new Backoff();
	private queue: CheckQueue | undefined;
	private watch: Watch | undefined;
	private access: Access | undefined;
	private wake = new AbortController();
	private lastLookMs = -Infinity;
	/** Strings of webhook calls that named no watched job: its row may be newer than the last round. */
	private hinted: string[] = [];
	private failures = 0;
	private refused:
		{ outcome: Outcome; credential: string; untilMs: number; pauseMs: number } | undefined;

	constructor(
		private readonly context: TriggerContext,
		private readonly settings: TriggerSettings,
		private readonly sinceMs = Date.now(),
	) {
		this.reporter = new Reporter(context);
	}

	close(): void {
		this.stop.abort();
		this.wake.abort();
	}

	hint(texts: string[]): void {
		const unknown = texts.filter((text) => !this.queue?.hint(text));
		const isLookDue = Date.now() - this.lastLookMs >= LOOK_MS;
		if (unknown.length === 0) return;
		this.hinted = [...this.hinted, ...unknown].slice(-MAX_HINTED);
		if (!isLookDue) return;
		this.lastLookMs = Date.now();
		this.wake.abort();
	}

	/** Never rejects. */
	async run(): Promise<void> {
		const { signal } = this.stop;
		while (!signal.aborted) {
			const startedMs = Date.now();
			this.wake = new AbortController();
			const isWell = await this.round().then(
				() => true,
				(thrown: unknown) => this.handle(thrown),
			);
			this.failures = isWell ? 0 : this.failures + 1;
			const pauseMs = isWell
				? this.settings.intervalMs
				: Math.min(this.settings.intervalMs, FIRST_RETRY_MS * 2 ** (this.failures - 1));
			await this.sleepUntil(startedMs + pauseMs);
		}
	}

	private async sleepUntil(untilMs: number): Promise<void> {
		const { signal } = this.wake;
		while (!signal.aborted && !this.stop.signal.aborted && Date.now() < untilMs) {
			await sleepUnlessAborted(Math.min(untilMs - Date.now(), CREDENTIAL_CHECK_MS), signal);
			if (this.refused) await this.openAccess().catch(() => undefined);
		}
	}

	private async round(): Promise<void> {
		await this.openAccess();
		this.watch ??= this.createWatch();
		await this.watch.round();
		for (const uuid of this.hinted.splice(0)) this.queue?.hint(uuid);
		if (this.refused) throw requestFailed(this.refused.outcome);
		this.reporter.clear();
	}

	/** Reads the credentials again, so that a changed one counts at once. */
	private async openAccess(): Promise<void> {
		const { context, settings, queue, refused } = this;
		const access = await openAccess(context, settings, REQUEST_TIMEOUT_MS, this.stop.signal);
		this.access = access;
		if (!queue) return;
		queue.client = access.client;
		if (!refused) return;
		const isChanged = refused.credential !== access.credential;
		if (!isChanged && Date.now() < refused.untilMs) return;
		// One more check shows whether the key works now.
		refused.untilMs = Infinity;
		const answer = await checkKey(access.client);
		if (answer && isKeyRefused(answer.outcome)) {
			const pauseMs = Math.min(refused.pauseMs * 2, MAX_REFUSED_MS);
			this.refused = {
				outcome: answer.outcome,
				credential: access.credential,
				untilMs: Date.now() + pauseMs,
				pauseMs,
			};
			return;
		}
		this.refused = undefined;
		queue.pause(-Infinity);
	}

	private readonly onKeyRefused = (outcome: Outcome): void => {
		if (this.refused) return;
		const pauseMs = FIRST_REFUSED_MS;
		const credential = this.access?.credential ?? '';
		this.refused = { outcome, credential, untilMs: Date.now() + pauseMs, pauseMs };
		this.queue?.pause(Infinity);
		this.reporter.report(requestFailed(outcome));
	};

	private createWatch(): Watch {
		const { context, settings, reporter } = this;
		const { signal } = this.stop;
		const experience = new Experience();
		const n8nApi: Transport = async (request): Promise<ApiAnswer | NoAnswer> =>
			await (this.access?.n8nApi ?? notUsed)(request);
		const queue = new CheckQueue({
			client: this.access?.client ?? new VeoClient(notUsed),
			backoff: this.backoff,
			experience,
			intervalMs: settings.intervalMs,
			signal,
		});
		this.queue = queue;
		void queue.run();
		const { onKeyRefused, sinceMs } = this;
		const active: Active = {
			context,
			settings,
			queue,
			experience,
			reporter,
			n8nApi,
			signal,
			sinceMs,
			onKeyRefused,
		};
		const triggerTable = new TriggerTable(n8nApi, context);
		const deliverer = new Deliverer({
			context,
			store: 'tableRef' in settings.watch ? triggerTable.store : staticStore(context),
			reporter,
			signal,
			toItem: async (job) => await toItem(context, job, settings.file, queue.client, signal),
			isCollecting: () => queue.backlog > 1,
		});
		return 'tableRef' in settings.watch
			? new TableWatch(active, deliverer, triggerTable, settings.watch.tableRef)
			: new UuidsWatch(active, deliverer, settings.watch.uuids);
	}

	/** Logs an outage that may pass, and reports what the user has to correct. Returns whether it was neither. */
	private handle(thrown: unknown): boolean {
		if (thrown instanceof StoppedError) return true;
		const error = toVeoError(this.settings, thrown);
		if (thrown instanceof RequestError && mayPass(thrown.outcome)) this.reporter.log(textOf(error));
		else this.reporter.report(error);
		return false;
	}
}
