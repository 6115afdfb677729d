import {
	createDeferredPromise,
	createRunExecutionData,
	type INodeExecutionData,
	type IRun,
} from 'n8n-workflow';
import type { TriggerContext } from '../../../nodes/Veo/trigger/context';
import { Deliverer, type DelivererRules, type Store } from '../../../nodes/Veo/trigger/deliverer';
import { Deliveries, type Delivery } from '../../../nodes/Veo/trigger/deliveries';
import { Reporter } from '../../../nodes/Veo/trigger/reporter';
import { FakeClock, NODE } from '../fakes';

export const START_MS = Date.parse('2026-01-01T00:00:00Z');

/** `workflow/node`, as the context below has them. */
export const TRIGGER_KEY = 'w-1/1';

/** What n8n does with items: the execution runs for long, has ended at once, or could not be started. */
export type Taking = 'runs' | 'ends' | 'refuses';

const ENDED: IRun = {
	data: createRunExecutionData(),
	mode: 'trigger',
	startedAt: new Date(START_MS),
	status: 'success',
};

/** What the trigger passed to n8n at once. */
export interface Passed {
	atMs: number;
	items: INodeExecutionData[];
	uuids: unknown[];
	key?: string;
	/** The execution has ended. */
	end: () => void;
	/** n8n says that it started no execution. */
	refuse: () => void;
}

export interface N8nOptions {
	taking?: Taking;
	/** Whether n8n has deduplication keys. */
	hasKeys?: boolean;
	/** Whether n8n saves failed executions for triggers. */
	savesFailures?: boolean;
	onPassed?: (passed: Passed) => void;
}

/** As much of n8n as a trigger needs. `n8n.taking` may be changed at any time. */
export function fakeN8n({ hasKeys = true, savesFailures = true, ...options }: N8nOptions = {}) {
	const n8n = {
		taking: options.taking ?? 'ends',
		passed: [] as Passed[],
		/** The messages of failed executions. */
		failures: [] as string[],
		warnings: [] as string[],
		errors: [] as string[],
	};
	const take: TriggerContext['emit'] = ([items = []], _, done, key) => {
		const passed: Passed = {
			atMs: Date.now(),
			items,
			uuids: items.map(({ json }) => json.uuid),
			key,
			end: () => done?.resolve(ENDED),
			refuse: () => done?.reject(new Error('No execution')),
		};
		n8n.passed.push(passed);
		options.onPassed?.(passed);
		if (n8n.taking === 'ends') passed.end();
		if (n8n.taking === 'refuses') passed.refuse();
	};
	// The trigger tells by the number of parameters whether n8n has keys.
	const takeWithoutKey: TriggerContext['emit'] = (data, response, done) =>
		take(data, response, done);
	const saveFailedExecution: TriggerContext['saveFailedExecution'] = ({ message }) => {
		n8n.failures.push(message);
	};
	// n8n's context is far larger than what a trigger uses of it.
	const context = {
		emit: hasKeys ? take : takeWithoutKey,
		getNode: () => NODE,
		getWorkflow: () => ({ id: 'w-1', active: true }),
		helpers: { createDeferredPromise },
		logger: {
			warn: (message: string) => n8n.warnings.push(message),
			error: (message: string) => n8n.errors.push(message),
		},
		...(savesFailures && { saveFailedExecution }),
	} as unknown as TriggerContext;
	return Object.assign(n8n, { context });
}

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

export interface SceneOptions extends N8nOptions {
	stored?: unknown;
	beforeSave?: () => void;
	/** What n8n's list of executions says, where the trigger can read it. */
	executions?: Pick<Store, 'newestExecution' | 'hasNewerExecution'>;
	rules?: Partial<DelivererRules>;
}

/** A deliverer that has not loaded yet, with what is around it. */
export function scene(options: SceneOptions = {}) {
	const clock = new FakeClock(START_MS);
	const n8n = fakeN8n(options);
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
	const load = async () => await clock.run(deliverer.load(START_MS, recovered));
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
