import type { JsonObject } from '../../../nodes/Veo/api/json';
import type { OutcomeName } from '../../../nodes/Veo/errors/outcome';
import { JOBS } from '../fakeN8n';
import { REPLIES } from '../fakes';
import { at, HOUR_MS, LATENCY_MS, MINUTE_MS, SECOND_MS, START_MS } from './fakes';
import { tableScene } from './tableScene';

const GIVEN_UP =
	'Given up: not finished after 24 hours. Use Get Status to see whether it was finished later';

/** The table with one unfinished job that was submitted so long ago, after its first check. */
async function checked(outcome: OutcomeName | 'open', row: JsonObject, events?: string[]) {
	const scene = tableScene(events && { events });
	scene.n8n.insert(JOBS, { uuid: 'v-1', status: 'processing', ...row });
	if (outcome === 'open') scene.veo.set('v-1', 'processing');
	else scene.veo.videos.set('v-1', REPLIES[outcome]);
	await scene.round();
	return scene;
}

const submitted = (msAgo: number) => ({ submittedAt: at(-msAgo) });

describe('An unfinished job', () => {
	it('is given up after 24 hours, in its row and to n8n', async () => {
		const { n8n, veo, items, advance } = await checked(
			'open',
			submitted(24 * HOUR_MS - LATENCY_MS + 1),
		);
		const expired = { status: 'expired', errorMessage: GIVEN_UP, finishedAt: at(LATENCY_MS) };
		expect(items()).toEqual([
			{ uuid: 'v-1', ...submitted(24 * HOUR_MS - LATENCY_MS + 1), ...expired },
		]);
		expect(n8n.rows()).toMatchObject([{ ...expired, checkedAt: at(LATENCY_MS) }]);
		await advance(HOUR_MS);
		expect(veo.checks).toHaveLength(1);
	});

	it('is not given up before', async () => {
		const { items, queue } = await checked('open', submitted(24 * HOUR_MS - LATENCY_MS));
		expect(items()).toEqual([]);
		expect(queue.has('v-1')).toBe(true);
	});

	it('is given up by the age of its row if the row has no submission time', async () => {
		const { items } = await checked('open', { createdAt: at(-25 * HOUR_MS) });
		expect(items()).toMatchObject([{ status: 'expired' }]);
		const young = await checked('open', { createdAt: at(-23 * HOUR_MS) });
		expect(young.items()).toEqual([]);
		const accepted = await checked('open', { createdAt: at(-25 * HOUR_MS), ...submitted(0) });
		expect(accepted.items()).toEqual([]);
	});

	it('is given up as one that failed, so not told of to who wants only completed ones', async () => {
		const { items, n8n } = await checked('open', submitted(25 * HOUR_MS), ['completed']);
		expect(items()).toEqual([]);
		expect(n8n.rows()).toMatchObject([{ status: 'expired' }]);
	});

	it.each<[OutcomeName, number]>([
		['code1000', 24],
		['shape', 24],
		['http5xx', 48],
		['timeout', 48],
	])('whose check ends as %s is given up after %i hours', async (outcome, hours) => {
		const before = await checked(outcome, submitted(hours * HOUR_MS - LATENCY_MS));
		expect(before.items()).toEqual([]);
		expect(before.queue.has('v-1')).toBe(true);
		const after = await checked(outcome, submitted(hours * HOUR_MS - LATENCY_MS + 1));
		expect(after.items()).toMatchObject([{ uuid: 'v-1', status: 'expired' }]);
	});

	it('is never given up because the API cannot be reached', async () => {
		for (const outcome of ['refused', 'http429', 'http401'] as const) {
			const { items, queue } = await checked(outcome, submitted(1_000 * HOUR_MS));
			expect(items()).toEqual([]);
			expect(queue.has('v-1')).toBe(true);
		}
	});

	it('whose check failed is named in the log, and checked again', async () => {
		const { warnings, veo, advance } = await checked('http5xx', submitted(0));
		expect(warnings).toEqual([
			'Veo Trigger "Veo": The status of video v-1 could not be checked: the server answered with HTTP 502. It will be checked again.',
		]);
		await advance(20 * SECOND_MS);
		expect(veo.checks.length).toBeGreaterThan(1);
	});

	it('says nothing of its own where the API refuses the key: that is told for all of them', async () => {
		const { refused, warnings, queue } = await checked('http401', submitted(0));
		expect(refused).toMatchObject([{ name: 'http401' }]);
		expect(warnings).toEqual([]);
		expect(queue.has('v-1')).toBe(true);
	});
});

describe('A completed video without a URL', () => {
	it('is not given to n8n before it has one', async () => {
		const { n8n, veo, round, items, advance } = tableScene();
		n8n.insert(JOBS, { uuid: 'v-1', status: 'pending' });
		veo.set('v-1', 'completed');
		await round(30 * SECOND_MS);
		expect(items()).toEqual([]);
		expect(n8n.row('v-1')).toMatchObject({ status: 'pending' });
		veo.complete('v-1');
		await advance(11 * SECOND_MS);
		expect(items()).toMatchObject([{ videoUrl: 'https://files.example/v-1.mp4' }]);
	});

	it('is given to n8n without one ten minutes after it was first seen', async () => {
		const { n8n, veo, round, items, advance } = tableScene();
		n8n.insert(JOBS, { uuid: 'v-1' });
		veo.set('v-1', 'completed');
		await round(10 * MINUTE_MS - SECOND_MS);
		expect(items()).toEqual([]);
		await advance(12 * SECOND_MS);
		expect(items()).toMatchObject([{ uuid: 'v-1', status: 'completed' }]);
		expect(n8n.row('v-1').finishedAt).toBe(items()[0]?.finishedAt);
	});
});

describe('The row of an unfinished job', () => {
	it('gets a new status at once, with the progress in steps of ten', async () => {
		const { n8n, veo, round } = tableScene();
		n8n.insert(JOBS, { uuid: 'v-1', status: 'pending' }, { uuid: ' v-1', status: 'processing' });
		veo.set('v-1', 'processing', { progress: 37 });
		await round();
		expect(n8n.to('PATCH').map((sent) => sent.json)).toEqual([
			{
				filter: {
					type: 'and',
					filters: [
						{ columnName: 'id', condition: 'eq', value: 1 },
						{ columnName: 'uuid', condition: 'eq', value: 'v-1' },
						{ columnName: 'finishedAt', condition: 'eq', value: null },
					],
				},
				data: { status: 'processing', progress: 30 },
			},
		]);
	});

	it('gets each new status once, and no progress where the API tells none', async () => {
		const { n8n, veo, round, advance } = tableScene();
		n8n.insert(JOBS, { uuid: 'v-1', status: 'pending' });
		veo.set('v-1', 'processing', { progress: '37' });
		await round(0);
		await advance(30 * SECOND_MS);
		expect(veo.checks.length).toBeGreaterThan(2);
		expect(n8n.to('PATCH').map(({ json }) => json.data)).toEqual([{ status: 'processing' }]);
	});

	it('is not written over where somebody finished it since it was read', async () => {
		const { n8n, veo, round, advance } = tableScene();
		n8n.insert(JOBS, { uuid: 'v-1', status: 'pending' });
		veo.set('v-1', 'processing');
		await round(0);
		Object.assign(n8n.row('v-1'), { status: 'completed', finishedAt: at(0) });
		await advance(SECOND_MS);
		expect(n8n.row('v-1')).toMatchObject({ status: 'completed' });
	});

	it('is not written over where it became that of another job since it was read', async () => {
		for (const status of ['processing', 'failed']) {
			const { n8n, veo, round, advance } = tableScene();
			n8n.insert(JOBS, { uuid: 'v-1', status: 'pending' });
			veo.set('v-1', status);
			await round(0);
			Object.assign(n8n.row('v-1'), { uuid: 'v-2' });
			await advance(SECOND_MS);
			expect(n8n.rows()).toMatchObject([{ uuid: 'v-2', status: 'pending' }]);
		}
	});

	it('does no harm where n8n does not take the status', async () => {
		const { n8n, veo, round, items, advance } = tableScene();
		n8n.insert(JOBS, { uuid: 'v-1', status: 'pending' });
		veo.set('v-1', 'processing');
		n8n.refuse = (line) => (line.startsWith('PATCH') ? REPLIES.http5xx : undefined);
		await round();
		n8n.refuse = () => undefined;
		veo.complete('v-1');
		await advance(20 * SECOND_MS);
		expect(items()).toHaveLength(1);
	});
});

describe('What is known of unfinished jobs', () => {
	/** The rounds of a table whose jobs have this progress, one each ten seconds. */
	async function rounds(count: number, progress: Record<string, number | undefined>) {
		const scene = tableScene();
		for (const [uuid, percent] of Object.entries(progress)) {
			scene.veo.set(uuid, 'processing', { progress: percent });
			scene.n8n.insert(JOBS, { uuid, status: 'processing' });
		}
		for (let round = 0; round < count; round++) await scene.round(10 * SECOND_MS);
		const stamps = scene.n8n.to('PATCH').map(({ atMs, json: { filter, data } }) => {
			return { afterMs: atMs - START_MS, filter, data };
		});
		return { ...scene, stamps };
	}

	const ids = (...values: number[]) => ({
		type: 'or',
		filters: values.map((value) => ({ columnName: 'id', condition: 'eq', value })),
	});

	it('is written once a minute, for rows with the same progress together', async () => {
		const jobs = { a: 41, b: 49, c: 50, d: undefined, e: undefined };
		const { stamps } = await rounds(7, jobs);
		expect(stamps).toEqual([
			{ afterMs: 10_000, filter: ids(5, 4), data: { checkedAt: at(10_000) } },
			{ afterMs: 10_000, filter: ids(3), data: { checkedAt: at(10_000), progress: 50 } },
			{ afterMs: 10_000, filter: ids(2, 1), data: { checkedAt: at(10_000), progress: 40 } },
		]);
		const { stamps: all } = await rounds(8, jobs);
		expect(all.slice(3).map(({ afterMs }) => afterMs)).toEqual([70_000, 70_000, 70_000]);
	});

	it('is not written before a job was checked', async () => {
		const { n8n, veo, round } = tableScene();
		n8n.insert(JOBS, { uuid: 'v-1' });
		veo.set('v-1', 'processing');
		veo.latencyMs = 30 * SECOND_MS;
		await round(10 * SECOND_MS);
		await round(10 * SECOND_MS);
		expect(n8n.lines('PATCH')).toEqual([]);
	});

	it('is not written where the last check of somebody else is less than a minute old', async () => {
		const { n8n, veo, round } = tableScene();
		n8n.insert(JOBS, { uuid: 'v-1', status: 'processing', checkedAt: at(-10 * SECOND_MS) });
		veo.set('v-1', 'processing');
		for (let count = 0; count < 5; count++) await round(10 * SECOND_MS);
		expect(veo.checks.length).toBeGreaterThan(0);
		expect(n8n.lines('PATCH')).toEqual([]);
		await round();
		expect(n8n.to('PATCH').map(({ json }) => json.data)).toEqual([{ checkedAt: at(50_000) }]);
	});

	it('is not written again without another check', async () => {
		const { n8n, veo, clock, round, advance } = tableScene({ intervalMs: 300 * SECOND_MS });
		n8n.insert(JOBS, { uuid: 'v-1', status: 'processing' });
		veo.set('v-1', 'processing');
		await round();
		await round();
		expect(n8n.lines('PATCH')).toHaveLength(1);
		await advance(2 * MINUTE_MS);
		await round();
		expect(veo.checks).toHaveLength(1);
		expect(n8n.lines('PATCH')).toHaveLength(1);
		expect(clock.now()).toBeLessThan(START_MS + 300 * SECOND_MS);
	});

	it('is written after a check that failed too', async () => {
		const scene = await checked('http5xx', submitted(0));
		await scene.round();
		expect(scene.n8n.row('v-1')).toMatchObject({ checkedAt: at(900) });
	});
});
