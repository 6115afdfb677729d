/** Images that n8n fetches, and addresses that the service cannot open. */
import { gzipSync } from 'node:zlib';
import { closedPort } from './network';
import {
	containing,
	failureOf,
	IMAGES,
	jsonOf,
	KEY,
	once,
	PROMPT,
	type Scene,
	useN8n,
	withEmulator,
} from './support';
import { withJobTable } from './jobTableScene';
import { type Page, startWeb, type Web } from './web';

useN8n();

const IMAGE_TO_VIDEO = {
	operation: 'generate',
	prompt: 'A cat',
	generationType: 'image_to_video',
};

const web = async <T>(
	pages: Record<string, Page | Page[]>,
	act: (scene: Scene, site: Web) => Promise<T>,
): Promise<T> => {
	const site = await startWeb(pages);
	try {
		return await withEmulator({}, async (scene) => await act(scene, site));
	} finally {
		await site.close();
	}
};

const fetching = async ({ run }: Scene, imageUrl: string, options = {}) =>
	await run({ ...IMAGE_TO_VIDEO, imageSource: 'fetch', imageUrl, options });

describe('An image that n8n fetches', () => {
	it.each([
		['image/jpeg', 'image.jpg', IMAGES.jpeg],
		['image/png', 'image.png', IMAGES.png],
		['image/webp', 'image.webp', IMAGES.webp],
	])('is uploaded as what its bytes are: %s', async (mimeType, fileName, body) => {
		const pages = { '/cat': { body, headers: { 'content-type': 'text/plain' } } };
		await web(pages, async (scene, site) => {
			jsonOf(await fetching(scene, `${site.url}/cat`));
			expect(scene.emulator.requests).toMatchObject([
				{ kind: 'upload', body: { fileName, mimeType, bytes: body.length } },
				{ kind: 'generate' },
			]);
			const { imageUrl, imageKey } = scene.emulator.jobs[0]?.request ?? {};
			expect(imageUrl).toBe(`${scene.emulator.origin}/images/${imageKey}`);
			expect(JSON.stringify(site.requests)).not.toContain(KEY);
			expect(site.requests).toMatchObject([{ headers: { 'accept-encoding': 'identity' } }]);
		});
	});

	it('is fetched behind redirects, but not behind more than three', async () => {
		const to = (location: string) => ({ status: 302, headers: { location } });
		const pages = {
			'/4': to('/3'),
			'/3': to('2'),
			'/2': to('/1'),
			'/1': to('/cat.png'),
			'/cat.png': { body: IMAGES.png },
		};
		await web(pages, async (scene, site) => {
			jsonOf(await fetching(scene, `${site.url}/3`));
			expect(failureOf(await fetching(scene, `${site.url}/4`)).message).toBe(
				"The image at 'Image URL' could not be fetched: its host redirects too many times",
			);
			expect(scene.emulator.jobs).toHaveLength(1);
		});
	});

	it.each(['file:///etc/passwd', 'ftp://example.com/cat.png', 'http://u:p@127.0.0.1/'])(
		'is not fetched behind a redirect to %s',
		async (location) => {
			await web({ '/': { status: 302, headers: { location } } }, async (scene, site) => {
				expect(failureOf(await fetching(scene, site.url)).name).toBe('NodeOperationError');
				expect(scene.emulator.requests).toEqual([]);
			});
		},
	);

	it.each<[string, Page]>([
		['a web page', { body: '<!DOCTYPE html><html><title>Sign in</title></html>' }],
		['a HEIC image', { body: Buffer.from('\0\0\0\x20ftypheic', 'latin1') }],
		['empty', { body: '' }],
		['0.2 MB of text', { body: 'a,b\n'.repeat(50_000), headers: { 'content-length': 200_000 } }],
		['text', { body: 'a,b\n'.repeat(50_000) }],
	])('is refused before anything is paid if it is %s', async (what, page) => {
		await web({ '/good': { body: IMAGES.png }, '/bad': page }, async ({ emulator, run }, site) => {
			const items = ['/good', '/bad'].map((path) => ({ json: { url: site.url + path } }));
			const imageUrl = '={{ $json.url }}';
			const ran = await run({ ...IMAGE_TO_VIDEO, imageSource: 'fetch', imageUrl }, { items });
			expect(failureOf(ran)).toMatchObject({
				name: 'NodeOperationError',
				message: `The file at 'Image URL' is ${what}, not a JPEG, PNG or WebP image [item 1]`,
				description: containing('Nothing was sent, so nothing was paid.'),
			});
			expect(emulator.requests).toEqual([]);
		});
	});

	it('is not read any further after its first bytes, or after 50 MB', async () => {
		const pages = {
			'/text': { body: 'text', endless: true },
			'/image': { body: IMAGES.png, endless: true },
		};
		await web(pages, async (scene, site) => {
			expect(failureOf(await fetching(scene, `${site.url}/text`)).message).toContain(
				'is text, not',
			);
			expect(site.sentBytes()).toBeLessThan(20 * 1024 * 1024);
			expect(failureOf(await fetching(scene, `${site.url}/image`)).message).toBe(
				"The image at 'Image URL' is larger than 50 MB, the most that the API takes",
			);
			expect(site.sentBytes()).toBeLessThan(120 * 1024 * 1024);
		});
	});

	it('is refused in a compressed body, whatever comes out of it', async () => {
		const bomb = gzipSync(Buffer.concat([IMAGES.png, Buffer.alloc(60 * 1024 * 1024)]));
		const pages = { '/': { body: bomb, headers: { 'content-encoding': 'gzip' } } };
		await web(pages, async (scene, site) => {
			expect(failureOf(await fetching(scene, site.url)).message).toContain(
				'its host sent it compressed',
			);
			expect(scene.emulator.requests).toEqual([]);
		});
	});

	it('is fetched again after an answer that may pass, and not after another one', async () => {
		const pages = {
			'/late': [{ status: 503 }, { body: IMAGES.png }],
			'/gone': { status: 404 },
		};
		await web(pages, async (scene, site) => {
			jsonOf(await fetching(scene, `${site.url}/late`));
			expect(failureOf(await fetching(scene, `${site.url}/gone`))).toMatchObject({
				message: "The image at 'Image URL' could not be fetched: its host answered with HTTP 404",
			});
			expect(site.requests.map(({ path }) => path)).toEqual(['/late', '/late', '/gone']);
		});
	});

	it('may be gone where its idempotency key or an identical request has a video', async () => {
		const site = await startWeb({ '/': [{ body: IMAGES.png }, { status: 404 }] });
		await withJobTable({}, async ({ emulator, run }) => {
			for (const taken of [{ idempotencyKey: 'cat' }, { reuseIdentical: true }]) {
				const options = { ...taken, maxRetries: 0 };
				const parameters = { ...IMAGE_TO_VIDEO, imageSource: 'fetch', imageUrl: site.url, options };
				const name = Object.keys(taken).join();
				for (const executionId of [name, `${name} again`]) {
					expect(jsonOf(await run(parameters, { executionId }))).toHaveLength(1);
				}
			}
			expect(emulator.jobs).toHaveLength(1);
			const keyed = { idempotencyKey: 'another', maxRetries: 0 };
			const imageUrl = `${site.url}/another`;
			const parameters = { ...IMAGE_TO_VIDEO, imageSource: 'fetch', imageUrl, options: keyed };
			expect(failureOf(await run(parameters, { executionId: 'another' })).message).toContain(
				'HTTP 404',
			);
			expect(emulator.jobs).toHaveLength(1);
		});
		await site.close();
	});

	it('has to arrive within Request Timeout', async () => {
		await web({ '/': { body: IMAGES.png, delayMs: 5_000 } }, async (scene, site) => {
			const options = { requestTimeout: 1, maxRetries: 0 };
			expect(failureOf(await fetching(scene, site.url, options))).toMatchObject({
				message: "The image at 'Image URL' could not be fetched: it took too long",
				description: containing("raise 'Request Timeout'"),
			});
		});
	});

	it('is not fetched from a host that cannot be reached', async () => {
		await withEmulator({}, async (scene) => {
			const url = `http://127.0.0.1:${await closedPort()}/`;
			expect(failureOf(await fetching(scene, url, { maxRetries: 0 })).message).toContain(
				'its host could not be reached',
			);
		});
	});

	it('is not fetched from a private network for an AI agent', async () => {
		await web({ '/': { body: IMAGES.png } }, async ({ emulator, run }, site) => {
			const node = { type: 'n8n-nodes-veo3o1.veoTool' };
			const parameters = { ...IMAGE_TO_VIDEO, imageSource: 'fetch', imageUrl: site.url };
			expect(failureOf(await run(parameters, { node })).message).toContain(
				"The 'Image URL' leads into a private network",
			);
			expect(site.requests).toEqual([]);
			expect(emulator.requests).toEqual([]);
		});
	});

	it('is not fetched again for an item that is taken up', async () => {
		const faults = [once('generate', { type: 'envelope', code: 1000 }, { occurrence: 2 })];
		const site = await startWeb({ '/a': { body: IMAGES.png }, '/b': { body: IMAGES.png } });
		await withEmulator({ faults }, async ({ emulator, run }) => {
			const items = ['/a', '/b'].map((path) => ({ json: { url: site.url + path, prompt: path } }));
			const parameters = { ...IMAGE_TO_VIDEO, imageSource: 'fetch', imageUrl: '={{ $json.url }}' };
			const node = { retryOnFail: true, maxTries: 2, waitBetweenTries: 0 };
			jsonOf(await run({ ...parameters, prompt: PROMPT }, { items, node }));
			const fetched = site.requests.map(({ path }) => path);
			const [accepted] = emulator.jobs.map(({ request }) => request.prompt);
			expect(fetched.filter((path) => path === accepted)).toHaveLength(1);
			expect(fetched).toHaveLength(3);
		});
		await site.close();
	});
});

describe('An address that the service opens', () => {
	const PUBLIC_API = { veoApi: { apiKey: KEY, baseUrl: 'https://veo.invalid/api' } };

	it.each([
		['http://localhost:5678/cat.png', 'can be reached from your own network only'],
		['http://192.168.1.20/cat.png', 'can be reached from your own network only'],
		['http://0x7f000001/cat.png', 'can be reached from your own network only'],
		['http://[::ffff:10.0.0.1]/cat.png', 'can be reached from your own network only'],
		['http://nas.local/cat.png', 'can be reached from your own network only'],
		['https://drive.google.com/file/d/1AbC/view', 'opens a page of Google Drive'],
		['https://www.dropbox.com/s/abc/cat.png?dl=0', 'opens a page of Dropbox'],
		['https://photos.app.goo.gl/abc', 'opens a page of Google Photos'],
		['https://example.com/cat.HEIC', 'is a HEIC image by its name'],
		['https://a.example/1.png, https://a.example/2.png', 'has more than one address'],
		['https://a.example/1.png\nhttps://a.example/2.png', 'has more than one address'],
		['data:image/png;base64,iVBORw0KGgo=', 'is not a web address'],
		['file:///home/cat.png', 'is not a web address'],
	])('is refused before anything is sent: %s', async (imageUrl, words) => {
		await withEmulator({}, async ({ run }) => {
			const ran = await run({ ...IMAGE_TO_VIDEO, imageUrl }, { credentials: PUBLIC_API });
			expect(failureOf(ran)).toMatchObject({
				name: 'NodeOperationError',
				message: containing(words),
				description: containing('Nothing was sent, so nothing was paid.'),
			});
		});
	});

	it('may be in the network of the Base URL', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			const imageUrl = 'http://192.168.1.20/cat.png';
			jsonOf(await run({ ...IMAGE_TO_VIDEO, imageUrl }));
			expect(emulator.jobs).toMatchObject([{ request: { imageUrl } }]);
		});
	});

	it('is refused if an expression returns several', async () => {
		await withEmulator({}, async ({ run }) => {
			const imageUrl = "={{ ['https://a.example/1.png'] }}";
			expect(failureOf(await run({ ...IMAGE_TO_VIDEO, imageUrl })).message).toContain(
				'more than one address',
			);
		});
	});
});

describe('An image file that is missed', () => {
	it('is looked for in the fields that the item has', async () => {
		await withEmulator({}, async ({ run }) => {
			const file = { data: IMAGES.png.toString('base64'), mimeType: 'image/png' };
			const text = { data: Buffer.from('a,b').toString('base64'), mimeType: 'image/png' };
			const parameters = { ...IMAGE_TO_VIDEO, imageSource: 'binary' };
			const missing = { items: [{ json: {}, binary: { photo: file, text } }] };
			expect(failureOf(await run(parameters, missing))).toMatchObject({
				message: "The input item has no file in 'data'",
				description: containing("It has files in 'photo', 'text'"),
			});
			const wrong = { items: [{ json: {}, binary: { data: text, photo: file } }] };
			expect(failureOf(await run(parameters, wrong))).toMatchObject({
				message: "The file in 'data' is 3 bytes of text, not a JPEG, PNG or WebP image",
				description: containing("The item also has files in 'photo'."),
			});
		});
	});
});
