import { VeoClient } from '../../../nodes/Veo/api/client';
import type { JsonObject } from '../../../nodes/Veo/api/json';
import type { OutcomeName } from '../../../nodes/Veo/errors/outcome';
import { sample } from '../../../nodes/Veo/trigger/sample';
import type { TriggerSettings } from '../../../nodes/Veo/trigger/settings';
import { FakeN8n, JOBS } from '../fakeN8n';
import { FakeClock, rejectionOf, REPLIES } from '../fakes';
import { at, FakeVeo, HOUR_MS, START_MS, urlOf } from './fakes';

/** A test event of a trigger on the table `veo_jobs` with these rows. */
function tableSample(rows: JsonObject[], events = ['completed', 'failed']) {
	return sampleScene({ tableRef: { name: JOBS } }, rows, events);
}

function sampleScene(watch: TriggerSettings['watch'], rows: JsonObject[], events: string[]) {
	const clock = new FakeClock(START_MS);
	const [n8n, veo] = [new FakeN8n(), new FakeVeo(clock)];
	n8n.insert(JOBS, ...rows);
	const access = { client: new VeoClient(veo.send), n8nApi: n8n.send, credential: '' };
	const times = { intervalMs: 10_000, giveUpAfterMs: HOUR_MS, deleteAfterMs: Infinity };
	const take = async (signal?: AbortSignal) =>
		await clock.run(sample({ watch, events, ...times }, access, signal));
	return { n8n, veo, take };
}

const OLDER = { uuid: 'older', status: 'completed', finishedAt: at(-2) };
const LATEST = {
	...{ uuid: 'latest', status: 'completed', finishedAt: at(-1), prompt: 'A fox' },
	videoUrl: 'https://attacker.example/v.mp4',
};

describe('The test event of a job table', () => {
	it('is the job that finished last, with what the API and its row say', async () => {
		const { n8n, veo, take } = tableSample([
			{ ...LATEST, uuid: ' latest\n' },
			OLDER,
			{ uuid: 'open' },
		]);
		veo.complete('latest');
		expect(await take()).toEqual({
			...{ uuid: 'latest', status: 'completed', videoUrl: urlOf('latest') },
			...{ finishedAt: at(-1), prompt: 'A fox' },
		});
		expect(n8n.sent.map(({ line }) => line.split(' ')[0])).toEqual(['GET', 'GET']);
		expect(veo.checks).toHaveLength(1);
	});

	it('is of a kind that the user wants', async () => {
		const failed = { uuid: 'bad', status: 'failed', finishedAt: at(0), errorMessage: 'No cats' };
		const wanted = tableSample([LATEST, OLDER, failed], ['completed']);
		wanted.veo.complete('latest');
		expect(await wanted.take()).toMatchObject({ uuid: 'latest' });
		const unwanted = tableSample([LATEST, OLDER, failed], ['failed']);
		unwanted.veo.set('bad', 'failed');
		expect(await unwanted.take()).toMatchObject({ uuid: 'bad', status: 'failed' });
	});

	it('is what its row says, but for the URL, where the API does not confirm it', async () => {
		for (const answer of ['processing', 'code1000', 'http5xx'] as const) {
			const { veo, take } = tableSample([LATEST]);
			if (answer === 'processing') veo.set('latest', 'processing', { progress: 3 });
			else veo.videos.set('latest', REPLIES[answer]);
			const { videoUrl, ...known } = LATEST;
			expect(videoUrl).toBeDefined();
			expect(await take()).toEqual(known);
		}
	});

	it.each<OutcomeName>(['http401', 'http403', 'code1002'])(
		'is an error where the API refuses the key: %s',
		async (outcome) => {
			const { veo, take } = tableSample([LATEST]);
			veo.videos.set('latest', REPLIES[outcome]);
			expect(await rejectionOf(take())).toMatchObject({
				message: expect.stringContaining('The API refused the key') as string,
			});
		},
	);

	it('is the newest job that has finished at the API, where no row is final', async () => {
		const rows = [1, 2, 3, 4, 5, 6].map((number) => ({
			uuid: ` v-${number}`,
			prompt: `${number}`,
		}));
		const { n8n, veo, take } = tableSample([...rows, { status: 'submitting' }]);
		veo.set('v-6', 'processing');
		veo.complete('v-4');
		veo.complete('v-3');
		expect(await take()).toEqual({
			...{ uuid: 'v-4', status: 'completed', videoUrl: urlOf('v-4'), prompt: '4' },
		});
		expect(veo.checks.map(({ uuid }) => uuid)).toEqual(['v-6', 'v-5', 'v-4']);
		expect(n8n.rows().every(({ finishedAt }) => finishedAt === undefined)).toBe(true);
	});

	it('is looked for in at most five of them, and none where those are not finished', async () => {
		const { veo, take } = tableSample([1, 2, 3, 4, 5, 6].map((id) => ({ uuid: `v-${id}` })));
		veo.complete('v-1');
		veo.set('v-6', 'processing');
		expect(await take()).toBeUndefined();
		expect(veo.checks.map(({ uuid }) => uuid)).toEqual(['v-6', 'v-5', 'v-4', 'v-3', 'v-2']);
	});

	it('is none in an empty table', async () => {
		expect(await tableSample([]).take()).toBeUndefined();
	});

	it('is an error where there is no table', async () => {
		const { n8n, take } = tableSample([]);
		n8n.drop(JOBS);
		expect(await rejectionOf(take())).toMatchObject({
			message: "There is no Data Table named 'veo_jobs'",
		});
	});
});

describe('The test event of listed videos', () => {
	it('is the last of them that is finished, and n8n is not asked', async () => {
		const uuids = ['v-1', 'v-2', 'v-3'];
		const { n8n, veo, take } = sampleScene({ uuids }, [LATEST], ['completed']);
		veo.complete('v-1');
		veo.complete('v-2');
		veo.set('v-3', 'failed');
		expect(await take()).toEqual({ uuid: 'v-2', status: 'completed', videoUrl: urlOf('v-2') });
		expect(n8n.sent).toEqual([]);
		expect(uuids).toEqual(['v-1', 'v-2', 'v-3']);
	});
});
