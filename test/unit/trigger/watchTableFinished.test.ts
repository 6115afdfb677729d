import type { JsonObject } from '../../../nodes/Veo/api/json';
import type { OutcomeName } from '../../../nodes/Veo/errors/outcome';
import { JOBS } from '../fakeN8n';
import { REPLIES } from '../fakes';
import { at, HOUR_MS, MINUTE_MS, SECOND_MS, urlOf } from './fakes';
import { tableScene } from './tableScene';

/** A row that somebody else finished so long after the start of the trigger. */
const finished = (uuid: string, ms: number, row: JsonObject = {}) => ({
	...{ uuid, status: 'completed', finishedAt: at(ms), ...row },
});

/** A finished row whose job the API knows like this. */
async function claimed(answer: OutcomeName | 'open', row: JsonObject = {}, events?: string[]) {
	const scene = tableScene(events && { events });
	scene.n8n.insert(JOBS, finished('v-1', 1, row));
	if (answer === 'open') scene.veo.set('v-1', 'processing');
	else scene.veo.videos.set('v-1', REPLIES[answer]);
	await scene.round();
	return scene;
}

describe('A job that somebody else wrote as finished', () => {
	it('is checked at the API, and told of with what the API says', async () => {
		const { n8n, veo, round, items } = tableScene();
		const row = { prompt: 'A fox', videoUrl: 'https://attacker.example/v.mp4' };
		n8n.insert(JOBS, finished('v-1', 7, row));
		veo.complete('v-1');
		await round();
		await round();
		expect(items()).toMatchObject([
			{ uuid: 'v-1', status: 'completed', prompt: 'A fox', videoUrl: urlOf('v-1') },
		]);
		expect(items()[0]?.finishedAt).toBe(at(7));
		expect(items()[0]).not.toHaveProperty('checkedAt');
		expect(veo.checks).toHaveLength(1);
		expect(n8n.lines('PATCH')).toEqual([]);
	});

	it('is waited for as long as the API says that it is not finished, and longer than a minute', async () => {
		const { veo, round, items, advance } = await claimed('open', { submittedAt: at(-HOUR_MS) });
		await round(MINUTE_MS);
		await round();
		expect(items()).toEqual([]);
		veo.complete('v-1');
		await advance(11 * SECOND_MS);
		await round();
		expect(items()).toMatchObject([{ uuid: 'v-1', videoUrl: urlOf('v-1') }]);
	});

	it('is told of although others that finished ten minutes later were told of before', async () => {
		const { n8n, veo, round, items, advance } = await claimed('open');
		await advance(15 * MINUTE_MS);
		n8n.insert(JOBS, finished('v-2', 15 * MINUTE_MS));
		veo.complete('v-2');
		await round();
		expect(items()).toMatchObject([{ uuid: 'v-2' }]);
		veo.complete('v-1');
		await round(20 * SECOND_MS);
		expect(items()).toMatchObject([{ uuid: 'v-2' }, { uuid: 'v-1' }]);
	});

	it('is never written, also where the status at the API is another one', async () => {
		const { n8n, round } = await claimed('open');
		for (let count = 0; count < 13; count++) await round(10 * SECOND_MS);
		expect(n8n.lines('PATCH')).toEqual([]);
	});

	it('teaches nothing about how long videos take', async () => {
		const { experience, veo, advance } = await claimed('open', { submittedAt: at(-HOUR_MS) });
		const learned = jest.spyOn(experience, 'addDuration');
		veo.complete('v-1');
		await advance(20 * SECOND_MS);
		for (const [ms] of learned.mock.calls) expect(ms).toBeNaN();
	});

	it('is told of as the API says, where the row says otherwise', async () => {
		const { n8n, veo, round, items } = tableScene();
		n8n.insert(JOBS, finished('v-1', 1), finished('v-2', 2, { status: 'failed' }));
		veo.set('v-1', 'failed', { errorMessage: 'No cats' });
		veo.complete('v-2');
		await round();
		await round();
		expect(items()).toMatchObject([
			{ uuid: 'v-1', status: 'failed', errorMessage: 'No cats' },
			{ uuid: 'v-2', status: 'completed', videoUrl: urlOf('v-2') },
		]);
		expect(veo.checks).toHaveLength(2);
	});

	it('is not told of where it failed at the API, and the user wants completed ones', async () => {
		const { n8n, veo, round, items } = tableScene({ events: ['completed'] });
		n8n.insert(JOBS, finished('v-1', 1));
		veo.set('v-1', 'failed');
		await round();
		await round();
		expect(items()).toEqual([]);
		expect(veo.checks).toHaveLength(1);
	});

	it('is not checked where the user does not want its kind, and no longer if it was watched', async () => {
		const { n8n, veo, queue, round, items } = tableScene({ events: ['completed'] });
		n8n.insert(JOBS, { uuid: 'v-1', status: 'processing' });
		veo.set('v-1', 'processing');
		await round();
		Object.assign(n8n.row('v-1'), finished('v-1', 500, { status: 'failed' }));
		await round();
		expect(queue.has('v-1')).toBe(false);
		await round(MINUTE_MS);
		expect(veo.checks).toHaveLength(1);
		expect(items()).toEqual([]);
	});

	it('is checked no sooner than 5 seconds after the last check', async () => {
		const { n8n, veo, round, items } = tableScene();
		n8n.insert(JOBS, { uuid: 'v-1', status: 'processing' });
		veo.set('v-1', 'processing');
		await round();
		Object.assign(n8n.row('v-1'), finished('v-1', 500));
		veo.complete('v-1');
		await round(10 * SECOND_MS);
		expect(veo.checksOf('v-1')).toEqual([0, 5 * SECOND_MS]);
		expect(items()).toMatchObject([{ uuid: 'v-1', status: 'completed' }]);
	});

	it('is told of by its latest row, where it has several', async () => {
		const { n8n, veo, round, items } = tableScene();
		n8n.insert(
			JOBS,
			finished('v-1', 2, { prompt: 'latest' }),
			finished('v-1', 1, { prompt: 'earlier', status: 'failed' }),
		);
		veo.complete('v-1');
		await round();
		expect(items()).toMatchObject([{ prompt: 'latest' }]);
		await round(10 * SECOND_MS);
		await round();
		expect(items()).toHaveLength(1);
	});

	it('finished when its row says, although it has no URL for a while', async () => {
		const { n8n, veo, round, items } = tableScene();
		n8n.insert(JOBS, finished('v-1', 1));
		veo.set('v-1', 'completed');
		await round(11 * MINUTE_MS);
		expect(items()).toEqual([finished('v-1', 1)]);
	});

	it('is found by its uuid without the spaces around it', async () => {
		const { n8n, veo, round, items } = tableScene();
		n8n.insert(JOBS, finished(' v-1\n', 1));
		veo.complete('v-1');
		await round();
		await round();
		expect(items()).toMatchObject([{ uuid: 'v-1', status: 'completed' }]);
	});

	it('is told of as it was written where the API does not know it, with the reason', async () => {
		const { items, round } = await claimed('code1000', {
			...{ prompt: 'A fox', videoUrl: 'https://attacker.example/v.mp4' },
		});
		await round(MINUTE_MS);
		expect(items()).toEqual([
			{
				...finished('v-1', 1),
				prompt: 'A fox',
				downloadHint:
					"The status of video v-1 could not be checked: the API did not accept the input: The prompt is too short. Check 'Video ID': it is the 'uuid' that Generate returned.",
			},
		]);
	});

	it.each<OutcomeName>(['http5xx', 'http429', 'http401'])(
		'is not told of before the API answers: %s',
		async (outcome) => {
			const { veo, items, advance } = await claimed(outcome);
			expect(items()).toEqual([]);
			veo.complete('v-1');
			await advance(20 * SECOND_MS);
			expect(items()).toMatchObject([{ videoUrl: urlOf('v-1') }]);
		},
	);

	it('is told of as given up where somebody gave it up and the API has not finished it', async () => {
		const { items, veo, advance } = await claimed('open', {
			...{ status: 'expired', errorMessage: 'Given up' },
		});
		expect(items()).toEqual([finished('v-1', 1, { status: 'expired', errorMessage: 'Given up' })]);
		await advance(MINUTE_MS);
		expect(veo.checks).toHaveLength(1);
	});

	it('and gave up is told of as completed where it has finished since', async () => {
		const { veo, n8n, round, items } = tableScene();
		n8n.insert(JOBS, finished('v-1', 1, { status: 'expired' }));
		veo.complete('v-1');
		await round();
		expect(items()).toMatchObject([{ uuid: 'v-1', status: 'completed' }]);
	});
});

describe('Many jobs that somebody else finished', () => {
	/** So many rows, of which each finished a millisecond before the next. */
	function addFinished({ n8n, veo }: ReturnType<typeof tableScene>, count: number, fromMs = 0) {
		for (let index = 0; index < count; index++) {
			const uuid = `v-${fromMs + index}`;
			n8n.insert(JOBS, finished(uuid, fromMs + index));
			veo.complete(uuid);
		}
	}

	it('are checked in the order in which they finished', async () => {
		const { n8n, veo, round } = tableScene();
		for (const ms of [2, 4, 1, 3]) {
			n8n.insert(JOBS, finished(`v-${ms}`, ms));
			veo.complete(`v-${ms}`);
		}
		await round();
		expect(veo.checks.map(({ uuid }) => uuid)).toEqual(['v-1', 'v-2', 'v-3', 'v-4']);
	});

	it('are all found, however many finish between two rounds', async () => {
		const scene = tableScene();
		await scene.round();
		addFinished(scene, 130);
		await scene.round(15 * SECOND_MS);
		expect(scene.items()).toHaveLength(130);
	});

	it('are found below others of a kind that the user does not want', async () => {
		const scene = tableScene({ events: ['completed'] });
		await scene.round();
		addFinished(scene, 1);
		for (let index = 0; index < 25; index++) {
			scene.n8n.insert(JOBS, finished(`bad-${index}`, 10 + index, { status: 'failed' }));
		}
		await scene.round();
		expect(scene.items()).toMatchObject([{ uuid: 'v-0' }]);
	});

	it('cost no more pages than those with new ones and one more', async () => {
		const scene = tableScene();
		await scene.round();
		addFinished(scene, 250);
		await scene.round(30 * SECOND_MS);
		addFinished(scene, 30, 1_000);
		const before = scene.n8n.sent.length;
		await scene.round(5 * SECOND_MS);
		const pages = scene.n8n.sent.slice(before).filter(({ query }) => query.sortBy?.startsWith('f'));
		expect(pages.map(({ query }) => [query.limit, query.cursor])).toEqual([
			['20', undefined],
			['100', undefined],
			['100', '100'],
		]);
		expect(scene.items()).toHaveLength(280);
	});

	it('are looked through once a minute for rows that came late', async () => {
		const scene = tableScene();
		const { n8n, veo, round, items } = scene;
		addFinished(scene, 120, 1_000);
		await round(15 * SECOND_MS);
		await round();
		n8n.insert(JOBS, finished('late', 1));
		veo.complete('late');
		await round(MINUTE_MS);
		expect(items()).toHaveLength(120);
		await round();
		expect(items()).toHaveLength(121);
	});

	it('are not read on where they finished before the trigger began', async () => {
		const scene = tableScene();
		addFinished(scene, 250, -300);
		await scene.round();
		const pages = scene.n8n.to('GET').filter(({ query }) => query.sortBy === 'finishedAt:desc');
		// To learn how long jobs take, the latest, and the first page.
		expect(pages.map(({ query }) => query.limit)).toEqual(['100', '20', '100']);
		expect(scene.veo.checks).toEqual([]);
	});
});
