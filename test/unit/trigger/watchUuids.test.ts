import { Backoff } from '../../../nodes/Veo/api/backoff';
import { VeoClient } from '../../../nodes/Veo/api/client';
import type { Outcome } from '../../../nodes/Veo/errors/outcome';
import { CheckQueue } from '../../../nodes/Veo/jobs/checkQueue';
import { Experience } from '../../../nodes/Veo/jobs/experience';
import { toItemJson } from '../../../nodes/Veo/shared/items';
import { Deliverer } from '../../../nodes/Veo/trigger/deliverer';
import { Reporter } from '../../../nodes/Veo/trigger/reporter';
import { staticStore, UuidsWatch } from '../../../nodes/Veo/trigger/watchUuids';
import { FakeClock, REPLIES } from '../fakes';
import {
	fakeContext,
	FakeVeo,
	HOUR_MS,
	LATENCY_MS,
	MINUTE_MS,
	noteVerdicts,
	SECOND_MS,
	START_MS,
	urlOf,
} from './fakes';

let stop = new AbortController();
let workflows = 0;

afterEach(() => stop.abort());

interface SceneOptions {
	events?: string[];
	uuids?: string[];
	workflowId?: string;
	staticData?: Record<string, unknown>;
	/** How long ago the workflow was published. */
	ageMs?: number;
	startMs?: number;
}

/** A trigger on listed videos. Rounds come only when the test asks for them. */
function uuidsScene({
	events = ['completed', 'failed'],
	uuids = ['v-1'],
	// What was delivered is remembered by workflow for as long as the process runs.
	workflowId = `workflow-${++workflows}`,
	staticData = {},
	ageMs = 0,
	startMs = START_MS,
}: SceneOptions = {}) {
	stop.abort();
	stop = new AbortController();
	const { signal } = stop;
	const clock = new FakeClock(startMs);
	const veo = new FakeVeo(clock);
	const host = fakeContext({ workflowId, staticData });
	const { context, items } = host;
	const reporter = new Reporter(context);
	const experience = new Experience();
	const client = new VeoClient(veo.send);
	const intervalMs = 10_000;
	const queue = new CheckQueue({
		...{ client, backoff: new Backoff(), experience, intervalMs, signal },
	});
	noteVerdicts(queue);
	void queue.run();
	const refused: Outcome[] = [];
	const giveUpAfterMs = 24 * HOUR_MS;
	const settings = { watch: { uuids }, events, intervalMs, giveUpAfterMs, deleteAfterMs: Infinity };
	const store = staticStore(context);
	const deliverer = new Deliverer({
		...{ context, reporter, signal, store },
		toItem: async (job) => await Promise.resolve({ json: toItemJson(job) }),
		isCollecting: () => queue.backlog > 1,
	});
	const watch = new UuidsWatch(
		{
			...{ context, settings, queue, experience, reporter, signal },
			n8nApi: async () => await Promise.resolve({ noAnswer: 'refused' }),
			sinceMs: startMs - ageMs,
			onKeyRefused: (outcome) => refused.push(outcome),
		},
		deliverer,
		uuids,
	);
	return {
		...{ clock, deliverer, host, items, queue, refused, staticData, store, veo, watch, workflowId },
		round: async (thenMs = 900) => {
			await clock.run(watch.round());
			await clock.advance(thenMs);
		},
	};
}

const GIVEN_UP =
	'Given up: not finished after 24 hours. Use Get Status to see whether it was finished later';

describe('Listed videos', () => {
	it('are each checked and told of once, whatever the number of rounds', async () => {
		const { veo, round, items } = uuidsScene({ uuids: ['v-1', 'v-2'] });
		veo.complete('v-1');
		veo.set('v-2', 'failed', { errorMessage: 'No cats' });
		for (let count = 0; count < 3; count++) await round();
		expect(items()).toEqual([
			{ uuid: 'v-1', status: 'completed', videoUrl: urlOf('v-1') },
			{ uuid: 'v-2', status: 'failed', errorMessage: 'No cats' },
		]);
		expect(veo.checks).toHaveLength(2);
	});

	it('are waited for until they are final', async () => {
		const { veo, round, items, clock } = uuidsScene();
		veo.set('v-1', 'processing');
		await round(25 * SECOND_MS);
		await round(0);
		expect(items()).toEqual([]);
		veo.complete('v-1');
		await clock.advance(11 * SECOND_MS);
		expect(items()).toMatchObject([{ uuid: 'v-1', status: 'completed' }]);
	});

	it.each([
		['completed', ['v-1']],
		['failed', ['v-2']],
	])('are told of only where the user wants those that %s', async (event, uuids) => {
		const { veo, round, items } = uuidsScene({ events: [event], uuids: ['v-1', 'v-2'] });
		veo.complete('v-1');
		veo.set('v-2', 'failed');
		await round();
		await round();
		expect(items().map(({ uuid }) => uuid)).toEqual(uuids);
		expect(veo.checks).toHaveLength(2);
	});

	it('are not told of without a URL in their first ten minutes', async () => {
		const { veo, round, items, clock } = uuidsScene();
		veo.set('v-1', 'completed');
		await round(10 * MINUTE_MS - SECOND_MS);
		expect(items()).toEqual([]);
		await clock.advance(12 * SECOND_MS);
		expect(items()).toEqual([{ uuid: 'v-1', status: 'completed' }]);
	});

	it('are checked again after a check that failed, which is named in the log', async () => {
		const { veo, round, items, host, clock } = uuidsScene();
		await round();
		expect(host.warnings).toEqual([
			expect.stringMatching(/The status of video v-1 could not be checked.* It will be checked/),
		]);
		veo.complete('v-1');
		await clock.advance(11 * SECOND_MS);
		expect(items()).toHaveLength(1);
	});

	it('say nothing each where the API refuses the key, however long', async () => {
		const { veo, round, items, host, refused, queue } = uuidsScene({ ageMs: 25 * HOUR_MS });
		veo.videos.set('v-1', REPLIES.http401);
		await round();
		expect(refused).toMatchObject([{ name: 'http401' }]);
		expect(host.warnings).toEqual([]);
		expect(items()).toEqual([]);
		expect(queue.has('v-1')).toBe(true);
	});

	it('are waited for as long as 24 hours from the publication', async () => {
		for (const isKnown of [true, false]) {
			const scene = uuidsScene({ ageMs: 24 * HOUR_MS - LATENCY_MS });
			if (isKnown) scene.veo.set('v-1', 'processing');
			await scene.round();
			expect(scene.queue.has('v-1')).toBe(true);
			expect(scene.items()).toEqual([]);
		}
	});

	it('are given up after that, with what the API says', async () => {
		for (const known of [{ progress: 40 }, undefined]) {
			const scene = uuidsScene({ ageMs: 24 * HOUR_MS - LATENCY_MS + 1 });
			if (known) scene.veo.set('v-1', 'processing', known);
			await scene.round();
			await scene.round(MINUTE_MS);
			const expired = { uuid: 'v-1', status: 'expired', errorMessage: GIVEN_UP };
			expect(scene.items()).toEqual([{ ...expired, ...known }]);
			expect(scene.veo.checks).toHaveLength(1);
		}
	});

	it('are not told of again after the trigger was started again, also in the same process', async () => {
		for (const keepsStaticData of [true, false]) {
			const first = uuidsScene({ uuids: ['v-1', 'v-2'] });
			first.veo.complete('v-1');
			first.veo.set('v-2', 'failed');
			await first.round();
			expect(first.items()).toHaveLength(2);
			const { workflowId, staticData } = first;
			const again = uuidsScene({
				...{ uuids: ['v-1', 'v-2', 'v-3'], workflowId },
				...(keepsStaticData && { staticData }),
			});
			again.veo.complete('v-3');
			await again.round();
			expect(again.items().map(({ uuid }) => uuid)).toEqual(['v-3']);
			expect(again.veo.checks.map(({ uuid }) => uuid)).toEqual(['v-3']);
		}
	});

	describe('after a restart of n8n, which saved static data when they were passed to it', () => {
		/** A restart so long after `v-1` was delivered. Its module state is that of another workflow. */
		async function restarted(afterMs: number) {
			const first = uuidsScene({ uuids: ['v-1', 'v-2'] });
			first.veo.complete('v-1');
			first.veo.set('v-2', 'processing');
			await first.round();
			expect(first.items()).toHaveLength(1);
			const staticData = first.host.savedStaticData;
			expect(staticData.deliveries).toContain('"uuid":"v-1"');
			return uuidsScene({ uuids: ['v-1', 'v-2'], staticData, startMs: START_MS + afterMs });
		}

		it('are neither checked nor passed again', async () => {
			const { veo, round, items, host } = await restarted(HOUR_MS);
			veo.complete('v-2');
			await round();
			expect(items()).toMatchObject([{ uuid: 'v-2' }]);
			expect(host.passed.map(({ key }) => key)).toEqual([expect.any(String)]);
			expect(veo.checks.map(({ uuid }) => uuid)).toEqual(['v-2']);
		});

		it('are passed again with their key if that was a moment ago, although the API does not know them', async () => {
			const { veo, round, items, host } = await restarted(10 * SECOND_MS);
			veo.complete('v-2');
			await round();
			expect(items()).toMatchObject([{ uuid: 'v-1', status: 'completed' }, { uuid: 'v-2' }]);
			expect(host.passed.map(({ key }) => key)).toEqual([expect.any(String), expect.any(String)]);
		});
	});

	it('that were begun but not passed before the trigger was stopped are passed after the next start', async () => {
		const first = uuidsScene();
		first.veo.complete('v-1');
		const save = first.store.save.bind(first.store);
		await first.round(0);
		first.store.save = async (text) => {
			stop.abort();
			await save(text);
		};
		await first.clock.advance(SECOND_MS);
		expect(first.items()).toEqual([]);
		const { workflowId, staticData } = first;
		const again = uuidsScene({ workflowId, staticData, startMs: START_MS + HOUR_MS });
		again.veo.complete('v-1');
		await again.round();
		expect(again.items()).toMatchObject([{ uuid: 'v-1' }]);
	});

	it('that a crash interrupted are passed again as the API knows them, once it answers', async () => {
		const jobs = [{ uuid: 'v-1', event: 'completed', finishedMs: Number.MAX_SAFE_INTEGER }];
		const deliveries = { sinceMs: 0, delivered: [], begun: [{ key: 'key-1', jobs }] };
		const staticData = { deliveries: JSON.stringify(deliveries) };
		const { veo, round, items, host, clock } = uuidsScene({ staticData });
		veo.videos.set('v-1', REPLIES.http5xx);
		await round();
		expect(items()).toEqual([]);
		veo.complete('v-1');
		await clock.advance(5 * SECOND_MS);
		await round();
		await round();
		expect(items()).toEqual([{ uuid: 'v-1', status: 'completed', videoUrl: urlOf('v-1') }]);
		expect(host.passed.map(({ key }) => key)).toEqual(['key-1']);
	});

	it('are kept until n8n starts an execution for them', async () => {
		const { veo, round, host, items } = uuidsScene();
		veo.complete('v-1');
		host.taking = 'refuses';
		await round();
		await round();
		expect(items()).toHaveLength(2);
		host.taking = 'ends';
		await round();
		await round();
		expect(items()).toHaveLength(3);
		expect(veo.checks).toHaveLength(1);
	});
});
