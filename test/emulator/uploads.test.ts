import { FormData } from 'undici';
import { startEmulator, type Emulator } from '../../emulator';
import { call, jpeg, png, upload, webp } from './client';

let emulator: Emulator;
beforeAll(async () => {
	emulator = await startEmulator();
});
afterAll(() => emulator.close());
beforeEach(() => emulator.reset());

const maxBytes = 50 * 1024 * 1024;

test.each([
	['image/jpeg', jpeg],
	['image/png', png],
	['image/webp', webp],
])('stores an image and serves it as %s', async (type, content) => {
	const { status, json } = await upload(emulator, content);
	expect(status).toBe(200);
	expect(json).toEqual({
		code: 0,
		msg: 'Upload successful',
		data: {
			imageUrl: expect.stringContaining(`${emulator.origin}/images/`) as string,
			imageKey: expect.any(String) as string,
		},
	});
	const { imageUrl, imageKey } = (json as { data: { imageUrl: string; imageKey: string } }).data;
	expect(imageUrl).toContain(imageKey);
	const image = await call(imageUrl);
	expect(image.headers).toMatchObject({
		'content-type': type,
		'content-length': `${content.length}`,
	});
	expect(image.bytes.equals(content)).toBe(true);
	expect(emulator.requests).toMatchObject([
		{
			kind: 'upload',
			body: { fileName: 'image.png', mimeType: 'image/png', bytes: content.length },
		},
		{ kind: 'image', answered: 200 },
	]);
});

test.each([
	['GIF', Buffer.from('GIF89a and so on')],
	['an empty file', Buffer.alloc(0)],
	['the first bytes of a PNG', png.subarray(0, 4)],
])('refuses %s, whatever its Content-Type', async (_what, content) => {
	const { status, json } = await upload(emulator, content);
	expect(status).toBe(400);
	expect(json).toMatchObject({
		code: 1000,
		msg: expect.stringMatching(/JPEG, PNG or WebP/) as string,
	});
});

test('accepts 50 MB and refuses one byte more', async () => {
	const large = Buffer.alloc(maxBytes + 1);
	png.copy(large);
	expect((await upload(emulator, large.subarray(0, maxBytes))).json).toMatchObject({ code: 0 });
	expect(emulator.requests[0]?.body).toMatchObject({ bytes: maxBytes });
	expect((await upload(emulator, large)).json).toMatchObject({
		code: 1000,
		msg: 'file must be at most 50 MB',
	});
});

test('requires the field "file" in a multipart request', async () => {
	expect((await upload(emulator, png, 'image')).json).toMatchObject({
		code: 1000,
		msg: 'file is required',
	});
	const url = `${emulator.url}/upload-video-image`;
	const form = new FormData();
	form.append('file', 'a text');
	expect((await call(url, { method: 'POST', body: form })).json).toMatchObject({ code: 1000 });
	const headers = { 'content-type': 'application/json' };
	const json = await call(url, { method: 'POST', headers, body: '{}' });
	expect(json.json).toMatchObject({ code: 1000 });
});

test('requires a valid key', async () => {
	const form = new FormData();
	form.append('file', new Blob([png]), 'a.png');
	const url = `${emulator.url}/upload-video-image`;
	const headers = { authorization: 'Bearer wrong' };
	const { status, json } = await call(url, { method: 'POST', headers, body: form });
	expect(status).toBe(401);
	expect(json).toMatchObject({ code: 1002 });
});

test('an unknown image is answered with HTTP 404', async () => {
	expect((await call(`${emulator.origin}/images/nope`)).status).toBe(404);
});
