import { hint } from '../../../nodes/Veo/trigger/trigger';
import { JOBS } from '../fakeN8n';
import { type Reply, REPLIES } from '../fakes';
import { at, MINUTE_MS, SECOND_MS, TRIGGER_KEY, urlOf } from './fakes';
import { KEY_CHECK, triggerScene } from './triggerScene';

describe('The rounds of an active trigger', () => {
	it('come once in the interval, counted from the start of each', async () => {
		const { n8n, clock, publish, rounds } = triggerScene({
			parameters: { options: { pollInterval: 7 } },
		});
		n8n.before = async () => await clock.pass(100);
		await publish();
		await clock.advance(30 * SECOND_MS);
		expect(rounds()).toEqual([0, 7_000, 14_000, 21_000, 28_000]);
	});

	it('come sooner after one that failed, with growing pauses up to the interval', async () => {
		const { n8n, clock, publish, rounds } = triggerScene();
		let isAway = true;
		n8n.refuse = () => (isAway ? REPLIES.http5xx : undefined);
		await publish();
		await clock.advance(36 * SECOND_MS);
		const failed = [0, 500, 1_500, 3_500, 7_500, 15_500, 25_500, 35_500];
		expect(rounds()).toEqual(failed);
		isAway = false;
		await clock.advance(10 * SECOND_MS);
		isAway = true;
		await clock.advance(13 * SECOND_MS);
		expect(rounds()).toEqual([...failed, 45_500, 55_500, 56_000, 57_000, 59_000]);
	});

	it('end with the deactivation, and so does each status check', async () => {
		const { veo, clock, publish, addJob, rounds } = triggerScene();
		veo.set('v-1', 'processing');
		addJob('v-1');
		const { close } = await publish();
		await clock.advance(SECOND_MS);
		await close();
		await clock.advance(MINUTE_MS);
		expect(rounds()).toEqual([0]);
		expect(veo.checks).toHaveLength(1);
		hint(TRIGGER_KEY, ['v-2']);
		await clock.advance(MINUTE_MS);
		expect(rounds()).toEqual([0]);
	});

	it('end with another activation of the same trigger, which n8n may start without an end', async () => {
		const { clock, publish, rounds } = triggerScene();
		const first = await publish();
		await clock.advance(SECOND_MS);
		await publish();
		await clock.advance(20 * SECOND_MS);
		expect(rounds()).toEqual([0, 1_000, 11_000, 21_000]);
		// The late end of the first one does not keep hints from the second one.
		await first.close();
		hint(TRIGGER_KEY, ['v-2']);
		await clock.advance(SECOND_MS);
		expect(rounds()).toHaveLength(5);
	});
});

describe('What fails in an active trigger', () => {
	it('is logged where it may pass, with the name of the table', async () => {
		const { n8n, clock, publish, failures, warnings } = triggerScene();
		n8n.refuse = () => REPLIES.http5xx;
		await publish();
		await clock.advance(MINUTE_MS);
		expect(warnings).toEqual([
			'Veo Trigger "Veo": The job table \'veo_jobs\' could not be used: n8n could not serve the request. Try again later. n8n may be busy, or the Data Table very large.',
		]);
		expect(failures).toEqual([]);
	});

	it.each<[string, Reply]>([
		["The job table 'veo_jobs' could not be used: the n8n API key may not use", REPLIES.http403],
		["There is no Data Table named 'veo_jobs'.", { httpStatus: 200, body: '{"data":[]}' }],
	])('becomes one failed execution where the user has to correct it: %s', async (text, reply) => {
		const { n8n, clock, publish, failures, warnings } = triggerScene();
		n8n.refuse = () => reply;
		await publish();
		await clock.advance(MINUTE_MS);
		expect(failures).toEqual([expect.stringContaining(text)]);
		expect(warnings).toEqual([]);
	});

	it('becomes another failed execution where all was well in between', async () => {
		const { n8n, clock, publish, failures } = triggerScene();
		await publish();
		for (const reply of [REPLIES.http403, undefined, REPLIES.http403]) {
			n8n.refuse = () => reply;
			await clock.advance(20 * SECOND_MS);
		}
		expect(failures).toHaveLength(2);
	});

	it('is not told where a user stopped the trigger', async () => {
		const { n8n, clock, publish, failures, warnings } = triggerScene();
		n8n.before = async () => await clock.pass(SECOND_MS);
		const { close } = await publish();
		await close();
		await clock.advance(MINUTE_MS);
		expect([...failures, ...warnings]).toEqual([]);
	});
});

describe('A table that can be read and not written', () => {
	const isWrite = (line: string) => line.startsWith('PATCH');

	/** Jobs that are being made. The key lacks the scope to change rows until it is mended. */
	async function readOnly() {
		const scene = triggerScene();
		const { n8n, veo, publish, addJob, failures } = scene;
		const start = (uuid: string) => {
			veo.set(uuid, 'processing');
			addJob(uuid);
		};
		let isMended = false;
		n8n.refuse = (line) => (isWrite(line) && !isMended ? REPLIES.http403 : undefined);
		start('v-1');
		await publish();
		const mend = (mended: boolean) => {
			isMended = mended;
		};
		const toldAfter = async (ms: number) => {
			await scene.clock.advance(ms);
			return failures.length;
		};
		return { ...scene, mend, start, toldAfter };
	}

	it('is told of at once and then with growing pauses, and videos are delivered', async () => {
		const { veo, items, start, toldAfter } = await readOnly();
		expect(await toldAfter(20 * SECOND_MS)).toBe(1);
		start('v-2');
		veo.complete('v-2');
		expect(await toldAfter(59 * MINUTE_MS)).toBe(1);
		expect(items()).toMatchObject([{ uuid: 'v-2' }]);
		expect(await toldAfter(2 * MINUTE_MS)).toBe(2);
		expect(await toldAfter(110 * MINUTE_MS)).toBe(2);
		expect(await toldAfter(12 * MINUTE_MS)).toBe(3);
	});

	it('is not told of again by the next videos, with none to write of in between', async () => {
		const { veo, start, toldAfter } = await readOnly();
		await toldAfter(20 * SECOND_MS);
		veo.complete('v-1');
		await toldAfter(10 * MINUTE_MS);
		start('v-2');
		expect(await toldAfter(10 * MINUTE_MS)).toBe(1);
	});

	it('is told of at once where it could be written in between', async () => {
		const { mend, toldAfter } = await readOnly();
		await toldAfter(MINUTE_MS);
		mend(true);
		await toldAfter(2 * MINUTE_MS);
		mend(false);
		expect(await toldAfter(2 * MINUTE_MS)).toBe(2);
	});

	it('is told of beside a key that the API refuses, each of them once', async () => {
		const { veo, start, toldAfter } = await readOnly();
		await toldAfter(MINUTE_MS);
		for (const uuid of ['v-2', KEY_CHECK]) veo.videos.set(uuid, REPLIES.http401);
		start('v-2');
		veo.videos.set('v-2', REPLIES.http401);
		expect(await toldAfter(20 * MINUTE_MS)).toBe(2);
	});
});

describe('A key that the API refuses', () => {
	/** After the first check was refused. */
	async function refused() {
		const scene = triggerScene();
		for (const uuid of ['v-1', 'v-2', KEY_CHECK]) scene.veo.videos.set(uuid, REPLIES.http401);
		scene.addJob('v-1');
		await scene.publish();
		await scene.clock.advance(500);
		/** The same key is good from now on. */
		const acceptKey = () => {
			scene.veo.complete('v-1');
			scene.veo.complete('v-2');
			scene.veo.videos.delete(KEY_CHECK);
		};
		const keyChecks = () => scene.veo.checksOf(KEY_CHECK);
		return { ...scene, keyChecks, acceptKey };
	}

	it('is told once, and no video is checked any more', async () => {
		const { veo, clock, failures, addJob } = await refused();
		addJob('v-2');
		await clock.advance(25 * MINUTE_MS);
		expect(failures).toEqual([
			"The API refused the key. Check 'API Key' in the Veo API credential.",
		]);
		expect(veo.checksOf('v-1')).toHaveLength(1);
		expect(veo.checksOf('v-2')).toEqual([]);
	});

	it('is tried again after 10, 20, 40 seconds and so on, at last each five minutes', async () => {
		const { clock, keyChecks } = await refused();
		await clock.advance(30 * MINUTE_MS);
		const times = [100, ...keyChecks()];
		const pauses = times.slice(1).map((ms, index) => (ms - (times[index] ?? NaN)) / SECOND_MS);
		// The credential is looked at each two seconds.
		for (const [index, seconds] of [10, 20, 40, 80, 160, 300, 300, 300].entries()) {
			expect(pauses[index]).toBeGreaterThanOrEqual(seconds);
			expect(pauses[index]).toBeLessThanOrEqual(seconds + 2.2);
		}
	});

	it('is used again once the API takes it, and videos are told of', async () => {
		const { clock, items, failures, acceptKey, keyChecks, addJob } = await refused();
		acceptKey();
		await clock.advance(15 * SECOND_MS);
		expect(keyChecks()).toHaveLength(1);
		expect(items()).toMatchObject([{ uuid: 'v-1', videoUrl: urlOf('v-1') }]);
		addJob('v-2');
		await clock.advance(MINUTE_MS);
		expect(items()).toHaveLength(2);
		expect(failures).toHaveLength(1);
	});

	it('is used again at once where the user changes it in the credential', async () => {
		const { clock, items, credentials, acceptKey, keyChecks } = await refused();
		await clock.advance(SECOND_MS);
		acceptKey();
		credentials.veoApi.apiKey = 'another-key';
		await clock.advance(2 * SECOND_MS);
		expect(keyChecks()).toHaveLength(1);
		await clock.advance(8 * SECOND_MS);
		expect(items()).toMatchObject([{ uuid: 'v-1' }]);
	});

	it('is tried once where the user changes it to another one that is refused', async () => {
		const { clock, credentials, keyChecks } = await refused();
		credentials.veoApi.apiKey = 'another-key';
		await clock.advance(15 * SECOND_MS);
		expect(keyChecks()).toHaveLength(1);
	});

	it('is told again where it is refused after it was good', async () => {
		const { clock, veo, failures, acceptKey, addJob } = await refused();
		acceptKey();
		await clock.advance(MINUTE_MS);
		veo.videos.set('v-2', REPLIES.http401);
		veo.videos.set(KEY_CHECK, REPLIES.http401);
		addJob('v-2');
		await clock.advance(MINUTE_MS);
		expect(failures).toHaveLength(2);
	});
});

describe('A hint', () => {
	/** A trigger with one round a minute, and no news for ten seconds. */
	async function quiet() {
		const scene = triggerScene({ parameters: { options: { pollInterval: 60 } } });
		scene.veo.set('v-1', 'processing');
		scene.addJob('v-1');
		await scene.publish();
		await scene.clock.advance(10 * SECOND_MS);
		return scene;
	}

	it('has a watched video checked at once, without a look into the table', async () => {
		const { veo, clock, rounds } = await quiet();
		hint(TRIGGER_KEY, ['v-1']);
		await clock.advance(SECOND_MS);
		expect(veo.checksOf('v-1')).toEqual([0, 10_000]);
		expect(rounds()).toEqual([0]);
	});

	it('about an unknown video is a look into the table, which may have it now', async () => {
		const { veo, clock, addJob, items, rounds } = await quiet();
		addJob('v-2');
		veo.complete('v-2');
		hint(TRIGGER_KEY, ['v-1', 'v-2']);
		await clock.advance(SECOND_MS);
		expect(rounds()).toEqual([0, 10_000]);
		expect(items()).toMatchObject([{ uuid: 'v-2' }]);
	});

	it('is a look at most once in five seconds', async () => {
		const { clock, rounds } = await quiet();
		for (let count = 0; count < 52; count++) {
			hint(TRIGGER_KEY, [`junk-${count}`]);
			await clock.advance(100);
		}
		expect(rounds()).toEqual([0, 10_000, 15_000]);
	});

	it('is used at the look, also where the video was checked just before', async () => {
		const { n8n, veo, clock } = await quiet();
		veo.set('v-2', 'processing');
		const checkedAt = at(8_000);
		n8n.insert(JOBS, { uuid: 'v-2', submittedAt: checkedAt, checkedAt });
		hint(TRIGGER_KEY, ['v-2']);
		await clock.advance(10 * SECOND_MS);
		// Without a hint, a new video is first checked after the interval of a minute.
		expect(veo.checksOf('v-2')[0]).toBe(13_000);
	});

	it('is forgotten where a hundred others came after it', async () => {
		const { n8n, veo, clock } = await quiet();
		const checkedAt = at(8_000);
		for (const uuid of ['first', 'second']) {
			veo.set(uuid, 'processing');
			n8n.insert(JOBS, { uuid, submittedAt: checkedAt, checkedAt });
		}
		const junk = Array.from({ length: 99 }, (_, index) => `junk-${index}`);
		hint(TRIGGER_KEY, ['first', 'second', ...junk]);
		await clock.advance(20 * SECOND_MS);
		expect(veo.checksOf('first')).toEqual([]);
		expect(veo.checksOf('second')).toHaveLength(1);
	});

	it('to a trigger that is not active here is nothing', async () => {
		const { clock, rounds } = await quiet();
		hint('another/trigger', ['v-2']);
		await clock.advance(SECOND_MS);
		expect(rounds()).toEqual([0]);
	});

	it('without a video is nothing', async () => {
		const { clock, rounds } = await quiet();
		hint(TRIGGER_KEY, []);
		await clock.advance(SECOND_MS);
		expect(rounds()).toEqual([0]);
	});
});
