/** Compares the examples in docs/operations.md with the output of the node. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EmulatorOptions } from '../../emulator';
import { storeFile } from '../../harness/core';
import { IMAGES, jsonOf, type Scene, useN8n, withEmulator } from './support';

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
			.replace(/[\d.]+ kB/, 'SIZE'),
	);

function exampleNamed(name: string): unknown {
	const [, json] = new RegExp(`^\`\`\`json ${name}\\n([^\`]+)\`\`\`$`, 'm').exec(page) ?? [];
	if (json === undefined) throw new Error(`No example named ${name} in docs/operations.md`);
	return normalize(JSON.parse(json));
}

const FOX = { prompt: 'A fox in the snow', aspectRatio: '16:9' };

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
