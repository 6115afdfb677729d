import { itemsOf, type Execution, type Item } from '../../harness/execution';
import { arrayOr, objectOr, requiredString } from '../../harness/json';
import { emulatorKey, N8nHarness } from '../../harness/n8nHarness';
import { chain, fetchFile, items, manualTrigger, webhook } from '../../harness/workflow';

const uuidPattern = /^[0-9a-f-]{36}$/;
const like = (pattern: RegExp): unknown => expect.stringMatching(pattern);
const anyString: unknown = expect.any(String);

// The smallest PNG there is: one pixel.
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
	it('offers the node, and its twin for AI agents, under the names that saved workflows hold', async () => {
		const types = await harness.client.nodeTypes();
		expect([...types.keys()]).toEqual(
			expect.arrayContaining(['n8n-nodes-veo3o1.veo', 'n8n-nodes-veo3o1.veoTool']),
		);
	});

	it('does not hide it: the panel leaves out what is in the category AI and no root node there', async () => {
		const types = await harness.client.nodeTypes();
		const { categories, subcategories } = objectOr(types.get('n8n-nodes-veo3o1.veo')?.codex);
		const asAi = arrayOr(objectOr(subcategories).AI);
		expect(arrayOr(categories).includes('AI') ? asAi : ['Root Nodes']).toContain('Root Nodes');
	});
});

describe('Generate and Wait', () => {
	it('makes a video from text and attaches the film', async () => {
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
		if (file === undefined) throw new Error('No film');
		const film = await harness.client.binary(file);
		expect(film.subarray(4, 8).toString()).toBe('ftyp');
		const served = await fetch(String(json.videoUrl));
		expect(film.equals(Buffer.from(await served.arrayBuffer()))).toBe(true);
	});

	it('waits for many items at once and answers in their order', async () => {
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
				harness.veo('Veo', { operation: 'generateAndWait', prompt: '={{ $json.prompt }}' }),
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

	it('uploads the image file of the input item and brings it to life', async () => {
		const execution = await harness.runManually(
			chain(
				'Image to video',
				manualTrigger(),
				fetchFile('Image', await hostedImage()),
				harness.veo('Veo', {
					operation: 'generateAndWait',
					generationType: 'image_to_video',
					prompt: 'It wakes up',
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

	it('runs in an active workflow, and a failed video fails the execution with its uuid', async () => {
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
		const told = `${String(execution.error?.message)} ${String(execution.error?.description)}`;
		expect(told).toContain('The clouds came out square');
		expect(told).toContain(uuid);
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
	it('hands the job on by its uuid', async () => {
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

	it('attaches the film of a finished video', async () => {
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
					binaryOutputField: 'film',
				}),
			),
		);

		const { json, binary } = onlyItem(execution, 'Veo');
		expect(json).toMatchObject({ uuid, status: 'completed' });
		expect(binary.film).toMatchObject({ mimeType: 'video/mp4' });
	});
});

describe('Upload Image', () => {
	it('gives the address and the key of the stored image', async () => {
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

	it('tells a good key', async () => {
		const result = await test('Good', { apiKey: emulatorKey, baseUrl: harness.emulator.url });
		expect(result.status).toBe('OK');
	});

	it('tells a refused key', async () => {
		const result = await test('Refused', { apiKey: 'wrong', baseUrl: harness.emulator.url });
		expect(result.status).toBe('Error');
		expect(result.message).toMatch(/key/i);
	});

	it('tells a host that is not there', async () => {
		const result = await test('Away', { apiKey: emulatorKey, baseUrl: 'http://127.0.0.1:9/api' });
		expect(result.status).toBe('Error');
		expect(result.message).toMatch(/reach/i);
		expect(result.message).not.toMatch(/ECONNREFUSED/);
	});

	afterEach(() => {
		expect(harness.emulator.count('generate')).toBe(0);
	});
});

/** The address of an image on the web: the emulator keeps it as it would keep anyone's. */
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
