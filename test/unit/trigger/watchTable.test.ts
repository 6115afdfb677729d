import type { JsonObject } from '../../../nodes/Veo/api/json';
import { JOBS } from '../fakeN8n';
import { rejectionOf } from '../fakes';
import { at, HOUR_MS, LATENCY_MS, MINUTE_MS, SECOND_MS } from './fakes';
import { tableScene } from './tableScene';

type Scene = ReturnType<typeof tableScene>;

/** Rows of unfinished jobs that the API is still working on. */
function addOpen({ n8n, veo }: Scene, count: number, name = 'open'): void {
	for (let index = 1; index <= count; index++) {
		const uuid = `${name}-${index}`;
		veo.set(uuid, 'processing');
		n8n.insert(JOBS, { uuid, status: 'processing', submittedAt: at(0) });
	}
}

/** A finished row, before a page of unfinished ones. Its job becomes unfinished again by `reopen`. */
function addBeforeAPage(scene: Scene): { reopen: () => void } {
	const { n8n, veo } = scene;
	veo.set('old', 'processing');
	n8n.insert(JOBS, { uuid: 'old', status: 'completed', finishedAt: at(-HOUR_MS) });
	addOpen(scene, 100);
	const reopen = () =>
		Object.assign(n8n.row('old'), { status: 'processing', finishedAt: null, submittedAt: at(0) });
	return { reopen };
}

describe('A watched job table', () => {
	it('has each unfinished job checked, and gives it to n8n once it is final', async () => {
		const { n8n, veo, round, items } = tableScene();
		n8n.insert(JOBS, { uuid: 'v-1', prompt: 'A fox', status: 'pending', submittedAt: at(0) });
		veo.complete('v-1');
		await round();
		await round();
		expect(items()).toEqual([
			{
				uuid: 'v-1',
				status: 'completed',
				videoUrl: 'https://files.example/v-1.mp4',
				prompt: 'A fox',
				submittedAt: at(0),
				finishedAt: at(LATENCY_MS),
			},
		]);
		expect(n8n.row('v-1')).toMatchObject({
			status: 'completed',
			videoUrl: 'https://files.example/v-1.mp4',
			checkedAt: at(LATENCY_MS),
			finishedAt: at(LATENCY_MS),
		});
		expect(veo.checksOf('v-1')).toEqual([0]);
	});

	it('has neither rows without a uuid checked nor old finished ones', async () => {
		const { n8n, veo, round, items } = tableScene();
		n8n.insert(
			JOBS,
			{ status: 'submitting' },
			{ uuid: '', status: 'pending' },
			{ status: 'failed', finishedAt: at(0) },
			{ uuid: 'old', status: 'completed', finishedAt: at(-1) },
		);
		await round();
		expect(veo.checks).toEqual([]);
		expect(items()).toEqual([]);
	});

	it('is an error for the user where it is gone', async () => {
		const { n8n, watch } = tableScene();
		n8n.drop(JOBS);
		expect(await rejectionOf(watch.round())).toMatchObject({
			message: "There is no Data Table named 'veo_jobs'",
		});
	});

	it('costs three reads in a round without news', async () => {
		const scene = tableScene();
		addOpen(scene, 150);
		await scene.round(20 * SECOND_MS);
		const before = scene.n8n.sent.length;
		await scene.round();
		const sent = scene.n8n.sent.slice(before).filter(({ line }) => line.startsWith('GET'));
		expect(sent.map(({ query: { sortBy, limit } }) => [sortBy, limit])).toEqual([
			[undefined, '100'],
			['id:desc', '100'],
			['finishedAt:desc', '20'],
		]);
	});

	it('teaches by the latest 50 of its completed jobs how long the next ones take', async () => {
		const { n8n, round, experience } = tableScene();
		const add = (uuid: string, status: string, finishedMs: number, tookMs: number) =>
			n8n.insert(JOBS, {
				...{ uuid, status, submittedAt: at(finishedMs - tookMs), finishedAt: at(finishedMs) },
			});
		for (let i = 1; i <= 50; i++) add(`new-${i}`, 'completed', -i * MINUTE_MS, 100 * SECOND_MS);
		for (let i = 1; i <= 40; i++) add(`old-${i}`, 'completed', -i * HOUR_MS, 5 * SECOND_MS);
		for (let i = 1; i <= 10; i++) add(`bad-${i}`, 'failed', -i * SECOND_MS, SECOND_MS);
		const learned = jest.spyOn(experience, 'addDuration');
		await round();
		await round();
		expect(learned).toHaveBeenCalledTimes(90);
		const { fromMs = NaN, toMs = NaN } = experience.window ?? {};
		expect([fromMs, toMs].map(Math.round)).toEqual([95_000, 110_000]);
	});
});

describe('All unfinished rows', () => {
	it('are read once a minute; in between only the newest', async () => {
		const scene = tableScene();
		const { reopen } = addBeforeAPage(scene);
		await scene.round(30 * SECOND_MS);
		reopen();
		await scene.round(30 * SECOND_MS - 1);
		await scene.round(1);
		expect(scene.veo.checksOf('old')).toEqual([]);
		await scene.round(0);
		expect(scene.queue.has('old')).toBe(true);
	});

	it('are read less often where reading them takes long: for a twentieth of the time', async () => {
		const scene = tableScene();
		const { n8n, queue, clock, round, advance } = scene;
		const { reopen } = addBeforeAPage(scene);
		n8n.before = async (line) => {
			if (line.endsWith('/rows') && line.startsWith('GET')) await clock.pass(3 * SECOND_MS);
		};
		// One page of unfinished rows and two of finished ones.
		await round(0);
		n8n.before = () => undefined;
		reopen();
		await advance(180 * SECOND_MS - 1);
		await round(0);
		expect(queue.has('old')).toBe(false);
		await advance(1);
		await round(0);
		expect(queue.has('old')).toBe(true);
	});

	it('are read at once where the table was made again, and jobs that it lacks are forgotten', async () => {
		const scene = tableScene();
		const { n8n, round, queue } = scene;
		const first = n8n.insert(JOBS, { uuid: 'first', status: 'completed', finishedAt: at(0) });
		addOpen(scene, 100);
		addOpen(scene, 1, 'gone');
		n8n.delete(JOBS, first);
		await round();
		n8n.drop(JOBS);
		n8n.make(JOBS);
		n8n.insert(JOBS, { uuid: 'made-again' });
		addOpen(scene, 100);
		await round();
		expect(queue.has('made-again')).toBe(true);
		expect(queue.has('gone-1')).toBe(false);
	});

	it('are read on as far as there are new ones', async () => {
		const scene = tableScene();
		const { n8n, round, queue } = scene;
		const { reopen } = addBeforeAPage(scene);
		await round();
		reopen();
		addOpen(scene, 101, 'new');
		const before = n8n.sent.length;
		await round();
		for (let index = 1; index <= 101; index++) expect(queue.has(`new-${index}`)).toBe(true);
		expect(queue.has('old')).toBe(true);
		const pages = n8n.sent.slice(before).filter(({ query }) => query.sortBy === 'id:desc');
		expect(pages.map(({ query }) => query.cursor)).toEqual([undefined, '100', '200']);
	});

	it('are read on where a known job has a new row', async () => {
		const scene = tableScene();
		const { n8n, round, queue } = scene;
		const { reopen } = addBeforeAPage(scene);
		await round();
		reopen();
		n8n.insert(JOBS, { uuid: 'open-100' });
		await round();
		expect(queue.has('old')).toBe(true);
	});

	it('keep a job that one reading missed because a newer row became final in the meantime', async () => {
		const scene = tableScene();
		const { n8n, round, queue } = scene;
		addOpen(scene, 150);
		await round(MINUTE_MS);
		let reads = 0;
		n8n.before = (line) => {
			// After the first page, which the jobs open-51 to open-150 fill.
			if (line.endsWith('/rows') && ++reads === 2) n8n.row('open-150').finishedAt = at(0);
		};
		await round();
		expect(queue.has('open-50')).toBe(true);
	});

	it('tell which jobs are no longer there, once two readings in a row did not find them', async () => {
		const { n8n, veo, round, queue, advance } = tableScene();
		veo.set('v-1', 'processing');
		const id = n8n.insert(JOBS, { uuid: 'v-1' });
		await round(20 * SECOND_MS);
		n8n.delete(JOBS, id);
		await round();
		await advance(MINUTE_MS);
		await round();
		expect(queue.has('v-1')).toBe(true);
		n8n.insert(JOBS, { uuid: 'v-1' });
		await advance(MINUTE_MS);
		await round();
		n8n.delete(JOBS, id + 1);
		await advance(MINUTE_MS);
		await round();
		expect(queue.has('v-1')).toBe(true);
		await advance(MINUTE_MS);
		await round();
		expect(queue.has('v-1')).toBe(false);
		const { length } = veo.checks;
		await advance(MINUTE_MS);
		expect(veo.checks).toHaveLength(length);
	});
});

describe('The first check of a job', () => {
	const firstCheck = async (row: JsonObject) => {
		const { n8n, veo, round } = tableScene();
		veo.set('v-1', 'processing');
		n8n.insert(JOBS, { uuid: 'v-1', ...row });
		await round(20 * SECOND_MS);
		return veo.checksOf('v-1')[0];
	};

	it('comes at once where nothing is known of it', async () => {
		expect(await firstCheck({})).toBe(0);
		expect(await firstCheck({ submittedAt: at(0) })).toBe(0);
		expect(await firstCheck({ submittedAt: 'a while ago', checkedAt: 'just now' })).toBe(0);
	});

	it('comes 5 seconds after the last check of somebody else', async () => {
		const row = { submittedAt: at(-MINUTE_MS), checkedAt: at(-2 * SECOND_MS) };
		expect(await firstCheck(row)).toBe(3 * SECOND_MS);
	});

	it('comes an interval after the job was accepted, which is when it was last heard of', async () => {
		expect(await firstCheck({ submittedAt: at(0), checkedAt: at(0) })).toBe(10 * SECOND_MS);
	});
});

describe('Several rows of one job', () => {
	it('cost one check and become one item, and all of them are written', async () => {
		const { n8n, veo, round, items } = tableScene();
		veo.complete('v-1');
		n8n.insert(JOBS, { uuid: 'v-1' }, { uuid: ' v-1\n' }, { uuid: 'v-1' });
		await round();
		await round();
		expect(veo.checks).toHaveLength(1);
		expect(items()).toMatchObject([{ uuid: 'v-1', status: 'completed' }]);
		for (const row of n8n.rows()) expect(row).toMatchObject({ status: 'completed' });
	});

	it('become no second item where a row is added after the delivery', async () => {
		const { n8n, veo, round, items } = tableScene();
		veo.complete('v-1');
		n8n.insert(JOBS, { uuid: 'v-1' });
		await round();
		n8n.insert(JOBS, { uuid: 'v-1' });
		await round();
		await round();
		expect(veo.checks).toHaveLength(2);
		expect(items()).toHaveLength(1);
		expect(n8n.rows()).toMatchObject([{ status: 'completed' }, { status: 'completed' }]);
	});
});

describe('A row whose uuid cannot be one', () => {
	const notAnId =
		"Not checked: the 'uuid' of this row is not a video ID. Add a new row with the right one.";

	it('is marked as failed at once and told of once, and the API is not asked', async () => {
		const { n8n, veo, round, items } = tableScene();
		n8n.insert(JOBS, { uuid: 'two words', prompt: 'A fox' });
		await round();
		await round();
		const failed = { status: 'failed', errorMessage: notAnId, finishedAt: at(0) };
		expect(n8n.rows()).toMatchObject([failed]);
		expect(items()).toEqual([{ uuid: 'two words', prompt: 'A fox', ...failed }]);
		expect(veo.checks).toEqual([]);
	});

	it('is not told of where the user does not want failures', async () => {
		const { n8n, round, items } = tableScene({ events: ['completed'] });
		n8n.insert(JOBS, { uuid: '..' });
		await round();
		expect(n8n.rows()).toMatchObject([{ status: 'failed' }]);
		expect(items()).toEqual([]);
	});

	it('is told of once although n8n does not write it yet', async () => {
		const { n8n, round, items } = tableScene();
		n8n.insert(JOBS, { uuid: '..' });
		n8n.refuse = (line) => (line.startsWith('PATCH') ? { httpStatus: 503, body: '' } : undefined);
		await round();
		await round();
		expect(items()).toHaveLength(1);
		n8n.refuse = () => undefined;
		await round();
		await round();
		expect(n8n.rows()).toMatchObject([{ status: 'failed', finishedAt: at(0) }]);
		expect(items()).toHaveLength(1);
	});

	it('is not checked either where somebody else wrote it as finished', async () => {
		const { n8n, veo, round, items } = tableScene();
		n8n.insert(JOBS, { uuid: 'a/../b', status: 'completed', finishedAt: at(1) });
		await round();
		expect(veo.checks).toEqual([]);
		expect(items()).toEqual([]);
	});
});
