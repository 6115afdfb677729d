import type { JsonObject } from '../../../nodes/Veo/api/json';
import type { OutcomeName } from '../../../nodes/Veo/errors/outcome';
import { FakeN8n, JOBS, TRIGGERS } from '../fakeN8n';
import { FakeClock, REPLIES } from '../fakes';
import { at, FakeVeo, HOUR_MS, MINUTE_MS, START_MS, TRIGGER_KEY, urlOf } from './fakes';
import { tableScene } from './tableScene';

/** A row that somebody finished so long after the start of the trigger. */
const finished = (uuid: string, ms: number, row: JsonObject = {}) => ({
	...{ uuid, status: 'completed', finishedAt: at(ms), ...row },
});

describe('A batch that a crash interrupted', () => {
	/** The first round after a crash, while the batch of this job was passed to n8n. */
	function restarted(outcome: OutcomeName, row?: JsonObject, event = 'completed', uuid = 'v-1') {
		const clock = new FakeClock(START_MS);
		const [n8n, veo] = [new FakeN8n(), new FakeVeo(clock)];
		const jobs = [{ uuid, event, finishedMs: START_MS - 1 }];
		n8n.make(TRIGGERS);
		n8n.insert(TRIGGERS, {
			trigger: TRIGGER_KEY,
			tableId: 'table-1',
			deliveries: JSON.stringify({
				...{ sinceMs: START_MS - HOUR_MS, delivered: [], begun: [{ key: 'key-1', jobs }] },
			}),
		});
		if (row) n8n.insert(JOBS, row, { ...row, prompt: 'of a later row' });
		veo.videos.set('v-1', REPLIES[outcome]);
		const scene = tableScene({ clock, n8n, veo });
		const nextRound = async () => {
			await scene.advance(5_000);
			await scene.round();
		};
		return { ...scene, nextRound, deliveries: () => String(n8n.rows(TRIGGERS)[0]?.deliveries) };
	}

	const ROW = finished('v-1', -1, { prompt: 'A fox', videoUrl: 'https://attacker.example/v.mp4' });

	it('is passed again, with what the API and the first row say', async () => {
		const { veo, round, items, deliveries } = restarted('http5xx', ROW);
		veo.complete('v-1');
		await round();
		await round();
		expect(items()).toEqual([{ ...finished('v-1', -1), prompt: 'A fox', videoUrl: urlOf('v-1') }]);
		expect(deliveries()).toContain('"begun":[]');
	});

	it('is passed again without its row, if that is gone', async () => {
		const { veo, round, items } = restarted('http5xx');
		veo.complete('v-1');
		await round();
		expect(items()).toEqual([{ uuid: 'v-1', status: 'completed', videoUrl: urlOf('v-1') }]);
	});

	it('is passed again as its row says where the API says otherwise or does not know it', async () => {
		for (const answer of ['processing', 'code1000'] as const) {
			const row = { ...ROW, status: 'expired' };
			const { veo, round, items } = restarted('code1000', row, 'failed');
			if (answer === 'processing') veo.set('v-1', 'processing');
			await round();
			expect(items()).toEqual([finished('v-1', -1, { prompt: 'A fox', status: 'expired' })]);
		}
	});

	it('is passed again by its event where there is neither a row nor an answer', async () => {
		for (const answer of ['processing', 'code1000'] as const) {
			const { veo, round, items } = restarted('code1000', undefined, 'failed');
			if (answer === 'processing') veo.set('v-1', 'processing');
			await round();
			expect(items()).toEqual([{ uuid: 'v-1', status: 'failed' }]);
		}
	});

	it.each<OutcomeName>(['http5xx', 'refused', 'http401', 'code1002'])(
		'is kept until the API answers: %s',
		async (outcome) => {
			const scene = restarted(outcome, ROW);
			const { veo, round, nextRound, items, deliveries, refused, warnings } = scene;
			await round();
			expect(deliveries()).toContain('"begun":[{');
			expect(items()).toEqual([]);
			const isKey = outcome === 'http401' || outcome === 'code1002';
			expect(refused.map(({ name }) => name)).toEqual(isKey ? [outcome] : []);
			const line: unknown = expect.stringMatching(/The status of video v-1 could not be checked/);
			expect(warnings).toEqual(isKey ? [] : [line]);
			veo.complete('v-1');
			await nextRound();
			await nextRound();
			expect(items()).toMatchObject([{ uuid: 'v-1', videoUrl: urlOf('v-1') }]);
		},
	);

	it.each<OutcomeName>(['code5000', 'http5xx', 'html', 'empty', 'notJson', 'shape'])(
		'holds up no other video where the API cannot answer about its own: %s',
		async (outcome) => {
			const { n8n, veo, round, nextRound, items, advance, deliveries } = restarted(outcome, ROW);
			n8n.insert(JOBS, { uuid: 'v-2' });
			veo.complete('v-2');
			await round();
			expect(items()).toMatchObject([{ uuid: 'v-2' }]);
			// An outage looks the same, so only an answer that is no outage is not waited for any longer.
			const isOfVideo = ['empty', 'notJson', 'shape'].includes(outcome);
			await advance(10 * MINUTE_MS);
			await nextRound();
			await nextRound();
			expect(items()).toHaveLength(isOfVideo ? 2 : 1);
			await advance(24 * HOUR_MS);
			await nextRound();
			await nextRound();
			expect(items()).toMatchObject([{ uuid: 'v-2' }, finished('v-1', -1, { prompt: 'A fox' })]);
			expect(deliveries()).toContain('"begun":[]');
		},
	);

	it('is checked no more often than other videos, whatever the API answers', async () => {
		for (const outcome of ['http401', 'http429', 'http5xx'] as const) {
			const { veo, round, advance } = restarted(outcome, ROW);
			for (let rounds = 0; rounds < 6; rounds++) await round(500);
			await advance(60_000);
			await round();
			const atMs = veo.checksOf('v-1');
			expect(atMs.length).toBeGreaterThan(1);
			for (const [index, ms] of atMs.slice(1).entries()) {
				expect(ms - (atMs[index] ?? 0)).toBeGreaterThanOrEqual(5_000);
			}
		}
	});

	it('is not checked while the key is refused', async () => {
		const { veo, queue, round, nextRound } = restarted('http401', ROW);
		await round();
		queue.pause(Infinity);
		await nextRound();
		expect(veo.checks).toHaveLength(1);
	});

	it('waits for the API as long as that is away', async () => {
		const { round, items, advance } = restarted('refused', ROW);
		await advance(HOUR_MS);
		await round();
		expect(items()).toEqual([]);
	});

	it('is passed again unchecked where its ID cannot be one', async () => {
		const { veo, round, items } = restarted('http5xx', undefined, 'failed', 'my video');
		await round();
		expect(items()).toEqual([{ uuid: 'my video', status: 'failed' }]);
		expect(veo.checks).toEqual([]);
	});

	it('is passed again beside the checks of others', async () => {
		const { veo, n8n, round, items } = restarted('http5xx', ROW);
		veo.complete('v-1');
		veo.complete('v-2');
		n8n.insert(JOBS, { uuid: 'v-2' });
		await round();
		await round();
		expect(items().map(({ uuid }) => uuid)).toEqual(['v-1', 'v-2']);
		expect(veo.checksOf('v-2')).toEqual([0]);
	});
});
