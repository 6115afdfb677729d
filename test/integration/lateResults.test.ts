/** A video whose URL or file comes later than the status `completed`. */
import { type Emulator, fileType, lateFile, lateVideoUrl } from '../../emulator';
import { readFile } from '../../harness/core';
import { closedPort, startTruncatingServer } from './network';
import { always, failureOf, jsonOf, together, useN8n, withEmulator } from './support';

useN8n();
// A file is tried for two minutes.
jest.setTimeout(180_000);
const test = together(30);

const wait = { operation: 'generateAndWait', prompt: 'A fox' };
const download = { ...wait, downloadVideo: true };
const urlOf = ({ url, jobs }: Emulator) => `${new URL(url).origin}/videos/${jobs[0]?.uuid}.mp4`;
const CONTINUE = { node: { onError: 'continueRegularOutput' as const } };

describe('A completed video without a usable URL', () => {
	for (const as of [undefined, '', null] as const) {
		test(`is checked again until the URL is there: ${JSON.stringify(as)}`, async () => {
			const faults = [lateVideoUrl({ requests: 1, as })];
			await withEmulator({ faults }, async ({ emulator, run }) => {
				const [json] = jsonOf(await run(wait));
				expect(json).toMatchObject({ status: 'completed', videoUrl: urlOf(emulator) });
				expect(emulator.count('status')).toBe(2);
			});
		});
	}

	test('fails the item only after Max Wait Time, with its ID', async () => {
		await withEmulator({ faults: [lateVideoUrl({})] }, async ({ emulator, run }) => {
			const uuid = () => emulator.jobs[0]?.uuid;
			const ran = await run({ ...wait, options: { maxWaitTime: 6 } });
			expect(failureOf(ran).message).toContain('is finished, but the API returned no URL for it');
			expect(failureOf(ran).context.uuid).toBe(uuid());
			expect(emulator.count('status')).toBe(3);
			expect(emulator.count('generate')).toBe(1);
		});
	});

	test('is returned as it is where On Timeout returns the last status', async () => {
		await withEmulator({ faults: [lateVideoUrl({})] }, async ({ run }) => {
			const options = { maxWaitTime: 1, onTimeout: 'returnStatus' };
			expect(jsonOf(await run({ ...wait, options }))).toMatchObject([{ status: 'completed' }]);
		});
	});

	test('is returned as it is by Get Status', async () => {
		await withEmulator({ faults: [lateVideoUrl({})] }, async ({ emulator, run }) => {
			const { uuid } = emulator.accept({ generationType: 'text_to_video', prompt: 'A fox' });
			const [json] = jsonOf(await run({ operation: 'getStatus', uuid }));
			expect(json).toMatchObject({ uuid, status: 'completed' });
			expect(json).not.toHaveProperty('videoUrl');
		});
	});
});

describe('A video file that is published late', () => {
	for (const as of [404, 403, 410, 503, 'empty', 'html'] as const) {
		test(`is downloaded once it is there: ${as}`, async () => {
			const faults = [lateFile({ requests: 2, as })];
			await withEmulator({ faults }, async ({ emulator, run }) => {
				const ran = await run(download);
				expect(jsonOf(ran)).toMatchObject([{ status: 'completed' }]);
				expect(ran.outputs[0]?.[0]?.binary?.data?.mimeType).toBe('video/mp4');
				expect(emulator.jobs[0]?.fileRequests).toBe(3);
			});
		});
	}

	test('is downloaded by Get Status too', async () => {
		const faults = [lateFile({ requests: 1 })];
		await withEmulator({ faults }, async ({ emulator, run }) => {
			const { uuid } = emulator.accept({ generationType: 'text_to_video', prompt: 'A fox' });
			const ran = await run({ operation: 'getStatus', uuid, downloadVideo: true });
			expect(ran.outputs[0]?.[0]?.binary?.data).toBeDefined();
			expect(emulator.jobs[0]?.fileRequests).toBe(2);
		});
	});

	test('is requested at a fresh URL where the old one has expired', async () => {
		await withEmulator(
			{ videoUrlLifetimeMs: 2_500, faults: [lateFile({ requests: 2 })] },
			async ({ emulator, run }) => {
				const ran = await run(download);
				expect(ran.outputs[0]?.[0]?.binary?.data).toBeDefined();
				expect(emulator.jobs[0]?.statusChecks).toBe(3);
				const [json] = jsonOf(ran);
				const videoUrl = json?.videoUrl;
				if (typeof videoUrl !== 'string') throw new Error('There is no URL');
				expect((await fetch(videoUrl)).status).toBe(200);
			},
		);
	});

	test('that does not come ends the item with its ID and URL after two minutes', async () => {
		await withEmulator({ faults: [lateFile({})] }, async ({ emulator, run }) => {
			const startedAt = Date.now();
			const [json] = jsonOf(await run(download, CONTINUE));
			expect(json).toMatchObject({
				uuid: emulator.jobs[0]?.uuid,
				videoUrl: urlOf(emulator),
			});
			expect(JSON.stringify(json?.error)).toContain('its host answered with HTTP 404');
			expect(Date.now() - startedAt).toBeGreaterThan(90_000);
			expect(emulator.jobs[0]?.fileRequests).toBeLessThan(20);
			expect(emulator.count('generate')).toBe(1);
		});
	});
});

describe('A file that is never a video', () => {
	for (const as of ['html', 'empty', 404] as const) {
		test(`ends the item with its ID and without paying again: ${as}`, async () => {
			await withEmulator({ faults: [lateFile({ as })] }, async ({ emulator, run }) => {
				const ran = await run(download);
				const uuid = emulator.jobs[0]?.uuid;
				const { message, context } = failureOf(ran);
				expect(message).toContain(`Video ${uuid} is finished, but could not be downloaded`);
				expect(message).toContain('Get it using Get Status with this ID.');
				expect(context).toMatchObject({ uuid, lastStatus: 'completed', videoUrl: urlOf(emulator) });
				expect(ran.customData).toEqual({ veo_uuid: uuid });
				expect(emulator.count('generate')).toBe(1);
			});
		});
	}

	test('because it stalls ends the item too', async () => {
		const faults = [always('video', { type: 'trickle', everyMs: 3_600_000 })];
		await withEmulator({ faults }, async ({ emulator, run }) => {
			const ran = await run({ ...download, options: { requestTimeout: 2 } });
			expect(failureOf(ran)).toMatchObject({
				message: expect.stringContaining('could not be downloaded') as string,
				context: { uuid: emulator.jobs[0]?.uuid, lastStatus: 'completed' },
			});
		});
	});
});

describe('A video file whose host breaks the connection', () => {
	// Until n8n has opened the file on disk, an unhandled stream error could end the process.
	test('right after the headers fails only its item', async () => {
		const server = await startTruncatingServer();
		const videoUrl = `http://127.0.0.1:${server.port}/a.mp4`;
		const faults = [always('status', { type: 'alter', data: { videoUrl } })];
		await withEmulator({ faults }, async ({ run }) => {
			const runs = Array.from({ length: 5 }, async () => await run(download));
			for (const ran of await Promise.all(runs)) {
				expect(failureOf(ran).message).toContain(
					'its host could not be reached, or closed the connection',
				);
			}
			expect(server.connections()).toBeGreaterThanOrEqual(40);
			await server.close();
		});
	});

	test('or does not listen ends the item after two minutes', async () => {
		const videoUrl = `http://127.0.0.1:${await closedPort()}/a.mp4`;
		const faults = [always('status', { type: 'alter', data: { videoUrl } })];
		await withEmulator({ faults }, async ({ emulator, run }) => {
			expect(failureOf(await run(download))).toMatchObject({
				message: expect.stringContaining('its host could not be reached') as string,
				context: { uuid: emulator.jobs[0]?.uuid, videoUrl },
			});
		});
	});
});

describe('The first bytes of a file', () => {
	for (const type of ['application/mp4', 'text/plain', 'text/html', undefined]) {
		test(`make it a video, sent as ${type}`, async () => {
			await withEmulator({ faults: [fileType(type)] }, async ({ run }) => {
				const ran = await run(download);
				const file = ran.outputs[0]?.[0]?.binary?.data;
				expect(file).toMatchObject({ mimeType: 'video/mp4', fileExtension: 'mp4' });
				if (!file) throw new Error('There is no file');
				expect((await readFile(file)).toString('latin1', 4, 8)).toBe('ftyp');
			});
		});
	}
});
