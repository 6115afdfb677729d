import type { IBinaryData } from 'n8n-workflow';
import type { RecordedRequest } from '../../emulator';
import { type N8n, startN8n, storeFile } from '../../harness/core';
import {
	always,
	aString,
	containing,
	failureOf,
	IMAGES,
	jsonOf,
	once,
	paidFor,
	PROMPT,
	useN8n,
	withEmulator,
} from './support';

const file = async (content: Buffer, fileName = 'cat.png', mimeType = 'image/png') =>
	await storeFile(content, { fileName, mimeType });

const item = (data: IBinaryData, prompt = 'A cat') => ({ json: { prompt }, binary: { data } });

const fromFile = {
	operation: 'generate',
	prompt: PROMPT,
	generationType: 'image_to_video',
	imageSource: 'binary',
};

const text = (value: unknown) => (typeof value === 'string' ? value : '');

const kinds = (requests: readonly RecordedRequest[]) => requests.map(({ kind }) => kind);

// n8n stores files in the item or on disk.
describe.each(['default', 'filesystem'] as const)(
	'An image file in the binary data mode "%s"',
	(mode) => {
		let n8n: N8n;
		beforeAll(async () => {
			n8n = await startN8n(mode);
		});
		afterAll(() => n8n.close());

		it.each([
			['jpeg', 'image/jpeg', 'cat.jpg'],
			['png', 'image/png', 'cat.png'],
			['webp', 'image/webp', 'cat.webp'],
		] as const)(
			'is uploaded with the type of its content: %s',
			async (format, mimeType, fileName) => {
				await withEmulator({}, async ({ emulator, run }) => {
					const data = await file(IMAGES[format], 'cat.gif', 'image/gif');
					expect(data.id === undefined).toBe(mode === 'default');
					const ran = await run(
						{ resource: 'image', operation: 'uploadImage' },
						{ items: [item(data)] },
					);

					const [json] = jsonOf(ran);
					expect(json).toEqual({
						imageUrl: `${emulator.origin}/images/${text(json?.imageKey)}`,
						imageKey: aString,
					});
					expect(ran.outputs[0]).toMatchObject([{ pairedItem: { item: 0 } }]);
					expect(emulator.requests).toMatchObject([
						{ kind: 'upload', body: { fileName, mimeType, bytes: IMAGES[format].length } },
					]);
				});
			},
		);

		it('is found if an expression returns the file itself', async () => {
			await withEmulator({}, async ({ emulator, run }) => {
				const items = [item(await file(IMAGES.png))];
				const parameters = {
					resource: 'image',
					operation: 'uploadImage',
					binaryPropertyName: "={{ $('Items').item.binary.data }}",
				};
				jsonOf(await run(parameters, { items }));
				expect(emulator.requests).toMatchObject([
					{ kind: 'upload', body: { fileName: 'cat.png', bytes: IMAGES.png.length } },
				]);

				items[0] = item(await file(Buffer.from('GIF89a')));
				expect(failureOf(await run(parameters, { items })).message).toBe(
					"The file in 'Input Data Field Name' is a GIF image, not a JPEG, PNG or WebP image",
				);
			});
		});

		it('is uploaded before the video is generated', async () => {
			await withEmulator({}, async ({ emulator, run }) => {
				const items = [item(await file(IMAGES.png))];
				const [json] = jsonOf(await run({ ...fromFile, operation: 'generateAndWait' }, { items }));

				expect(json).toMatchObject({ status: 'completed', generationType: 'image_to_video' });
				expect(kinds(emulator.requests)).toEqual(['upload', 'generate', 'status', 'video']);
				const imageKey = emulator.jobs[0]?.request.imageKey;
				expect(imageKey).toEqual(aString);
				expect(emulator.requests[1]?.body).toEqual({
					generationType: 'image_to_video',
					prompt: 'A cat',
					aspectRatio: 'auto',
					imageUrl: `${emulator.origin}/images/${imageKey}`,
					imageKey,
				});
			});
		});

		it('is uploaded again after a broken connection and arrives unchanged', async () => {
			const faults = [once('upload', { type: 'resetWhileSending' })];
			await withEmulator({ faults }, async ({ emulator, run }) => {
				const content = Buffer.concat([IMAGES.png, Buffer.alloc(3 * 1024 * 1024, 'pixels')]);
				const ran = await run(
					{ resource: 'image', operation: 'uploadImage' },
					{ items: [item(await file(content))] },
				);
				const image = await fetch(text(jsonOf(ran)[0]?.imageUrl));
				expect(Buffer.from(await image.arrayBuffer()).equals(content)).toBe(true);
				expect(emulator.count('upload')).toBe(2);
			});
		});

		it.each([
			['a GIF image', Buffer.from('GIF89a and more')],
			['a PDF document', Buffer.from('%PDF-1.7 and more')],
			['a HEIC image', Buffer.from('\0\0\0\x20ftypheic', 'latin1')],
			['a web page', Buffer.from('<!DOCTYPE html><title>Sign in</title>')],
			['empty', Buffer.alloc(0)],
			// The first bytes of a PNG, and a RIFF file that is not a WebP.
			['a file of another kind', IMAGES.png.subarray(0, 7)],
			['a file of another kind', Buffer.from('RIFF\x20\0\0\0WAVEfmt ', 'latin1')],
		])('is refused if it is %s with the type of a PNG', async (what, content) => {
			await withEmulator({}, async ({ emulator, run }) => {
				const items = [item(await file(IMAGES.png), 'good'), item(await file(content), 'bad')];
				for (const operation of [
					{ resource: 'image', operation: 'uploadImage' },
					{ operation: 'generate' },
					{ operation: 'generateAndWait' },
				]) {
					expect(failureOf(await run({ ...fromFile, ...operation }, { items }))).toMatchObject({
						name: 'NodeOperationError',
						message: `The file in 'data' is ${what}, not a JPEG, PNG or WebP image [item 1]`,
						description: containing('Nothing was sent, so nothing was paid.'),
						context: { itemIndex: 1 },
					});
				}
				expect(emulator.requests).toEqual([]);
			});
		});

		it('is refused above 50 MB, and uploaded at exactly 50 MB', async () => {
			await withEmulator({}, async ({ emulator, run }) => {
				const largest = Buffer.alloc(50 * 1024 * 1024);
				IMAGES.png.copy(largest);
				const larger = Buffer.concat([largest, Buffer.alloc(1024 * 1024)]);

				const refused = await run(fromFile, { items: [item(await file(larger))] });
				expect(failureOf(refused)).toMatchObject({
					name: 'NodeOperationError',
					message: "The image in 'data' is 51 MB, and the API takes at most 50 MB",
				});
				expect(emulator.requests).toEqual([]);

				const items = [item(await file(largest))];
				expect(
					jsonOf(await run({ resource: 'image', operation: 'uploadImage' }, { items })),
				).toHaveLength(1);
				expect(emulator.requests).toMatchObject([{ body: { bytes: largest.length } }]);
			});
		});

		it('has its name sanitized in the multipart header', async () => {
			await withEmulator({}, async ({ emulator, run }) => {
				const name = 'a"\r\nX-Evil: 1\r\n\r\n--/../Ü.png';
				const items = [item(await file(IMAGES.png, name))];
				expect(
					jsonOf(await run({ resource: 'image', operation: 'uploadImage' }, { items })),
				).toHaveLength(1);
				const [{ body } = { body: undefined }] = emulator.requests;
				expect(body).toMatchObject({
					fileName: expect.not.stringMatching(/["\r\n/\\]/) as string,
					mimeType: 'image/png',
				});
			});
		});
	},
);

describe('The image of a video', () => {
	useN8n();
	const fromUrl = { operation: 'generate', prompt: PROMPT, generationType: 'image_to_video' };

	it('is not uploaded if it has a URL', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			await run(
				{ ...fromUrl, imageUrl: '={{ $json.url }}', imageKey: '={{ $json.key }}' },
				{
					items: [
						{ json: { prompt: 'a', url: 'https://example.com/a.png', key: 'r2-key-123' } },
						{ json: { prompt: 'b', url: ' http://example.com/b.png ', key: '' } },
						{ json: { prompt: 3, url: 'http://example.com/c.png', key: 123 } },
					],
				},
			);
			expect(kinds(emulator.requests)).toEqual(['generate', 'generate', 'generate']);
			const basics = { generationType: 'image_to_video', aspectRatio: 'auto' };
			expect(emulator.requests.map(({ body }) => body)).toEqual(
				expect.arrayContaining([
					{
						...basics,
						prompt: 'a',
						imageUrl: 'https://example.com/a.png',
						imageKey: 'r2-key-123',
					},
					{ ...basics, prompt: 'b', imageUrl: 'http://example.com/b.png' },
					{ ...basics, prompt: '3', imageUrl: 'http://example.com/c.png', imageKey: '123' },
				]),
			);
		});
	});

	it.each([
		['', "The 'Image URL' is blank [item 1]"],
		[' ', "The 'Image URL' is blank [item 1]"],
		['ftp://example.com/a.png', 'is not a web address [item 1]'],
		['file:///etc/passwd', 'is not a web address [item 1]'],
		['example.com/a.png', 'is not a web address [item 1]'],
	])('is refused with the URL "%s" before any request', async (url, message) => {
		await withEmulator({}, async ({ emulator, run }) => {
			const good = { json: { prompt: 'a', url: 'https://example.com/a.png' } };
			const items = [good, { json: { prompt: 'b', url } }];
			const ran = await run({ ...fromUrl, imageUrl: '={{ $json.url }}' }, { items });
			expect(failureOf(ran)).toMatchObject({
				name: 'NodeOperationError',
				message: containing(message),
				context: { itemIndex: 1 },
			});
			expect(emulator.requests).toEqual([]);
		});
	});

	it('is reported missing, before any request, if the item has no file in the field', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			const items = [item(await file(IMAGES.png)), { json: { prompt: 'none' } }];
			expect(failureOf(await run(fromFile, { items }))).toMatchObject({
				name: 'NodeOperationError',
				message: "The input item has no file in 'data' [item 1]",
			});
			expect(emulator.requests).toEqual([]);
		});
	});

	it.each(['={{ { a: 1 } }}', '={{ null }}', '={{ [] }}'])(
		'is reported missing if an expression does not return a file: %s',
		async (binaryPropertyName) => {
			await withEmulator({}, async ({ emulator, run }) => {
				const items = [item(await file(IMAGES.png))];
				expect(failureOf(await run({ ...fromFile, binaryPropertyName }, { items })).message).toBe(
					"The input item has no file in 'Input Data Field Name'",
				);
				expect(emulator.requests).toEqual([]);
			});
		},
	);

	it('does not affect the other items with continueRegularOutput', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			const items = [{ json: { prompt: 'none' } }, item(await file(IMAGES.png), 'good')];
			const node = { onError: 'continueRegularOutput' } as const;
			const { outputs } = await run(fromFile, { items, node });
			expect(outputs[0]).toMatchObject([
				{ json: { error: containing('no file') }, pairedItem: { item: 0 } },
				{ json: { prompt: 'good' }, pairedItem: { item: 1 } },
			]);
			expect(kinds(emulator.requests)).toEqual(['upload', 'generate']);
		});
	});

	it('is uploaded before the paid request is sent', async () => {
		const faults = [always('upload', { type: 'envelope', code: 1000, msg: 'No cats' })];
		await withEmulator({ faults }, async ({ emulator, run }) => {
			const items = [item(await file(IMAGES.png))];
			expect(failureOf(await run(fromFile, { items }))).toMatchObject({
				name: 'NodeApiError',
				message: 'The API did not accept the input: No cats',
			});
			expect(paidFor(emulator)).toEqual([]);
		});
	});
});
