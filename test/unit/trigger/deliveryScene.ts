/** A deliverer, over n8n and a store in memory. */
import { Deliverer, type DelivererRules, type Store } from '../../../nodes/Veo/trigger/deliverer';
import { Deliveries, type Delivery } from '../../../nodes/Veo/trigger/deliveries';
import { Reporter } from '../../../nodes/Veo/trigger/reporter';
import { FakeClock, flushPromises } from '../fakes';
import { type ContextOptions, fakeContext, START_MS } from './fakes';

type Recover = Parameters<Deliverer['load']>[1];

/** A job that finished `afterMs` after the trigger started. */
export const job = (id: number, afterMs = id): Delivery => ({
	uuid: `video-${id}`,
	event: 'completed',
	finishedMs: START_MS + afterMs,
});

/** What a stored text says. */
export function recordIn(text: unknown): Deliveries {
	const record = Deliveries.parse(text);
	if (!record) throw new Error('The record cannot be read');
	return record;
}

/** Where a trigger stores its deliveries. What `beforeSave` throws is what the storage answers. */
export function fakeStore(stored: unknown, beforeSave: () => void = () => undefined) {
	const saved: string[] = [];
	const store: Store = {
		load: async () => await Promise.resolve(saved.at(-1) ?? stored),
		save: async (text) => {
			await Promise.resolve();
			beforeSave();
			saved.push(text);
		},
	};
	/** What a trigger finds after a crash. */
	const record = () => recordIn(saved.at(-1));
	return { store, saved, record };
}

export interface SceneOptions extends ContextOptions {
	stored?: unknown;
	beforeSave?: () => void;
	/** What n8n's list of executions says, where the trigger can read it. */
	executions?: Pick<Store, 'newestExecution' | 'hasNewerExecution'>;
	rules?: Partial<DelivererRules>;
}

/** A deliverer that has not loaded yet, with what is around it. */
export function scene(options: SceneOptions = {}) {
	const clock = new FakeClock(START_MS);
	const n8n = fakeContext(options);
	const { store, saved, record } = fakeStore(options.stored, options.beforeSave);
	const stop = new AbortController();
	const deliverer = new Deliverer({
		context: n8n.context,
		store: { ...store, ...options.executions },
		reporter: new Reporter(n8n.context),
		signal: stop.signal,
		toItem: async ({ uuid, status }) =>
			await Promise.resolve({ json: { uuid: String(uuid), status: String(status) } }),
		isCollecting: () => false,
		...options.rules,
	});
	/** One round, and what is passed again beside it. */
	const load = async (recover: Recover = recovered) => {
		await clock.run(deliverer.load(START_MS, recover));
		await flushPromises();
	};
	const add = (...jobs: Delivery[]) => {
		for (const one of jobs) deliverer.add(one, { uuid: one.uuid, status: one.event });
	};
	return { clock, n8n, store, saved, record, stop, deliverer, load, add };
}

/** What the API says about the job of an interrupted batch. */
export const recovered = async ({ uuid, event }: Delivery) =>
	await Promise.resolve({ uuid, status: event });

/** A deliverer that has loaded. */
export async function loaded(options: SceneOptions = {}) {
	const made = scene(options);
	await made.load();
	return made;
}
