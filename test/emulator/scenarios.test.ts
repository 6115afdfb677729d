import { setTimeout as sleep } from 'node:timers/promises';
import { fileType, lateFile, lateVideoUrl, startEmulator, type Emulator } from '../../emulator';
import { call, status, textRequest } from './client';

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

describe('lateFile', () => {
	const get = (uuid: string) => call(`${emulator.origin}/videos/${uuid}.mp4`);

	test.each([404, 403, 410, 503])('the first GETs of each file get HTTP %d', async (as) => {
		emulator.options.faults = [lateFile({ requests: 2, as })];
		for (const job of [emulator.accept(textRequest), emulator.accept(textRequest)]) {
			const answers = [await get(job.uuid), await get(job.uuid), await get(job.uuid)];
			expect(answers.map((answer) => answer.status)).toEqual([as, as, 200]);
			expect(job.fileRequests).toBe(3);
		}
	});

	test('the first GET gets an empty body or an HTML page', async () => {
		emulator.options.faults = [
			lateFile({ requests: 1, as: 'empty' }),
			{ ...lateFile({ as: 'html' }), occurrence: 2 },
		];
		const { uuid } = emulator.accept(textRequest);
		const [empty, html, video] = [await get(uuid), await get(uuid), await get(uuid)];
		expect(empty).toMatchObject({ status: 200, bytes: Buffer.alloc(0) });
		expect(html).toMatchObject({ status: 200, headers: { 'content-type': 'text/html' } });
		expect(video).toMatchObject({ status: 200, headers: { 'content-type': 'video/mp4' } });
	});

	test('can last for a time after completion', async () => {
		emulator.options.faults = [lateFile({ ms: 300 })];
		const { uuid } = emulator.accept(textRequest);
		expect((await get(uuid)).status).toBe(404);
		await sleep(350);
		expect((await get(uuid)).status).toBe(200);
	});
});

describe('videoUrlLifetimeMs', () => {
	async function videoUrl(uuid: string): Promise<string> {
		const data = (await statusData(uuid)) as { videoUrl: string };
		return data.videoUrl;
	}

	test('each status check gets a fresh URL, and the old one expires', async () => {
		emulator.options.videoUrlLifetimeMs = 300;
		const { uuid } = emulator.accept(textRequest);
		const first = await videoUrl(uuid);
		expect(await videoUrl(uuid)).not.toBe(first);
		const { status: httpStatus, headers } = await call(first, { headers: { range: 'bytes=0-9' } });
		expect([httpStatus, headers['content-length']]).toEqual([206, '10']);
		await sleep(350);
		const expired = await call(first);
		expect(expired).toMatchObject({ status: 403, headers: { 'content-type': 'application/xml' } });
		expect((await call(await videoUrl(uuid))).status).toBe(200);
	});

	test('unsigned and altered URLs are refused', async () => {
		emulator.options.videoUrlLifetimeMs = 60_000;
		const { uuid } = emulator.accept(textRequest);
		const url = await videoUrl(uuid);
		for (const altered of [url.split('?')[0] ?? '', url.replace(/expires=1/, 'expires=2')]) {
			expect((await call(altered)).status).toBe(403);
		}
	});
});

test.each(['application/mp4', 'text/plain', undefined])('fileType %s', async (type) => {
	emulator.options.faults = [fileType(type)];
	const { uuid } = emulator.accept(textRequest);
	const { headers, bytes } = await call(`${emulator.origin}/videos/${uuid}.mp4`);
	expect(headers['content-type']).toBe(type);
	expect(headers['content-length']).toBe(`${bytes.length}`);
	expect(bytes.subarray(4, 8).toString()).toBe('ftyp');
});
