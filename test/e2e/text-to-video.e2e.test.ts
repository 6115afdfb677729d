import { itemsOf, type Execution, type Item } from '../../harness/execution';
import { arrayOr, objectOr, requiredString } from '../../harness/json';
import { emulatorKey, N8nHarness } from '../../harness/n8nHarness';
import { chain, fetchFile, items, manualTrigger, webhook } from '../../harness/workflow';

const uuidPattern = /^[0-9a-f-]{36}$/;
const like = (pattern: RegExp): unknown => expect.stringMatching(pattern);
const anyString: unknown = expect.any(String);

// A PNG of one pixel.
const png = Buffer.from(
	'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
	'base64',
);

let harness: N8nHarness;

beforeAll(async () => {
	harness = await N8nHarness.start();
});

afterAll(async () => {
	await harness.close();
});

beforeEach(() => {
	harness.emulator.reset();
});

function onlyItem(execution: Execution, node: string): Item {
	const [item, ...others] = itemsOf(execution, node);
	expect(others).toEqual([]);
	if (item === undefined) throw new Error(`"${node}" put out nothing`);
	return item;
}

describe('in the nodes panel', () => {
	it('has the node and its AI tool under the names that saved workflows use', async () => {
		const types = await harness.client.nodeTypes();
		expect([...types.keys()]).toEqual(
			expect.arrayContaining(['n8n-nodes-veo3o1.veo', 'n8n-nodes-veo3o1.veoTool']),
		);
	});

	it('shows the node: n8n hides nodes of the category AI that are not root nodes', async () => {
		const types = await harness.client.nodeTypes();
		const { categories, subcategories } = objectOr(types.get('n8n-nodes-veo3o1.veo')?.codex);
		const asAi = arrayOr(objectOr(subcategories).AI);
		expect(arrayOr(categories).includes('AI') ? asAi : ['Root Nodes']).toContain('Root Nodes');
	});
});

describe('Generate and Wait', () => {
	it('makes a video from text and attaches the file', async () => {
		const execution = await harness.runManually(
			chain(
				'Text to video',
				manualTrigger(),
				harness.veo('Veo', {
					operation: 'generateAndWait',
					prompt: 'A kite over the sea',
					aspectRatio: '16:9',
					downloadVideo: true,
				}),
			),
		);

		expect(execution.error).toBeUndefined();
		expect(execution.status).toBe('success');
		const { json, binary, pairedItem } = onlyItem(execution, 'Veo');
		expect(json).toMatchObject({
			uuid: like(uuidPattern),
			status: 'completed',
			generationType: 'text_to_video',
			prompt: 'A kite over the sea',
			aspectRatio: '16:9',
			videoUrl: like(/^http/),
		});
		expect(pairedItem).toEqual({ item: 0 });

		const file = binary.data;
		expect(file).toMatchObject({
			mimeType: 'video/mp4',
			fileName: like(/\.mp4$/),
		});
		if (file === undefined) throw new Error('No video file');
		const downloaded = await harness.client.binary(file);
		expect(downloaded.subarray(4, 8).toString()).toBe('ftyp');
		const served = await fetch(String(json.videoUrl));
		expect(downloaded.equals(Buffer.from(await served.arrayBuffer()))).toBe(true);
	});

	it('waits for many items in parallel and returns them in order', async () => {
		const prompts = ['one', 'two', 'three', 'four', 'five'];
		harness.emulator.reset({ durationMs: (_, index) => 4000 - index * 500 });
		const startedAt = Date.now();
		const execution = await harness.runManually(
			chain(
				'Many',
				manualTrigger(),
				items(
					'Prompts',
					prompts.map((prompt) => ({ prompt })),
				),
				harness.veo('Veo', {
					operation: 'generateAndWait',
					prompt: '={{ $json.prompt }}',
					downloadVideo: false,
				}),
			),
		);
		const seconds = (Date.now() - startedAt) / 1000;

		const out = itemsOf(execution, 'Veo');
		expect(out.map(({ json }) => json.prompt)).toEqual(prompts);
		expect(out.map(({ pairedItem }) => pairedItem)).toEqual(prompts.map((_, item) => ({ item })));
		expect(new Set(out.map(({ json }) => json.uuid)).size).toBe(5);
		expect(harness.emulator.jobs).toHaveLength(5);
		expect(seconds).toBeLessThan(15);
	});

	it('uploads the image file of the input item and makes a video of it', async () => {
		const execution = await harness.runManually(
			chain(
				'Image to video',
				manualTrigger(),
				fetchFile('Image', await hostedImage()),
				harness.veo('Veo', {
					operation: 'generateAndWait',
					generationType: 'image_to_video',
					prompt: 'It wakes up',
					downloadVideo: false,
					imageSource: 'binary',
					binaryPropertyName: 'data',
				}),
			),
		);

		expect(execution.error).toBeUndefined();
		expect(onlyItem(execution, 'Veo').json).toMatchObject({
			status: 'completed',
			generationType: 'image_to_video',
		});
		const generate = harness.emulator.requests.filter(({ kind }) => kind === 'generate');
		expect(generate).toHaveLength(1);
		expect(harness.emulator.jobs[0]?.request).toMatchObject({
			generationType: 'image_to_video',
			imageUrl: like(/^http/),
			imageKey: anyString,
		});
	});

	it('runs in a published workflow, and a failed video fails the execution with its uuid', async () => {
		harness.emulator.reset({ outcome: 'failed', failureMessage: 'The clouds came out square' });
		const execution = await harness.runInProduction(
			chain(
				'Failing',
				webhook(),
				harness.veo('Veo', { operation: 'generateAndWait', prompt: 'Clouds' }),
			),
		);

		expect(execution.status).toBe('error');
		expect(execution.mode).toBe('webhook');
		const uuid = harness.emulator.jobs[0]?.uuid;
		expect(uuid).toMatch(uuidPattern);
		const shown = `${String(execution.error?.message)} ${String(execution.error?.description)}`;
		expect(shown).toContain('The clouds came out square');
		expect(shown).toContain(uuid);
	});

	it('ends within a second when the execution is stopped', async () => {
		harness.emulator.reset({ durationMs: 60_000 });
		const { id } = await harness.save(
			chain(
				'Stop',
				manualTrigger(),
				harness.veo('Veo', { operation: 'generateAndWait', prompt: 'Long' }),
			),
		);
		const executionId = await harness.client.runManually(id, 'Start');
		await harness.waitUntil(() => harness.emulator.count('status') > 0);
		const stoppedAt = Date.now();
		await harness.client.stopExecution(executionId);
		const execution = await harness.client.waitForExecution(executionId);

		expect(Date.now() - stoppedAt).toBeLessThan(1000);
		expect(execution.status).toBe('canceled');
	});
});

describe('Generate, then Get Status', () => {
	it('passes the job on by its uuid', async () => {
		const execution = await harness.runManually(
			chain(
				'Two steps',
				manualTrigger(),
				harness.veo('Generate', { operation: 'generate', prompt: 'A door opens' }),
				harness.veo('Status', { operation: 'getStatus', uuid: '={{ $json.uuid }}' }),
			),
		);

		const submitted = onlyItem(execution, 'Generate').json;
		expect(submitted).toMatchObject({ prompt: 'A door opens', status: 'pending' });
		const status = onlyItem(execution, 'Status').json;
		expect(status.uuid).toBe(submitted.uuid);
		expect(['pending', 'processing', 'completed']).toContain(status.status);
		expect(harness.emulator.jobs).toHaveLength(1);
	});

	it('attaches the file of a finished video', async () => {
		harness.emulator.reset({ durationMs: 0 });
		const { uuid } = harness.emulator.accept({ prompt: 'Done', generationType: 'text_to_video' });
		const execution = await harness.runManually(
			chain(
				'Fetch',
				manualTrigger(),
				harness.veo('Veo', {
					operation: 'getStatus',
					uuid,
					downloadVideo: true,
					binaryOutputField: 'video',
				}),
			),
		);

		const { json, binary } = onlyItem(execution, 'Veo');
		expect(json).toMatchObject({ uuid, status: 'completed' });
		expect(binary.video).toMatchObject({ mimeType: 'video/mp4' });
	});
});

describe('Upload Image', () => {
	it('returns the URL and the key of the stored image', async () => {
		const execution = await harness.runManually(
			chain(
				'Upload',
				manualTrigger(),
				fetchFile('Image', await hostedImage()),
				harness.veo('Veo', {
					resource: 'image',
					operation: 'uploadImage',
					binaryPropertyName: 'data',
				}),
			),
		);

		const { json } = onlyItem(execution, 'Veo');
		expect(json.imageKey).toEqual(expect.any(String));
		const stored = await fetch(String(json.imageUrl));
		expect(Buffer.from(await stored.arrayBuffer()).equals(png)).toBe(true);
	});
});

describe('the credential', () => {
	const test = async (name: string, data: Record<string, string>) => {
		const credential = await harness.client.createCredential(name, 'veoApi', data);
		return await harness.client.testCredential(credential);
	};

	it('accepts a valid key', async () => {
		const result = await test('Good', { apiKey: emulatorKey, baseUrl: harness.emulator.url });
		expect(result.status).toBe('OK');
	});

	it('rejects a key that the API refuses', async () => {
		const result = await test('Refused', { apiKey: 'wrong', baseUrl: harness.emulator.url });
		expect(result.status).toBe('Error');
		expect(result.message).toMatch(/key/i);
	});

	it('reports a host that does not exist', async () => {
		const result = await test('Away', { apiKey: emulatorKey, baseUrl: 'http://127.0.0.1:9/api' });
		expect(result.status).toBe('Error');
		expect(result.message).toMatch(/reach/i);
		expect(result.message).not.toMatch(/ECONNREFUSED/);
	});

	afterEach(() => {
		expect(harness.emulator.count('generate')).toBe(0);
	});
});

/** The URL of an image that the emulator serves. */
async function hostedImage(): Promise<string> {
	const form = new FormData();
	form.append('file', new Blob([png], { type: 'image/png' }), 'pixel.png');
	const response = await fetch(`${harness.emulator.url}/upload-video-image`, {
		method: 'POST',
		headers: { authorization: `Bearer ${emulatorKey}` },
		body: form,
	});
	const answer: unknown = await response.json();
	return requiredString(objectOr(answer).data, 'imageUrl');
}
