/** Compares the examples in docs/operations.md with the output of the node. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EmulatorOptions } from '../../emulator';
import { NODE, storeFile } from '../../harness/core';
import { IMAGES, jsonOf, PROMPT, prompts, type Scene, useN8n, withEmulator } from './support';
import { startWeb } from './web';

useN8n();

const page = readFileSync(join(__dirname, '../../docs/operations.md'), 'utf8');

/** The JSON with constants in place of the values that differ between runs. */
const normalize = (json: unknown): unknown =>
	JSON.parse(
		JSON.stringify(json)
			.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
			.replace(/127\.0\.0\.1:\d+/g, 'HOST')
			.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME')
			.replace(/"estimatedTime":\d+/, '"estimatedTime":0')
			.replace(/[\d.]+ kB/, 'SIZE')
			.replace(/in \d+ s\b/, 'in TIME'),
	);

function exampleNamed(name: string): unknown {
	const [, json] = new RegExp(`^\`\`\`json ${name}\\n([^\`]+)\`\`\`$`, 'm').exec(page) ?? [];
	if (json === undefined) throw new Error(`No example named ${name} in docs/operations.md`);
	return normalize(JSON.parse(json));
}

const FOX = { prompt: 'A fox in the snow', aspectRatio: '16:9' };

const CONTINUE = { onError: 'continueRegularOutput' } as const;

async function fromUrl({ run }: Scene, imageUrl: string, imageSource = 'fetch') {
	const image = { generationType: 'image_to_video', imageSource, imageUrl };
	const parameters = { operation: 'generate', prompt: 'The cat yawns', ...image };
	return await run(parameters, { node: CONTINUE });
}

/** The body of the paid request. */
const bodyOf = ({ emulator }: Scene) =>
	emulator.requests.find(({ kind }) => kind === 'generate')?.body;

/** For each example, the emulator options and a function that returns the actual output. */
const RUNS: Record<string, [EmulatorOptions, (scene: Scene) => Promise<unknown>]> = {
	generate: [{}, async ({ run }) => jsonOf(await run({ operation: 'generate', ...FOX }))[0]],
	generateAndWait: [{}, generateAndWait],
	file: [
		{},
		async ({ run }) => {
			const ran = await run({ operation: 'generateAndWait', ...FOX, downloadVideo: true });
			return ran.outputs[0]?.[0]?.binary?.data;
		},
	],
	unfinished: [
		{ durationMs: 600_000 },
		async ({ run }) => {
			const options = { maxWaitTime: 1, onTimeout: 'returnStatus' };
			const ran = await run({ operation: 'generateAndWait', prompt: FOX.prompt, options });
			return jsonOf(ran)[0];
		},
	],
	getStatus: [{}, getStatus],
	failed: [{ outcome: 'failed' }, getStatus],
	uploadImage: [
		{},
		async ({ run }) => {
			const data = await storeFile(IMAGES.png, { fileName: 'cat.png', mimeType: 'image/png' });
			const items = [{ json: {}, binary: { data } }];
			return jsonOf(await run({ resource: 'image', operation: 'uploadImage' }, { items }))[0];
		},
	],
	tooManyVideos: [
		{},
		async ({ run }) => {
			const more = { node: CONTINUE, items: prompts('a', 'b', 'c') };
			const options = { maxVideos: 2 };
			return jsonOf(await run({ operation: 'generate', prompt: PROMPT, options }, more))[0];
		},
	],
	promptTooLong: [
		{},
		async ({ run }) => {
			const options = { maxPromptLength: 10 };
			const parameters = { operation: 'generate', ...FOX, options };
			return jsonOf(await run(parameters, { node: CONTINUE }))[0];
		},
	],
	sharePage: [
		{},
		async (scene) => {
			const page = 'https://drive.google.com/file/d/1aB/view';
			return jsonOf(await fromUrl(scene, page, 'url'))[0];
		},
	],
	hint: [
		{},
		async ({ run }) => {
			const more = { items: prompts('a', 'b') };
			const ran = await run({ operation: 'generateAndWait', prompt: PROMPT }, more);
			return ran.run.data.resultData.runData[NODE]?.[0]?.hints?.[0];
		},
	],
	fetched: [
		{},
		async (scene) => {
			const web = await startWeb({ '/cat.png': { body: IMAGES.png } });
			jsonOf(await fromUrl(scene, `${web.url}/cat.png`));
			await web.close();
			return bodyOf(scene);
		},
	],
	notAnImage: [
		{},
		async (scene) => {
			const web = await startWeb({ '/cat': { body: '<!DOCTYPE html><html></html>' } });
			const json = jsonOf(await fromUrl(scene, `${web.url}/cat`));
			await web.close();
			return json[0];
		},
	],
	extraParameters: [
		{},
		async (scene) => {
			const options = { extraParameters: '{"seed": 42}' };
			jsonOf(await scene.run({ operation: 'generate', ...FOX, options }));
			return bodyOf(scene);
		},
	],
	fileName: [
		{},
		async ({ run }) => {
			const options = { fileName: 'Fox: "the video" 1/2.mp4' };
			const ran = await run({ operation: 'generateAndWait', ...FOX, options });
			return { fileName: ran.outputs[0]?.[0]?.binary?.data?.fileName };
		},
	],
	continued: [{ outcome: 'failed' }, generateAndWait],
};

async function generateAndWait({ run }: Scene): Promise<unknown> {
	const node = { onError: 'continueRegularOutput' as const };
	return jsonOf(await run({ operation: 'generateAndWait', ...FOX }, { node }))[0];
}

async function getStatus({ run, emulator }: Scene): Promise<unknown> {
	const { uuid } = emulator.accept({ generationType: 'text_to_video', prompt: FOX.prompt });
	return jsonOf(await run({ operation: 'getStatus', uuid }))[0];
}

it('has exactly these examples', () => {
	const names = [...page.matchAll(/^```json (\w+)$/gm)].map(([, name]) => name).sort();
	expect(names).toEqual(Object.keys(RUNS).sort());
});

it.each(Object.entries(RUNS))('shows the actual output: %s', async (name, [options, act]) => {
	expect(exampleNamed(name)).toEqual(normalize(await withEmulator(options, act)));
});
