import { setTimeout as sleep } from 'node:timers/promises';
import { lateVideoUrl, startEmulator, type Emulator } from '../../emulator';
import { status, textRequest } from './client';

let emulator: Emulator;
beforeAll(async () => {
	emulator = await startEmulator({ durationMs: 0 });
});
afterAll(() => emulator.close());
beforeEach(() => emulator.reset());

/** The `data` of a status answer. */
async function statusData(uuid: string): Promise<unknown> {
	const { json } = await status(emulator, uuid);
	return (json as { data: unknown }).data;
}

describe('lateVideoUrl', () => {
	const completed = { status: 'completed', progress: 100 };

	test.each([
		['no', undefined, {}],
		['an empty', '', { videoUrl: '' }],
		['a null', null, { videoUrl: null }],
	] as const)('the first answers of each job have %s videoUrl', async (_name, as, expected) => {
		emulator.options.faults = [lateVideoUrl({ requests: 2, as })];
		for (const { uuid } of [emulator.accept(textRequest), emulator.accept(textRequest)]) {
			for (const data of [await statusData(uuid), await statusData(uuid)]) {
				expect(data).toEqual({ uuid, ...completed, ...expected });
			}
			const videoUrl = `${emulator.origin}/videos/${uuid}.mp4`;
			expect(await statusData(uuid)).toEqual({ uuid, ...completed, videoUrl });
		}
	});

	test('counts only answers with `completed`', async () => {
		emulator.options.durationMs = 200;
		emulator.options.faults = [lateVideoUrl({ requests: 1 })];
		const { uuid } = emulator.accept(textRequest);
		expect(await statusData(uuid)).toMatchObject({ status: 'processing' });
		await sleep(250);
		expect(await statusData(uuid)).not.toHaveProperty('videoUrl');
		expect(await statusData(uuid)).toHaveProperty('videoUrl');
	});

	test('can last for a time after completion', async () => {
		emulator.options.faults = [lateVideoUrl({ ms: 300 })];
		const { uuid } = emulator.accept(textRequest);
		expect(await statusData(uuid)).not.toHaveProperty('videoUrl');
		await sleep(350);
		expect(await statusData(uuid)).toHaveProperty('videoUrl');
	});
});
