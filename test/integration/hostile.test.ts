import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { EmulatorOptions, Fault, FaultAction, Kind } from '../../emulator';
import { readFile, type Ran, storeFile } from '../../harness/core';
import { startGzipBomb } from './network';
import {
	always,
	containing,
	credentialsFor,
	everythingIn,
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

const CONSOLE = (['debug', 'log', 'info', 'warn', 'error'] as const).map((method) =>
	jest.spyOn(console, method),
);

const download = { operation: 'generateAndWait', prompt: 'A fox', downloadVideo: true };
const OPTIONS = { maxRetries: 0, requestTimeout: 20 };

/** One run of the node that sends a request of this kind. */
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
	expect(everythingIn(ran).includes(KEY)).toBe(false);
	return ran;
}

const CALLS = ['generate', 'status', 'upload'] as const;

describe('An answer that is far too large', () => {
	for (const kind of CALLS) {
		test(`is not read to its end: 200 MB for ${kind}`, async () => {
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

	test('is not read to its end: one without any', async () => {
		await withEmulator({ faults: [always('status', { type: 'endless' })] }, async (scene) => {
			expect(failureOf(await send(scene, 'status')).message).toContain('too large');
			await until(() => scene.emulator.requests[0]?.answered === 'aborted');
			expect(scene.emulator.requests).toHaveLength(1);
		});
	});

	test('is not unpacked to its end', async () => {
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
	test('that stops coming is given up, with the ID', async () => {
		const faults = [always('video', { type: 'trickle', everyMs: 3_600_000 })];
		await withEmulator({ faults }, async ({ emulator, run }) => {
			const options = { maxRetries: 0, requestTimeout: 2 };
			const ran = await run({ ...download, options });
			const uuid = emulator.jobs[0]?.uuid;
			expect(failureOf(ran)).toMatchObject({
				message: containing(`Video ${uuid} is finished, but could not be downloaded`),
				context: { uuid, lastStatus: 'completed' },
			});
			expect(emulator.count('video')).toBe(1);
		});
	});

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
		test(`at ${JSON.stringify(videoUrl)} is refused in words`, async () => {
			const faults = [always('status', { type: 'alter', data: { videoUrl } })];
			await withEmulator({ faults }, async ({ emulator, run }) => {
				for (const downloadVideo of [true, false]) {
					const ran = await run({ ...download, downloadVideo });
					const uuid = emulator.jobs.at(-1)?.uuid;
					expect(failureOf(ran)).toMatchObject({
						name: 'NodeApiError',
						message: containing(
							`Video ${uuid} is finished, but its URL ${JSON.stringify(videoUrl)} is not a web address [item 0]`,
						),
						context: { uuid },
					});
				}
				expect(emulator.count('video')).toBe(0);
			});
		});
	}

	test('is never named by its server', async () => {
		const headers = { 'content-disposition': 'attachment; filename="../../etc/cron.d/evil.mp4"' };
		const faults = [always('video', { type: 'alter', headers })];
		await withEmulator({ faults }, async ({ emulator, run }) => {
			const ran = await run(download);
			expect(ran.outputs[0]?.[0]?.binary?.data).toMatchObject({
				fileName: `${emulator.jobs[0]?.uuid}.mp4`,
			});
			expect(everythingIn(ran).includes('evil')).toBe(false);
		});
	});

	test('whose ID has path parts does not escape by its name', async () => {
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
		test(`of a ${kind} request is not followed, and the key goes nowhere else`, async () => {
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
	const said = `You sent Bearer ${KEY} to me`;
	const echoes: Array<[string, FaultAction, ReadonlyArray<Fault['on']>]> = [
		['as words of a refusal', { type: 'envelope', code: 1000, msg: said }, CALLS],
		['as words with HTTP 401', { type: 'envelope', code: 1002, msg: said, status: 401 }, CALLS],
		['as words of an unknown code', { type: 'envelope', code: 9, msg: said }, CALLS],
		[
			'as a message without an envelope',
			{ type: 'json', value: { message: said }, status: 400 },
			CALLS,
		],
		['as a page', { type: 'http', status: 500, body: `<html>${said}</html>` }, CALLS],
		['in fields of its own', { type: 'alter', data: { echo: said, error: said } }, CALLS],
		[
			'as the reason of a failed video',
			{ type: 'envelope', code: 0, data: { status: 'failed', errorMessage: said } },
			['status'],
		],
		['in its headers', { type: 'alter', headers: { 'x-echo': said } }, [...CALLS, 'video']],
		['as a redirect', { type: 'http', status: 302, headers: { location: `/${KEY}` } }, CALLS],
	];
	for (const [how, action, kinds] of echoes) {
		for (const kind of kinds) {
			for (const onError of ['stopWorkflow', 'continueRegularOutput'] as const) {
				test(`${how} with ${kind} is not passed on, ${onError}`, async () => {
					await withEmulator({ faults: [always(kind, action)] }, async (scene) => {
						const ran = await send(scene, kind, { node: { onError } });
						expect(JSON.stringify(ran.customData)).not.toContain(KEY);
					});
				});
			}
		}
	}

	test('is quoted with stars in its place', async () => {
		const faults = [always('generate', { type: 'envelope', code: 1000, msg: said })];
		await withEmulator({ faults }, async (scene) => {
			expect(failureOf(await send(scene, 'generate')).message).toContain(
				'You sent Bearer ***** to me',
			);
		});
	});

	// PHP writes every slash as "\/" in JSON, and any character may be written as "\u0041".
	const written: Array<[string, string, string]> = [
		['with escaped slashes', 'veo/secret/0123456789+abc==', 'veo\\/secret\\/0123456789+abc=='],
		['with escaped letters', KEY, `\\u0076${KEY.slice(1)}`],
	];
	for (const [how, key, echo] of written) {
		test(`in JSON ${how} is not passed on`, async () => {
			const body = `{"code":1000,"msg":"Bad key ${echo}"}`;
			const options: EmulatorOptions = {
				apiKeys: [key],
				faults: [always('generate', { type: 'http', status: 400, body })],
			};
			await withEmulator(options, async ({ emulator, run }) => {
				const credentials = credentialsFor(emulator.url, key);
				const ran = await run({ operation: 'generate', prompt: 'A fox' }, { credentials });
				expect(failureOf(ran).message).toContain('Bad key');
				expect(everythingIn(ran).includes(key)).toBe(false);
			});
		});
	}
});

it('logs nothing of the key, at any level', async () => {
	const log = await n8n.logged();
	// No more of the log than what matters, should a test ever have to show it.
	const lines = log.split('\n');
	expect(lines.filter((line) => line.includes('finished with error')).length).toBeGreaterThan(50);
	expect(lines.filter((line) => line.includes(KEY))).toEqual([]);
	const said = CONSOLE.flatMap(({ mock }) => mock.calls.map((words) => words.join(' ')));
	expect(said.join('\n')).not.toContain(KEY);
});
