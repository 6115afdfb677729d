/** A job table that is watched, over n8n and the Veo API in memory. */
import { Backoff } from '../../../nodes/Veo/api/backoff';
import { VeoClient } from '../../../nodes/Veo/api/client';
import type { Outcome } from '../../../nodes/Veo/errors/outcome';
import { CheckQueue } from '../../../nodes/Veo/jobs/checkQueue';
import { Experience } from '../../../nodes/Veo/jobs/experience';
import { toItemJson } from '../../../nodes/Veo/shared/items';
import { Deliverer } from '../../../nodes/Veo/trigger/deliverer';
import { Reporter } from '../../../nodes/Veo/trigger/reporter';
import type { TriggerSettings } from '../../../nodes/Veo/trigger/settings';
import { TriggerTable } from '../../../nodes/Veo/trigger/triggerTable';
import type { Active } from '../../../nodes/Veo/trigger/watch';
import { TableWatch } from '../../../nodes/Veo/trigger/watchTable';
import { FakeN8n, JOBS } from '../fakeN8n';
import { FakeClock } from '../fakes';
import { fakeContext, FakeVeo, HOUR_MS, noteVerdicts, START_MS } from './fakes';

let stop = new AbortController();

afterEach(() => stop.abort());

export interface SceneOptions extends Partial<TriggerSettings> {
	n8n?: FakeN8n;
	veo?: FakeVeo;
	clock?: FakeClock;
}

/** A trigger on the table `veo_jobs`. Rounds come only when the test asks for them. */
export function tableScene({ n8n, veo, clock, ...settings }: SceneOptions = {}) {
	stop.abort();
	stop = new AbortController();
	const { signal } = stop;
	const time = clock ?? new FakeClock(START_MS);
	n8n ??= new FakeN8n();
	veo ??= new FakeVeo(time);
	const { context, items, warnings } = fakeContext();
	const experience = new Experience();
	const reporter = new Reporter(context);
	const intervalMs = settings.intervalMs ?? 10_000;
	const queue = new CheckQueue({
		client: new VeoClient(veo.send),
		backoff: new Backoff(),
		experience,
		intervalMs,
		signal,
	});
	noteVerdicts(queue);
	void queue.run();
	const refused: Outcome[] = [];
	const active: Active = {
		context,
		settings: {
			watch: { tableRef: { name: JOBS } },
			events: ['completed', 'failed'],
			intervalMs,
			giveUpAfterMs: 24 * HOUR_MS,
			deleteAfterMs: Infinity,
			...settings,
		},
		queue,
		experience,
		reporter,
		n8nApi: n8n.send,
		signal,
		sinceMs: Date.now(),
		onKeyRefused: (outcome) => refused.push(outcome),
	};
	const triggerTable = new TriggerTable(n8n.send, context);
	const deliverer = new Deliverer({
		context,
		store: triggerTable.store,
		reporter,
		signal,
		toItem: async (job) => await Promise.resolve({ json: toItemJson(job) }),
		isCollecting: () => queue.backlog > 1,
	});
	const watch = new TableWatch(active, deliverer, triggerTable, { name: JOBS });
	return {
		...{ active, clock: time, deliverer, experience, items, n8n, queue, refused, veo },
		...{ warnings, watch },
		advance: async (ms: number) => await time.advance(ms),
		/** One round, and time for the checks and the delivery of what it found. */
		round: async (thenMs = 900) => {
			await time.run(watch.round());
			await time.advance(thenMs);
		},
	};
}
