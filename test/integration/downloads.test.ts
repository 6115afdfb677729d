import { ALL_FORMATS, BufferSource, Input } from 'mediabunny';
import type { IBinaryData } from 'n8n-workflow';
import { type N8n, type Ran, readFile, startN8n } from '../../harness/core';
import { always, failureOf, jsonOf, once, PROMPT, prompts, useN8n, withEmulator } from './support';

const download = { operation: 'generateAndWait', prompt: 'A fox', downloadVideo: true };

function fileOf({ outputs }: Ran, field = 'data'): IBinaryData {
	const file = outputs[0]?.[0]?.binary?.[field];
	if (!file) throw new Error(`The item has no file in ${field}`);
	return file;
}

describe.each(['default', 'filesystem'] as const)(
	'A video in the binary data mode "%s"',
	(mode) => {
		let n8n: N8n;
		beforeAll(async () => {
			n8n = await startN8n(mode);
		});
		afterAll(() => n8n.close());

		it('is attached as a playable file with its name, type and size', async () => {
			await withEmulator({}, async ({ emulator, run }) => {
				const ran = await run({ ...download, binaryOutputField: 'video' });
				const uuid = emulator.jobs[0]?.uuid;
				const file = fileOf(ran, 'video');
				expect(file).toMatchObject({
					fileName: `${uuid}.mp4`,
					fileExtension: 'mp4',
					mimeType: 'video/mp4',
					fileType: 'video',
					fileSize: expect.stringMatching(/^[\d.]+ kB$/) as string,
				});
				expect(file.id === undefined).toBe(mode === 'default');
				const content = await readFile(file);
				const original = await fetch(`${emulator.origin}/videos/${uuid}.mp4`);
				expect(content.equals(Buffer.from(await original.arrayBuffer()))).toBe(true);
				const input = new Input({ source: new BufferSource(content), formats: ALL_FORMATS });
				expect(await input.computeDuration()).toBeGreaterThan(0);
				expect(await input.getPrimaryVideoTrack()).not.toBeNull();
				expect(jsonOf(ran)).toMatchObject([{ uuid, status: 'completed' }]);
				expect(ran.outputs[0]).toMatchObject([{ pairedItem: { item: 0 } }]);
			});
		});

		// n8n would hold all of it in memory.
		it('has at most 128 MB where n8n holds files in memory', async () => {
			await withEmulator({ videoBytes: 130 * 1024 * 1024 }, async ({ emulator, run }) => {
				const ran = await run(download);
				if (mode === 'filesystem') {
					expect(fileOf(ran).fileSize).toBe('136 MB');
				} else {
					const { message, context } = failureOf(ran);
					expect(message).toContain('the file is larger than this node downloads');
					expect(context.uuid).toBe(emulator.jobs[0]?.uuid);
				}
				expect(emulator.count('video')).toBe(1);
			});
		});

		it('is requested without the key', async () => {
			await withEmulator({}, async ({ emulator, run }) => {
				await run(download);
				const [video, ...more] = emulator.requests.filter(({ kind }) => kind === 'video');
				expect(video).toMatchObject({ method: 'GET', answered: 200 });
				expect(video?.headers).not.toHaveProperty('authorization');
				expect(more).toEqual([]);
			});
		});
	},
);

describe('A downloaded video', () => {
	useN8n();

	it('is attached to its own item', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			const list = ['one', 'two', 'three', 'four'];
			const { outputs } = await run({ ...download, prompt: PROMPT }, { items: prompts(...list) });
			const byPrompt = new Map(emulator.jobs.map(({ request, uuid }) => [request.prompt, uuid]));
			expect(outputs[0]?.map(({ binary }) => binary?.data?.fileName)).toEqual(
				list.map((prompt) => `${byPrompt.get(prompt)}.mp4`),
			);
		});
	});

	it('is attached by Get Status once it is finished', async () => {
		const durationMs = ({ prompt }: { prompt: string }) => (prompt === 'slow' ? 60_000 : 0);
		await withEmulator({ durationMs }, async ({ emulator, run }) => {
			const [slow, quick] = ['slow', 'quick'].map((prompt) =>
				emulator.accept({ generationType: 'text_to_video', prompt }),
			);
			const { outputs, error } = await run(
				{ operation: 'getStatus', uuid: '={{ $json.uuid }}', downloadVideo: true },
				{ items: [{ json: { uuid: slow?.uuid } }, { json: { uuid: quick?.uuid } }] },
			);
			expect(error).toBeUndefined();
			expect(outputs[0]?.map(({ binary }) => binary?.data?.fileName)).toEqual([
				undefined,
				`${quick?.uuid}.mp4`,
			]);
		});
	});

	it('is not requested if Download Video is off', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			const { outputs } = await run({ ...download, downloadVideo: false });
			expect(outputs[0]?.[0]).not.toHaveProperty('binary');
			expect(emulator.count('video')).toBe(0);
		});
	});

	it('is requested again after a broken connection and is complete', async () => {
		const faults = [once('video', { type: 'resetMidAnswer' })];
		await withEmulator({ faults, videoBytes: 500_000 }, async ({ emulator, run }) => {
			const content = await readFile(fileOf(await run(download)));
			expect(content).toHaveLength(500_000);
			expect(emulator.count('video')).toBe(2);
			expect(emulator.count('generate')).toBe(1);
		});
	});

	it('is read from another host after a redirect, without the key', async () => {
		await withEmulator({}, async (other) => {
			const job = other.emulator.accept({ generationType: 'text_to_video', prompt: 'A fox' });
			const location = `${other.emulator.origin}/videos/${job.uuid}.mp4`;
			const faults = [always('video', { type: 'http', status: 302, headers: { location } })];
			await withEmulator({ faults }, async ({ emulator, run }) => {
				expect(fileOf(await run(download)).fileName).toBe(`${emulator.jobs[0]?.uuid}.mp4`);
			});
			expect(other.emulator.requests).toMatchObject([{ kind: 'video', answered: 200 }]);
			expect(other.emulator.requests[0]?.headers).not.toHaveProperty('authorization');
		});
	});

	it.each([undefined, null, ''])('fails with its ID if its URL is %p', async (videoUrl) => {
		const faults = [always('status', { type: 'alter', data: { videoUrl } })];
		await withEmulator({ faults }, async ({ emulator, run }) => {
			const uuid = () => emulator.jobs.at(-1)?.uuid;
			for (const downloadVideo of [true, false]) {
				const ran = await run({ ...download, downloadVideo, options: { maxWaitTime: 1 } });
				expect(failureOf(ran).message).toContain(
					`Video ${uuid()} is finished, but the API returned no URL for it`,
				);
			}
		});
	});
});
