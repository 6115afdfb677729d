import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { EmulatorOptions, Fault, FaultAction, Kind } from '../../emulator';
import { readFile, type Ran, storeFile } from '../../harness/core';
import { startGzipBomb } from './network';
import {
	always,
	containing,
	credentialsFor,
	dumpOf,
	failureOf,
	IMAGES,
	jsonOf,
	KEY,
	type Scene,
	together,
	until,
	useN8n,
	withEmulator,
} from './support';

const n8n = useN8n();
const test = together(8);

const download = { operation: 'generateAndWait', prompt: 'A fox', downloadVideo: true };
const OPTIONS = { maxRetries: 0, requestTimeout: 20 };

/** Runs the node so that it sends a request of this kind. */
async function send({ run, emulator }: Scene, kind: Kind, more = {}): Promise<Ran> {
	const { uuid } = emulator.accept({ generationType: 'text_to_video', prompt: 'A fox' });
	const data = await storeFile(IMAGES.png, { fileName: 'a.png', mimeType: 'image/png' });
	const items = [{ json: {}, binary: { data } }];
	const operation = {
		generate: { operation: 'generate' },
		status: { operation: 'getStatus' },
		upload: { resource: 'image', operation: 'uploadImage' },
		video: { operation: 'getStatus' },
		image: {},
	}[kind];
	const parameters = { prompt: 'A fox', uuid, downloadVideo: kind === 'video', options: OPTIONS };
	const ran = await run({ ...operation, ...parameters }, { items, ...more });
	expect(dumpOf(ran).includes(KEY)).toBe(false);
	return ran;
}

const CALLS = ['generate', 'status', 'upload'] as const;

describe('A huge answer', () => {
	for (const kind of CALLS) {
		test(`is not read completely: 200 MB for ${kind}`, async () => {
			const faults = [always(kind, { type: 'huge', megabytes: 200 })];
			await withEmulator({ faults }, async (scene) => {
				expect(failureOf(await send(scene, kind)).message).toMatch(
					/he answer was too large to come from the API/,
				);
				await until(() => scene.emulator.requests[0]?.answered === 'aborted');
				expect(scene.emulator.requests).toHaveLength(1);
			});
		});
	}

	test('is not read on if it is endless', async () => {
		await withEmulator({ faults: [always('status', { type: 'endless' })] }, async (scene) => {
			expect(failureOf(await send(scene, 'status')).message).toContain('too large');
			await until(() => scene.emulator.requests[0]?.answered === 'aborted');
			expect(scene.emulator.requests).toHaveLength(1);
		});
	});

	test('is not unpacked completely', async () => {
		const bomb = await startGzipBomb(100);
		await withEmulator({}, async (scene) => {
			const credentials = credentialsFor(`http://127.0.0.1:${bomb.port}/api`);
			const ran = await send(scene, 'status', { credentials });
			expect(failureOf(ran).message).toContain('too large');
			await bomb.close();
		});
	});
});

describe('A video', () => {
	for (const videoUrl of [
		'file:///etc/passwd',
		'javascript:alert(1)',
		'data:video/mp4;base64,AAAA',
		'ftp://example.com/a.mp4',
		'//example.com/a.mp4',
		'not an address',
		17,
		{ url: 'https://example.com/a.mp4' },
	]) {
		test(`is refused at the URL ${JSON.stringify(videoUrl)}`, async () => {
			const faults = [always('status', { type: 'alter', data: { videoUrl } })];
			await withEmulator({ faults }, async ({ emulator, run }) => {
				for (const downloadVideo of [true, false]) {
					const ran = await run({ ...download, downloadVideo, options: { maxWaitTime: 1 } });
					const uuid = emulator.jobs.at(-1)?.uuid;
					expect(failureOf(ran)).toMatchObject({
						name: 'NodeApiError',
						message: containing(
							`Video ${uuid} is finished, but its URL ${JSON.stringify(videoUrl)} is not a web address`,
						),
						context: { uuid },
					});
				}
				expect(emulator.count('video')).toBe(0);
			});
		});
	}

	test('has no file name from its server', async () => {
		const headers = { 'content-disposition': 'attachment; filename="../../etc/cron.d/evil.mp4"' };
		const faults = [always('video', { type: 'alter', headers })];
		await withEmulator({ faults }, async ({ emulator, run }) => {
			const ran = await run(download);
			expect(ran.outputs[0]?.[0]?.binary?.data).toMatchObject({
				fileName: `${emulator.jobs[0]?.uuid}.mp4`,
			});
			expect(dumpOf(ran).includes('evil')).toBe(false);
		});
	});

	test('has a safe file name if its ID is a path', async () => {
		const uuid = '../../../tmp/veo-escaped\0"\r\n';
		await withEmulator({}, async ({ emulator: other }) => {
			const job = other.accept({ generationType: 'text_to_video', prompt: 'A fox' });
			const videoUrl = `${other.origin}/videos/${job.uuid}.mp4`;
			const faults = [
				always('generate', { type: 'alter', data: { uuid } }),
				always('status', { type: 'envelope', code: 0, data: { status: 'completed', videoUrl } }),
			];
			await withEmulator({ faults }, async ({ emulator, run }) => {
				const ran = await run(download);
				expect(jsonOf(ran)).toMatchObject([{ uuid, status: 'completed' }]);
				const file = ran.outputs[0]?.[0]?.binary?.data;
				expect(file?.fileName).toMatch(/^[\w-]+\.mp4$/);
				expect(file).not.toHaveProperty('directory', expect.anything());
				expect(file && (await readFile(file)).length).toBeGreaterThan(0);
				expect(existsSync(join('/tmp', 'veo-escaped'))).toBe(false);
				expect(emulator.requests.map(({ path }) => path)).toEqual([
					'/api/generate-video',
					`/api/video-status/${encodeURIComponent(uuid)}`,
				]);
			});
		});
	});
});

describe('A redirect', () => {
	for (const kind of CALLS) {
		test(`of a ${kind} request is not followed`, async () => {
			await withEmulator({}, async ({ emulator: other }) => {
				for (const status of [301, 302, 303, 307, 308]) {
					for (const location of [`${other.origin}/api/generate-video`, '/api/elsewhere']) {
						const action = { type: 'http', status, headers: { location } } as const;
						await withEmulator({ faults: [always(kind, action)] }, async (scene) => {
							expect(failureOf(await send(scene, kind)).message).toContain(`(HTTP ${status})`);
							expect(scene.emulator.requests).toHaveLength(1);
						});
					}
				}
				expect(other.requests).toEqual([]);
			});
		});
	}
});

describe('A server that sends the key back', () => {
	const echo = `You sent Bearer ${KEY} to me`;
	const echoes: Array<[string, FaultAction, ReadonlyArray<Fault['on']>]> = [
		['as the message of a refusal', { type: 'envelope', code: 1000, msg: echo }, CALLS],
		['as a message with HTTP 401', { type: 'envelope', code: 1002, msg: echo, status: 401 }, CALLS],
		['as the message of an unknown code', { type: 'envelope', code: 9, msg: echo }, CALLS],
		[
			'as a message without an envelope',
			{ type: 'json', value: { message: echo }, status: 400 },
			CALLS,
		],
		['as a page', { type: 'http', status: 500, body: `<html>${echo}</html>` }, CALLS],
		['in unknown fields', { type: 'alter', data: { echo, error: echo } }, CALLS],
		[
			'as the reason of a failed video',
			{ type: 'envelope', code: 0, data: { status: 'failed', errorMessage: echo } },
			['status'],
		],
		['in its headers', { type: 'alter', headers: { 'x-echo': echo } }, [...CALLS, 'video']],
		['as a redirect', { type: 'http', status: 302, headers: { location: `/${KEY}` } }, CALLS],
	];
	for (const [place, action, kinds] of echoes) {
		for (const kind of kinds) {
			for (const onError of ['stopWorkflow', 'continueRegularOutput'] as const) {
				test(`does not leak it: ${place}, ${kind}, ${onError}`, async () => {
					await withEmulator({ faults: [always(kind, action)] }, async (scene) => {
						const ran = await send(scene, kind, { node: { onError } });
						expect(JSON.stringify(ran.customData)).not.toContain(KEY);
					});
				});
			}
		}
	}

	test('is quoted with asterisks in place of the key', async () => {
		const faults = [always('generate', { type: 'envelope', code: 1000, msg: echo })];
		await withEmulator({ faults }, async (scene) => {
			expect(failureOf(await send(scene, 'generate')).message).toContain(
				'You sent Bearer ***** to me',
			);
		});
	});

	// PHP escapes slashes in JSON as "\/", and any character can be escaped as "\u0041".
	const escapes: Array<[string, string, string]> = [
		['with escaped slashes', 'veo/secret/0123456789+abc==', 'veo\\/secret\\/0123456789+abc=='],
		['with escaped letters', KEY, `\\u0076${KEY.slice(1)}`],
	];
	for (const [escaped, key, text] of escapes) {
		test(`does not leak it in JSON ${escaped}`, async () => {
			const body = `{"code":1000,"msg":"Bad key ${text}"}`;
			const options: EmulatorOptions = {
				apiKeys: [key],
				faults: [always('generate', { type: 'http', status: 400, body })],
			};
			await withEmulator(options, async ({ emulator, run }) => {
				const credentials = credentialsFor(emulator.url, key);
				const ran = await run({ operation: 'generate', prompt: 'A fox' }, { credentials });
				expect(failureOf(ran).message).toContain('Bad key');
				expect(dumpOf(ran).includes(key)).toBe(false);
			});
		});
	}
});

it('does not log the key at any level', async () => {
	const log = await n8n.logged();
	// Keeps the output of a failed test short.
	const lines = log.split('\n');
	expect(lines.filter((line) => line.includes('finished with error')).length).toBeGreaterThan(50);
	expect(lines.filter((line) => line.includes(KEY))).toEqual([]);
});
