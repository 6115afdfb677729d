import type { INodeExecutionData, IRun } from 'n8n-workflow';
import { sleepUnlessAborted } from '../api/abort';
import type { JsonObject } from '../api/json';
import { notDelivered } from '../errors/messages';
import { textOf } from '../errors/nodeErrors';
import { VeoError } from '../errors/VeoError';
import { MIN_PAUSE_MS } from '../jobs/checkPlan';
import type { TriggerContext } from './context';
import { triggerKeyOf } from './context';
import { type Batch, batchKey, Deliveries, type Delivery } from './deliveries';
import type { Reporter } from './reporter';

/** Maximum number of items in one execution. */
const MAX_ITEMS = 100;
/** Videos that are downloaded, or looked for at their URL, at the same time. */
const MAX_PREPARED = 3;
/** Videos that finish within this time share an execution. */
const COLLECT_MS = 50;
/** While many finished jobs are being verified, their items are collected for so long. */
const MAX_COLLECT_MS = 1_000;
/** How long to wait for n8n to say that it started no execution. It usually says so at once. */
const WITH_KEYS_MS = 1_000;
/** How long to look for the execution where n8n has no deduplication keys. */
const WITHOUT_KEYS_MS = 10_000;
/** A trigger without news writes its record this often, so that others see that it is still there. */
const SEEN_MS = 24 * 60 * 60_000;
const FIRST_PAUSE_MS = 20;
const MAX_PAUSE_MS = 500;

/** Where the deliveries of a trigger are stored. */
export interface Store {
	/** The stored text; undefined if there is none. Throws `RequestError`. */
	load(): Promise<unknown>;
	/** Throws `RequestError`. */
	save(text: string): Promise<void>;
	/** The newest execution of the workflow; undefined if n8n does not return it. */
	newestExecution?(): Promise<number | undefined>;
	/** Whether n8n started an execution after that one; undefined if n8n does not return it. */
	hasNewerExecution?(afterId: number): Promise<boolean | undefined>;
}

export interface DelivererRules {
	context: TriggerContext;
	store: Store;
	reporter: Reporter;
	signal: AbortSignal;
	/** Makes the item of a finished job, with its file. */
	toItem: (job: JsonObject) => Promise<INodeExecutionData>;
	/** Whether more finished jobs are about to be added. */
	isCollecting: () => boolean;
}

type Recover = (delivery: Delivery) => Promise<JsonObject | undefined>;

interface Finished {
	delivery: Delivery;
	job: JsonObject;
}

interface Ready {
	delivery: Delivery;
	item: INodeExecutionData;
}

/**
 * Passes each finished job to n8n once. A batch is recorded before it is passed, so that after a crash the same batch is
 * passed again with the same deduplication key, which n8n skips if it has it. Older versions have no such keys: there the
 * list of executions shows whether one was started.
 */
export class Deliverer {
	private deliveries: Deliveries | undefined;
	private toPrepare: Finished[] = [];
	private preparing = 0;
	private ready: Ready[] = [];
	/** All that was added and is not delivered yet: when each finished, by `uuid` and event. */
	private readonly open = new Map<string, number>();
	private readonly added = new Set<string>();
	/** After a restart without deduplication keys: passed again once, and recorded before that. */
	private recordFirst = new Set<string>();
	/** Begun before a crash, with the items that are ready: they are passed again. */
	private readonly interrupted = new Map<Batch, INodeExecutionData[]>();
	private nextPassMs = -Infinity;
	private readUntilMs = -Infinity;
	private isFlushing = false;
	private isUnsaved = false;
	private savedMs = Date.now();

	constructor(private readonly rules: DelivererRules) {}

	/**
	 * Loads what was delivered, and passes again what a crash interrupted. `recover` gives a finished job of such a batch,
	 * or undefined as long as that has to wait; what it throws is tried again. Throws `RequestError`. It is called in each
	 * round.
	 */
	async load(sinceMs: number, recover: Recover): Promise<void> {
		const { store } = this.rules;
		if (!this.deliveries) {
			const stored = Deliveries.parse(await store.load());
			const deliveries = stored ?? Deliveries.none(sinceMs);
			await store.save(deliveries.toString());
			for (const batch of deliveries.begun) this.interrupt(batch, []);
			this.deliveries = deliveries;
		}
		this.passAllAgain(this.deliveries, recover);
	}

	/** Whether the job is delivered, on its way, or being verified. */
	knows(delivery: Delivery): boolean {
		return this.open.has(keyOf(delivery)) || this.isDelivered(delivery);
	}

	/** Whether the job is delivered, or on its way. */
	isDelivered(delivery: Delivery): boolean {
		return this.added.has(keyOf(delivery)) || (this.deliveries?.has(delivery) ?? false);
	}

	isBefore(finishedMs: number): boolean {
		return this.deliveries?.isBefore(finishedMs) ?? false;
	}

	/** The stored text, for what depends on the deliveries of all triggers. */
	get text(): string {
		return this.deliveries?.toString() ?? '';
	}

	/** Keeps a job from being forgotten until it is added or skipped. */
	expect(delivery: Delivery): void {
		this.open.set(keyOf(delivery), delivery.finishedMs);
	}

	/** All jobs that finished before this time were added, skipped or expected, except those whose rows appear later. */
	haveRead(untilMs: number): void {
		this.readUntilMs = untilMs;
	}

	/** Delivers a job soon. */
	add(delivery: Delivery, job: JsonObject): void {
		this.expect(delivery);
		this.added.add(keyOf(delivery));
		this.toPrepare.push({ delivery, job });
		this.prepare();
	}

	/** Records a job whose event the user did not select. */
	skip(delivery: Delivery): void {
		this.open.delete(keyOf(delivery));
		this.deliveries?.add([delivery]);
		this.isUnsaved = true;
	}

	/** Tries again what could not be delivered or saved. */
	async retry(): Promise<void> {
		this.flush();
		const isDue = this.isUnsaved || Date.now() - this.savedMs >= SEEN_MS;
		if (isDue && !this.isFlushing) await this.save();
	}

	private get hasKeys(): boolean {
		return this.rules.context.emit.length >= 4;
	}

	/** A batch stays begun, and its jobs known, until it is sure whether n8n took it. */
	private interrupt(batch: Batch, items: INodeExecutionData[]): void {
		this.interrupted.set(batch, items);
		this.hold(batch.jobs);
	}

	private hold(jobs: Delivery[]): void {
		for (const job of jobs) {
			this.expect(job);
			this.added.add(keyOf(job));
		}
	}

	private release(jobs: Delivery[]): void {
		for (const job of jobs) {
			this.open.delete(keyOf(job));
			this.added.delete(keyOf(job));
		}
	}

	/** Holds up no other job. */
	private passAllAgain(deliveries: Deliveries, recover: Recover): void {
		if (Date.now() < this.nextPassMs) return;
		this.nextPassMs = Infinity;
		const pass = async () => {
			for (const [batch, items] of this.interrupted) {
				await this.passAgain(batch, items, deliveries, recover);
			}
		};
		void pass()
			.catch(() => undefined)
			.finally(() => {
				this.nextPassMs = Date.now() + MIN_PAUSE_MS;
			});
	}

	/** With keys, n8n skips the batch if it has it. Without them, the watch finds the jobs again if n8n did not take it. */
	private async passAgain(
		batch: Batch,
		items: INodeExecutionData[],
		deliveries: Deliveries,
		recover: Recover,
	): Promise<void> {
		const { store } = this.rules;
		const { afterId, jobs } = batch;
		if (this.hasKeys) {
			if (!(await this.emitAgain(batch, items, deliveries, recover))) return;
			deliveries.add(jobs);
		} else if (afterId !== undefined && (await store.hasNewerExecution?.(afterId))) {
			deliveries.add(jobs);
		} else if (!store.hasNewerExecution) {
			for (const job of jobs) this.recordFirst.add(keyOf(job));
		}
		this.interrupted.delete(batch);
		deliveries.end(batch);
		this.release(jobs);
		this.isUnsaved = true;
	}

	private async emitAgain(
		batch: Batch,
		items: INodeExecutionData[],
		deliveries: Deliveries,
		recover: Recover,
	): Promise<boolean> {
		const { toItem, signal, reporter } = this.rules;
		for (const delivery of batch.jobs.slice(items.length)) {
			const job = await recover(delivery);
			if (!job) return false;
			items.push(await toItem(job));
		}
		if (signal.aborted) return false;
		const isStarted = await this.emit(items, batch, () => {
			deliveries.remove(batch.jobs);
			deliveries.begun.push(batch);
			this.interrupt(batch, items);
			this.isUnsaved = true;
		});
		if (!isStarted) reporter.log(notDelivered(items.length));
		return isStarted;
	}

	private prepare(): void {
		while (this.preparing < MAX_PREPARED) {
			const next = this.toPrepare.shift();
			if (!next) return;
			this.preparing++;
			void this.rules
				.toItem(next.job)
				.then((item) => this.ready.push({ delivery: next.delivery, item }))
				.catch(() => undefined)
				.finally(() => {
					this.preparing--;
					this.prepare();
					this.flush();
				});
		}
	}

	private flush(): void {
		if (this.isFlushing || this.ready.length === 0) return;
		this.isFlushing = true;
		void this.deliverAll()
			.catch((thrown: unknown) => this.rules.reporter.log(String(thrown)))
			.finally(() => {
				this.isFlushing = false;
			});
	}

	private async deliverAll(): Promise<void> {
		const { signal } = this.rules;
		while (this.ready.length > 0 && this.deliveries && !signal.aborted) {
			await this.collect();
			this.ready.sort((one, other) => one.delivery.finishedMs - other.delivery.finishedMs);
			const batch = this.ready.splice(0, MAX_ITEMS);
			const isDelivered = await this.deliver(batch, this.deliveries).catch(() => false);
			if (isDelivered) continue;
			this.ready.unshift(...batch);
			// The next round tries again.
			return;
		}
	}

	private async collect(): Promise<void> {
		const untilMs = Date.now() + MAX_COLLECT_MS;
		do {
			await sleepUnlessAborted(COLLECT_MS);
		} while (
			Date.now() < untilMs &&
			this.ready.length < MAX_ITEMS &&
			(this.toPrepare.length > 0 || this.rules.isCollecting())
		);
	}

	/** Returns whether n8n took the items. They have to be recorded first. */
	private async deliver(ready: Ready[], deliveries: Deliveries): Promise<boolean> {
		const { context, store, reporter, signal } = this.rules;
		const jobs = ready.map(({ delivery }) => delivery);
		const afterId = this.hasKeys ? undefined : await store.newestExecution?.();
		const key = batchKey(triggerKeyOf(context), jobs);
		const batch: Batch = { key, jobs, atMs: Date.now(), afterId };
		const first = jobs.filter((job) => this.recordFirst.has(keyOf(job)));
		deliveries.add(first);
		deliveries.begun.push(batch);
		if (!(await this.record(deliveries.toString()))) {
			deliveries.end(batch);
			deliveries.remove(first);
			if (!signal.aborted) reporter.log(notDelivered(jobs.length));
			return false;
		}
		// n8n refuses what is passed to it after the workflow was unpublished.
		if (signal.aborted) return false;
		const isStarted = await this.emit(
			ready.map(({ item }) => item),
			batch,
			() => this.takeBack(ready),
		);
		deliveries.end(batch);
		if (isStarted) {
			this.release(jobs);
			deliveries.add(jobs);
		} else {
			deliveries.remove(first);
			reporter.log(notDelivered(jobs.length));
		}
		await this.save();
		return isStarted;
	}

	/** n8n said late that it started no execution. */
	private takeBack(ready: Ready[]): void {
		const jobs = ready.map(({ delivery }) => delivery);
		this.deliveries?.remove(jobs);
		this.hold(jobs);
		this.ready.unshift(...ready);
		this.isUnsaved = true;
		this.rules.reporter.log(notDelivered(jobs.length));
	}

	/** What is not saved now is saved in the next round. */
	private async save(): Promise<void> {
		this.isUnsaved = false;
		this.deliveries?.trim(Math.min(this.readUntilMs, ...this.open.values()));
		if (await this.record(this.text)) this.savedMs = Date.now();
		else this.isUnsaved = true;
	}

	/** Returns whether the text was stored. An outage needs no line in the log: the watch meets it too. */
	private async record(text: string): Promise<boolean> {
		return await this.rules.store.save(text).then(
			() => true,
			(thrown: unknown) => {
				if (thrown instanceof VeoError) this.rules.reporter.log(textOf(thrown));
				return false;
			},
		);
	}

	/**
	 * Passes items to n8n and returns whether n8n started an execution for them, now or before. n8n reports success only
	 * when the execution has ended, and that it could not be started at once.
	 */
	private async emit(
		items: INodeExecutionData[],
		{ key, afterId }: Batch,
		onLateRefusal: () => void,
	): Promise<boolean> {
		const { context, store } = this.rules;
		let started: boolean | undefined;
		let isLate = false;
		const ended = context.helpers.createDeferredPromise<IRun>();
		const settled = ended.promise.then(
			() => (started = true),
			() => {
				started = false;
				if (isLate) onLateRefusal();
			},
		);
		context.emit([items], undefined, ended, key);

		const untilMs = Date.now() + (this.hasKeys ? WITH_KEYS_MS : WITHOUT_KEYS_MS);
		let pauseMs = FIRST_PAUSE_MS;
		while (started === undefined && Date.now() < untilMs) {
			await Promise.race([settled, sleepUnlessAborted(pauseMs)]);
			pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
			if (started === undefined && afterId !== undefined) {
				if (await store.hasNewerExecution?.(afterId)) break;
			}
		}
		isLate = true;
		return started ?? true;
	}
}

const keyOf = ({ uuid, event }: Delivery) => `${event} ${uuid}`;
