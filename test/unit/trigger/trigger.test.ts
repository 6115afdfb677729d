import { JOBS, TRIGGERS } from '../fakeN8n';
import { rejectionOf, type Reply, REPLIES } from '../fakes';
import { at, MINUTE_MS, SECOND_MS, START_MS, TRIGGER_KEY, urlOf } from './fakes';
import { KEY_CHECK, type SceneOptions, triggerScene } from './triggerScene';

describe('The publication by a user', () => {
	const published = (options: SceneOptions = {}) =>
		triggerScene({ activationMode: 'activate', ...options });

	it('ends with what the user has to correct, and nothing is watched then', async () => {
		const { n8n, publish, clock, rounds } = published();
		n8n.drop(JOBS);
		expect(await rejectionOf(publish())).toMatchObject({
			message:
				"There is no Data Table named 'veo_jobs'. Run Generate with 'Track Job' once to create it, or correct 'Job Table Name'.",
		});
		await clock.advance(MINUTE_MS);
		expect(rounds()).toEqual([0]);
	});

	it('ends where n8n does not answer, with the name of the table', async () => {
		const { n8n, publish } = published();
		n8n.refuse = () => REPLIES.http5xx;
		expect(await rejectionOf(publish())).toMatchObject({
			message: expect.stringContaining("The job table 'veo_jobs' could not be used") as string,
		});
	});

	it('ends where the form is not filled in', async () => {
		const { n8n, publish } = published({ parameters: { watch: 'uuids', uuids: ' ' } });
		expect(await rejectionOf(publish())).toMatchObject({
			message: expect.stringContaining("The 'Video IDs' are blank. Fill in") as string,
		});
		expect(n8n.sent).toEqual([]);
	});

	it('ends where the API refuses the key', async () => {
		const { veo, publish } = published();
		veo.videos.set(KEY_CHECK, REPLIES.http401);
		expect(await rejectionOf(publish())).toMatchObject({
			message: expect.stringContaining('The API refused the key') as string,
		});
		expect(veo.checks).toEqual([{ atMs: START_MS, uuid: KEY_CHECK }]);
	});

	it('goes on where the API is away', async () => {
		const { veo, publish, addJob, items, clock } = published();
		veo.videos.set(KEY_CHECK, REPLIES.http5xx);
		veo.complete('v-1');
		addJob('v-1');
		await publish();
		await clock.advance(SECOND_MS);
		expect(items()).toMatchObject([{ uuid: 'v-1' }]);
	});

	it('records at once that what finishes from now on is told of', async () => {
		const { n8n, publish } = published();
		const { close } = await publish();
		await close();
		expect(n8n.rows(TRIGGERS)).toMatchObject([
			{ trigger: TRIGGER_KEY, deliveries: expect.stringContaining(`${START_MS}`) as string },
		]);
	});

	it.each(['init', 'leadershipChange'])(
		'is not waited for at the start of n8n: %s',
		async (mode) => {
			const { n8n, veo, publish, addJob, items, clock } = triggerScene({ activationMode: mode });
			n8n.refuse = () => REPLIES.http5xx;
			veo.complete('v-1');
			addJob('v-1');
			await publish();
			expect(veo.checks).toEqual([]);
			n8n.refuse = () => undefined;
			await clock.advance(3 * SECOND_MS);
			expect(items()).toMatchObject([{ uuid: 'v-1' }]);
		},
	);
});

describe('A trigger on listed videos', () => {
	it('needs no job table credential', async () => {
		const { veo, clock, publish, items, n8n, context } = triggerScene({
			activationMode: 'activate',
			parameters: { watch: 'uuids', uuids: 'v-1' },
		});
		const credentials = jest.spyOn(context, 'getCredentials');
		veo.complete('v-1');
		await publish();
		await clock.advance(SECOND_MS);
		expect(items()).toMatchObject([{ uuid: 'v-1', videoUrl: urlOf('v-1') }]);
		expect(n8n.sent).toEqual([]);
		for (const [name] of credentials.mock.calls) expect(name).toBe('veoApi');
	});
});

describe('A test event', () => {
	it('is the latest finished job, and starts no loop', async () => {
		const { n8n, veo, clock, publish, items } = triggerScene({ mode: 'manual' });
		n8n.insert(JOBS, { uuid: 'v-1', status: 'completed', finishedAt: at(-1) });
		veo.complete('v-1');
		const { manualTriggerFunction } = await publish();
		expect(n8n.sent).toEqual([]);
		await clock.run(manualTriggerFunction?.() ?? Promise.resolve());
		expect(items()).toMatchObject([{ uuid: 'v-1', videoUrl: urlOf('v-1') }]);
		const { length } = n8n.sent;
		await clock.advance(MINUTE_MS);
		expect(n8n.sent).toHaveLength(length);
	});

	it.each<[Reply | undefined, string, string]>([
		[undefined, 'There is no finished video yet', 'Create one with Generate, wait'],
		[REPLIES.http403, "The job table 'veo_jobs' could not be used", 'Give the key the Data'],
	])('says what there is to do, below what is wrong', async (reply, message, description) => {
		const { n8n, clock, publish } = triggerScene({ mode: 'manual' });
		n8n.refuse = () => reply;
		const { manualTriggerFunction } = await publish();
		const work = manualTriggerFunction?.() ?? Promise.resolve();
		expect(await rejectionOf(clock.run(work))).toMatchObject({
			message: expect.stringContaining(message) as string,
			description: expect.stringContaining(description) as string,
		});
	});
});
