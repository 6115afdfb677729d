import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';
import { startEmulator, type Emulator, type Job } from '../../emulator';
import { textRequest, call } from './client';

let emulator: Emulator;
beforeAll(async () => {
	emulator = await startEmulator({ durationMs: 0 });
});
afterAll(() => emulator.close());
beforeEach(() => emulator.reset());

const urlOf = (job: Job) => `${emulator.origin}/videos/${job.uuid}.mp4`;

async function readMp4(bytes: Buffer) {
	const input = new Input({ source: new BufferSource(bytes), formats: ALL_FORMATS });
	const track = await input.getPrimaryVideoTrack();
	if (!track) throw new Error('no video track');
	const pictures: Buffer[] = [];
	for await (const packet of new EncodedPacketSink(track).packets()) {
		if (packet.type === 'key') pictures.push(Buffer.from(packet.data));
	}
	return {
		mimeType: await input.getMimeType(),
		duration: await input.computeDuration(),
		tags: await input.getMetadataTags(),
		width: await track.getDisplayWidth(),
		height: await track.getDisplayHeight(),
		pictures,
	};
}

test.each([
	['auto', 640, 360],
	['16:9', 640, 360],
	['9:16', 360, 640],
] as const)(
	'a completed job with aspect ratio %s has its own MP4',
	async (aspectRatio, width, height) => {
		const job = emulator.accept({ ...textRequest, aspectRatio });
		const { status, headers, bytes } = await call(urlOf(job));
		expect(status).toBe(200);
		expect(headers).toMatchObject({
			'content-type': 'video/mp4',
			'content-length': `${bytes.length}`,
			'accept-ranges': 'bytes',
		});
		const video = await readMp4(bytes);
		expect(video).toMatchObject({ width, height, duration: 4 });
		expect(video.mimeType).toMatch(/^video\/mp4; codecs="avc1\./);
		expect(video.tags).toMatchObject({ title: textRequest.prompt, comment: job.uuid });
	},
);

test('each prompt has one of four scenes, always the same', async () => {
	const sceneOf = async (prompt: string) => {
		const job = emulator.accept({ ...textRequest, prompt });
		const { pictures } = await readMp4((await call(urlOf(job))).bytes);
		return pictures.map((picture) => picture.toString('latin1')).join();
	};
	const prompts = Array.from({ length: 16 }, (_, index) => `Prompt ${index}`);
	const scenes = await Promise.all(prompts.map(sceneOf));
	expect(new Set(scenes).size).toBe(4);
	expect(await Promise.all(prompts.map(sceneOf))).toEqual(scenes);
});

test.each([0, 100_000])('serves any range of the video (padded to %d)', async (videoBytes) => {
	emulator.options.videoBytes = videoBytes;
	const url = urlOf(emulator.accept(textRequest));
	const { bytes } = await call(url);
	const size = bytes.length;
	for (const [range, start, end] of [
		['bytes=0-', 0, size],
		['bytes=0-0', 0, 1],
		['bytes=100-199', 100, 200],
		['bytes=10000-20000', 10_000, Math.min(size, 20_001)],
		['bytes=-500', size - 500, size],
		[`bytes=${size - 1}-${size + 50}`, size - 1, size],
	] as const) {
		const part = await call(url, { headers: { range } });
		expect(part.status).toBe(206);
		expect(part.headers).toMatchObject({
			'content-range': `bytes ${start}-${end - 1}/${size}`,
			'content-length': `${end - start}`,
		});
		expect(part.bytes.equals(bytes.subarray(start, end))).toBe(true);
	}
	const beyond = await call(url, { headers: { range: `bytes=${size}-` } });
	expect(beyond.status).toBe(416);
	expect(beyond.headers['content-range']).toBe(`bytes */${size}`);
	for (const range of ['lines=1-2', 'bytes=0-1,5-6', 'bytes=-']) {
		expect((await call(url, { headers: { range } })).status).toBe(200);
	}
});

test('answers HEAD with the size', async () => {
	emulator.options.videoBytes = 5e12;
	const { status, headers, bytes } = await call(urlOf(emulator.accept(textRequest)), {
		method: 'HEAD',
	});
	expect(status).toBe(200);
	expect(headers).toMatchObject({ 'content-type': 'video/mp4', 'content-length': '5000000000000' });
	expect(bytes).toHaveLength(0);
});

test('a padded video has exactly the size and still plays', async () => {
	emulator.options.videoBytes = 3_000_000;
	const { bytes } = await call(urlOf(emulator.accept(textRequest)));
	expect(bytes).toHaveLength(3_000_000);
	expect(await readMp4(bytes)).toMatchObject({ duration: 4 });
});

test('only completed jobs have a video', async () => {
	emulator.options.durationMs = (_request, index) => (index === 0 ? 60_000 : 0);
	emulator.options.outcome = 'failed';
	for (const job of [emulator.accept(textRequest), emulator.accept(textRequest)]) {
		expect((await call(urlOf(job))).status).toBe(404);
	}
	expect((await call(`${emulator.origin}/videos/nope.mp4`)).status).toBe(404);
});

test('serves the videos of an earlier emulator', async () => {
	const job = emulator.accept(textRequest);
	const { bytes } = await call(urlOf(job));
	const saved = structuredClone(emulator.jobs);
	emulator.reset();
	expect((await call(urlOf(job))).status).toBe(404);
	emulator.restore(saved);
	expect((await call(urlOf(job))).bytes.equals(bytes)).toBe(true);
	expect(emulator.accept(textRequest).attempt).toBe(job.attempt + 1);
});
