import { VeoClient } from '../../../nodes/Veo/api/client';
import type { OutcomeName } from '../../../nodes/Veo/errors/outcome';
import { firstFinished, isWanted, lacksUrl } from '../../../nodes/Veo/trigger/watch';
import { FakeClock, rejectionOf, REPLIES } from '../fakes';
import { FakeVeo, MINUTE_MS, START_MS, urlOf } from './fakes';

describe('A video', () => {
	it.each([
		['completed', ['completed'], true],
		['completed', ['failed'], false],
		['failed', ['failed'], true],
		['expired', ['failed'], true],
		['expired', ['completed'], false],
		[undefined, ['completed', 'failed'], true],
		['completed', [], false],
	])('that ended as %s is wanted by who asked for %j: %s', (status, events, expected) => {
		expect(isWanted(status, events)).toBe(expected);
	});

	it('lacks its URL for at most ten minutes after it was completed', () => {
		new FakeClock(START_MS);
		const video = { uuid: 'v-1', status: 'completed' };
		expect(lacksUrl(video, START_MS)).toBe(true);
		expect(lacksUrl(video, START_MS - 10 * MINUTE_MS + 1)).toBe(true);
		expect(lacksUrl(video, START_MS - 10 * MINUTE_MS)).toBe(false);
		expect(lacksUrl({ ...video, videoUrl: 'no address' }, START_MS)).toBe(true);
	});

	it('lacks no URL where it has one, where it failed, and before it is final', () => {
		new FakeClock(START_MS);
		const completed = { uuid: 'v-1', status: 'completed', videoUrl: urlOf('v-1') };
		expect(lacksUrl(completed, START_MS)).toBe(false);
		for (const status of ['failed', 'processing', 'pending']) {
			expect(lacksUrl({ uuid: 'v-1', status }, START_MS)).toBe(false);
		}
	});
});

describe('The first of some videos that ended as wanted', () => {
	function scene() {
		const clock = new FakeClock(START_MS);
		const veo = new FakeVeo(clock);
		const client = new VeoClient(veo.send);
		const first = async (uuids: string[], events = ['completed'], signal?: AbortSignal) =>
			await clock.run(firstFinished(uuids, client, events, signal));
		return { veo, first };
	}

	it('is the answer of the API about it, and no later one is checked', async () => {
		const { veo, first } = scene();
		veo.set('open', 'processing');
		veo.set('bad', 'failed');
		veo.complete('good');
		const uuids = ['open', 'unknown', 'bad', 'good', 'later'];
		expect(await first(uuids)).toEqual({
			...{ uuid: 'good', status: 'completed', videoUrl: urlOf('good') },
		});
		expect(veo.checks.map(({ uuid }) => uuid)).toEqual(uuids.slice(0, 4));
		expect(await first(uuids, ['failed'])).toMatchObject({ uuid: 'bad' });
	});

	it('is none where none ended so, though some could not be checked', async () => {
		const { veo, first } = scene();
		veo.set('open', 'processing');
		expect(await first([])).toBeUndefined();
		expect(await first(['open'], ['completed', 'failed'])).toBeUndefined();
		expect(await first(['unknown', 'open'])).toBeUndefined();
		expect(await first(['open', 'unknown'])).toBeUndefined();
	});

	it('is an error about the first of them where none could be checked', async () => {
		const { veo, first } = scene();
		veo.videos.set('v-1', REPLIES.http5xx);
		expect(await rejectionOf(first(['v-1', 'v-2']))).toMatchObject({
			message: 'The status of video v-1 could not be checked: the server answered with HTTP 502',
			details: { uuid: 'v-1' },
		});
	});

	it.each<OutcomeName>(['http401', 'code1002'])(
		'is an error as soon as the API refuses the key: %s',
		async (outcome) => {
			const { veo, first } = scene();
			veo.set('open', 'processing');
			veo.videos.set('v-2', REPLIES[outcome]);
			expect(await rejectionOf(first(['open', 'v-2', 'v-3']))).toMatchObject({
				message: expect.stringContaining('The API refused the key') as string,
			});
			expect(veo.checks).toHaveLength(2);
		},
	);
});
