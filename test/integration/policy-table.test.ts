/**
 * What follows from each way in which a request can end, for each kind of request: the table of
 * `test/expectedPolicy.ts`, driven over real sockets.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Emulator, EmulatorOptions, Fault, FaultAction } from '../../emulator';
import { OUTCOMES, type OutcomeName } from '../../nodes/Veo/errors/outcome';
import { type Ran, storeFile } from '../../harness/core';
import { expectedOf } from '../expectedPolicy';
import { closedPort, startCuttingServer, startDeafServer, startDistrustedServer } from './network';
import {
	always,
	containing,
	credentialsFor,
	failureOf,
	IMAGES,
	jsonOf,
	KEY,
	once,
	type Scene,
	together,
	until,
	useN8n,
	withEmulator,
} from './support';

type Kind = 'generate' | 'wait' | 'status' | 'upload' | 'download';
interface Case {
	what: string;
	outcome: OutcomeName;
	do: FaultAction;
	/** What the user is told. */
	words: string;
	/** Only the API answers like this, not the host of a video. */
	isApiOnly?: true;
}

const http = (
	status: number,
	outcome: OutcomeName,
	words = `The server answered with HTTP ${status}`,
): Case => ({ what: `HTTP ${status}`, outcome, do: { type: 'http', status }, words });

const redirect = (status: number, outcome: OutcomeName): Case => ({
	...http(status, outcome),
	isApiOnly: true,
	words: `The server answered with a redirect (HTTP ${status}), which is not followed to protect the key`,
	do: { type: 'http', status, headers: { location: '/api/elsewhere' } },
});

const code = (value: number, status: number, outcome: OutcomeName, words: string): Case => ({
	what: `code ${value} with HTTP ${status}`,
	outcome,
	do: { type: 'envelope', code: value, status, msg: 'Said so' },
	words,
	isApiOnly: true,
});

const shape = (what: string, value: unknown): Case => ({
	what: `JSON of another shape: ${what}`,
	outcome: 'shape',
	do: { type: 'json', value },
	words: "The server's answer was not what the API reference describes",
	isApiOnly: true,
});

const BROKEN = 'The connection broke before the answer was complete';
const LATE = 'The server did not answer in time';
const KEY_REFUSED = 'The API refused the key';
const TOO_MANY = 'The API received too many requests from this account';

const CASES: Case[] = [
	{
		what: 'no answer in time',
		outcome: 'timeout',
		do: { type: 'hang' },
		words: LATE,
	},
	{
		what: 'an answer that never ends',
		outcome: 'timeout',
		do: { type: 'trickle', everyMs: 200 },
		words: LATE,
		isApiOnly: true,
	},
	{
		what: 'a reset while the request was sent',
		outcome: 'reset',
		do: { type: 'resetWhileSending' },
		words: BROKEN,
	},
	{
		what: 'a reset before the answer',
		outcome: 'reset',
		do: { type: 'resetBeforeAnswer' },
		words: BROKEN,
	},
	{
		what: 'a reset in the middle of the answer',
		outcome: 'reset',
		do: { type: 'resetMidAnswer' },
		words: BROKEN,
	},
	{
		what: 'an answer of 8 MB',
		outcome: 'tooLarge',
		do: { type: 'huge', megabytes: 8 },
		words: 'The answer was too large to come from the API',
		isApiOnly: true,
	},

	redirect(301, 'redirect'),
	redirect(302, 'seeOther'),
	redirect(303, 'seeOther'),
	redirect(307, 'redirect'),
	redirect(308, 'redirect'),
	http(400, 'http4xx'),
	http(401, 'http401', KEY_REFUSED),
	http(402, 'http4xx'),
	http(403, 'http403', KEY_REFUSED),
	http(404, 'http4xx'),
	http(408, 'http408'),
	http(429, 'http429', TOO_MANY),
	http(500, 'http5xx'),
	http(503, 'http5xx'),
	http(504, 'http5xx'),
	{
		...http(502, 'http5xx'),
		what: 'HTTP 502 with a web page',
		do: { type: 'html' },
	},

	code(1000, 400, 'code1000', 'The API did not accept the input: Said so'),
	code(1000, 200, 'code1000', 'The API did not accept the input: Said so'),
	code(1001, 402, 'code1001', 'Not enough credits'),
	code(1001, 200, 'code1001', 'Not enough credits'),
	code(1002, 401, 'code1002', `${KEY_REFUSED}: Said so`),
	code(1002, 200, 'code1002', `${KEY_REFUSED}: Said so`),
	code(1003, 429, 'code1003', TOO_MANY),
	code(1003, 200, 'code1003', TOO_MANY),
	code(5000, 500, 'code5000', 'The API could not handle the request: Said so'),
	code(5000, 200, 'code5000', 'The API could not handle the request: Said so'),
	code(7777, 200, 'codeOther', 'The API answered with code 7777: Said so'),

	{
		what: 'a web page',
		outcome: 'html',
		do: { type: 'html', status: 200 },
		words: "The server's answer was a web page instead of data",
		isApiOnly: true,
	},
	{
		what: 'nothing',
		outcome: 'empty',
		do: { type: 'empty' },
		words: "The server's answer was empty",
		isApiOnly: true,
	},
	{
		what: 'JSON that is cut off',
		outcome: 'notJson',
		do: { type: 'cutOff' },
		words: "The server's answer was incomplete or garbled",
		isApiOnly: true,
	},
	shape('an array', []),
	shape('a string', 'ok'),
	shape('null', null),
	shape('no envelope', { uuid: 'a', status: 'pending', imageUrl: 'http://a/b' }),
	shape('an envelope without data', { code: 0, msg: 'Success' }),
	shape('data that is null', { code: 0, msg: 'Success', data: null }),
	shape('data without its fields', { code: 0, msg: 'Success', data: { progress: 5 } }),
	{
		what: 'a web page in place of the video',
		outcome: 'shape',
		do: { type: 'alter', headers: { 'content-type': 'text/html' } },
		words: "The server's answer was not what the API reference describes",
	},
];

const KINDS: Kind[] = ['generate', 'wait', 'status', 'upload', 'download'];

function verdictOf(kind: Kind, outcome: OutcomeName): string {
	const { submit, wait, free } = expectedOf(outcome);
	return { generate: submit, wait, status: free, upload: free, download: free }[kind];
}

const OPTIONS = { maxRetries: 1 };
/** For what never answers. Long enough for a busy machine to get the request out. */
const IMPATIENT = { ...OPTIONS, requestTimeout: 6 };

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);

/** The words on a video's host, which is not the API. */
function ofTheHost({ outcome, do: action }: Pick<Case, 'outcome'> & Partial<Case>): string {
	const status = action && 'status' in action ? action.status : 502;
	if (outcome === 'shape') return 'the file at its URL is not a video';
	if (outcome === 'http401' || outcome === 'http403') {
		return `its host refused the request (HTTP ${status}), as with an expired link`;
	}
	return outcome.startsWith('http')
		? `its host answered with HTTP ${status}`
		: 'its host could not be reached, or closed the connection';
}

/** What the node throws when it gives up. */
const toldBy = (
	kind: Kind,
	verdict: string,
	one: Pick<Case, 'outcome' | 'words'> & Partial<Case>,
	uuid: string,
): string => {
	const { words } = one;
	if (verdict === 'unclear') {
		return `It is unclear whether the API accepted the video: ${lowerFirst(words)} [item 0]`;
	}
	return {
		generate: `${words} [item 0]`,
		upload: `${words} [item 0]`,
		status: `The status of video ${uuid} could not be checked: ${lowerFirst(words)} [item 0]`,
		download: `Video ${uuid} is finished, but could not be downloaded: ${ofTheHost(one)} [item 0]`,
		wait: `The API refused the key while video ${uuid} was being made [item 0]`,
	}[kind];
};

const uuidOf = ({ jobs }: Emulator) => jobs[0]?.uuid ?? 'none';

interface Act {
	baseUrl?: string;
	options?: typeof OPTIONS;
}

const ACT: Record<Kind, (scene: Scene, act?: Act) => Promise<Ran>> = {
	generate: async ({ run }, { baseUrl, options = OPTIONS } = {}) =>
		await run({ operation: 'generate', prompt: 'A fox', options }, at(baseUrl)),
	wait: async ({ run }, { options = OPTIONS } = {}) =>
		await run({ operation: 'generateAndWait', prompt: 'A fox', options }),
	status: async ({ run, emulator }, { baseUrl, options = OPTIONS } = {}) => {
		const { uuid } = emulator.accept({ generationType: 'text_to_video', prompt: 'A fox' });
		return await run({ operation: 'getStatus', uuid, options }, at(baseUrl));
	},
	upload: async ({ run }, { baseUrl, options = OPTIONS } = {}) => {
		const data = await storeFile(IMAGES.png, { fileName: 'a.png', mimeType: 'image/png' });
		const items = [{ json: {}, binary: { data } }];
		return await run(
			{ resource: 'image', operation: 'uploadImage', options },
			{ items, ...at(baseUrl) },
		);
	},
	download: async ({ run }, { options = OPTIONS } = {}) => {
		const parameters = { prompt: 'A fox', downloadVideo: true, options };
		return await run({ operation: 'generateAndWait', ...parameters });
	},
};

const at = (baseUrl?: string) => (baseUrl ? { credentials: credentialsFor(baseUrl) } : {});

const REQUEST: Record<Kind, Fault['on']> = {
	generate: 'generate',
	wait: 'status',
	status: 'status',
	upload: 'upload',
	download: 'video',
};

useN8n();
const test = together(20);

describe('An API that goes away', () => {
	test('a video that is waited for is asked for until the API is back', async () => {
		const port = await closedPort();
		const options: EmulatorOptions = { port, durationMs: 60_000 };
		await withEmulator(options, async ({ emulator, run }) => {
			const ran = run({ operation: 'generateAndWait', prompt: 'A fox', options: OPTIONS });
			await until(() => emulator.count('status') > 0);
			await emulator.close();
			await sleep(5500);
			const uuid = uuidOf(emulator);
			const completed = { uuid, status: 'completed', videoUrl: 'http://a/b.mp4' };
			const faults = [always('status', { type: 'envelope', code: 0, data: completed })];
			await withEmulator({ port, faults }, async (again) => {
				expect(jsonOf(await ran)).toMatchObject([completed]);
				expect(again.emulator.count('generate')).toBe(0);
			});
		});
	});
});

for (const kind of KINDS) {
	describe(`A ${kind} request that ends with`, () => {
		for (const one of CASES) {
			const { what, outcome, do: action, isApiOnly } = one;
			const verdict = verdictOf(kind, outcome);
			if (kind === 'download' && isApiOnly) continue;
			// An answer altered in its headers is one all the same, except where it should be a video.
			if (action.type === 'alter' && kind !== 'download') continue;
			const on = REQUEST[kind];

			test(`${what} is ${verdict}`, async () => {
				const fault = kind === 'wait' ? once(on, action) : always(on, action);
				await withEmulator({ faults: [fault] }, async (scene) => {
					const options = outcome === 'timeout' ? IMPATIENT : OPTIONS;
					const ran = await ACT[kind](scene, { options });
					const { emulator } = scene;
					const uuid = uuidOf(emulator);

					if (kind === 'wait' && verdict === 'again') {
						expect(jsonOf(ran)).toMatchObject([{ uuid, status: 'completed' }]);
						expect(emulator.count('status')).toBe(2);
					} else {
						const { name, message, description, context } = failureOf(ran);
						expect(name).toBe('NodeApiError');
						expect(message).toContain(toldBy(kind, verdict, one, uuid));
						expect(context.uuid).toBe(kind === 'generate' || kind === 'upload' ? undefined : uuid);
						if (verdict === 'unclear') {
							expect(description).toMatch(/may have been accepted and billed/);
						}
						expect(emulator.count(on)).toBe(verdict === 'again' ? 2 : 1);
					}
					const paid = { generate: emulator.count('generate'), wait: 1, download: 1 };
					expect(emulator.count('generate')).toBe({ status: 0, upload: 0, ...paid }[kind]);
				});
			});
		}
	});
}

describe('A generate request of which it is unclear whether it was accepted', () => {
	const cases = CASES.filter(({ outcome }) => expectedOf(outcome).submit === 'unclear');
	for (const { what, outcome, do: action } of cases) {
		if (action.type === 'resetWhileSending' || action.type === 'alter') continue;
		test(`is sent once, also where the API did accept it: ${what}`, async () => {
			const faults = [always('generate', action, { accept: true })];
			await withEmulator({ faults }, async (scene) => {
				const options = outcome === 'timeout' ? IMPATIENT : OPTIONS;
				const { description } = failureOf(await ACT.generate(scene, { options }));
				expect(description).toMatch(/A retry of this execution does not submit it again/);
				expect(scene.emulator.jobs).toHaveLength(1);
				expect(scene.emulator.count('generate')).toBe(1);
			});
		});
	}

	test('is sent once where the answer has no uuid', async () => {
		const faults = [always('generate', { type: 'alter', data: { uuid: undefined } })];
		await withEmulator({ faults }, async (scene) => {
			expect(failureOf(await ACT.generate(scene)).message).toMatch(/^It is unclear/);
			expect(scene.emulator.jobs).toHaveLength(1);
		});
	});

	test('is sent once where the answer comes too late', async () => {
		const faults = [always('generate', { type: 'delay', ms: 12_000 })];
		await withEmulator({ faults }, async (scene) => {
			const ran = await ACT.generate(scene, { options: IMPATIENT });
			expect(failureOf(ran).message).toContain(lowerFirst(LATE));
			expect(scene.emulator.jobs).toHaveLength(1);
			expect(scene.emulator.count('generate')).toBe(1);
		});
	});
});

const UNREACHABLE = 'The server could not be reached';

/** Whatever a request meets where no API listens. `at` gives the address and what removes its server. */
const ELSEWHERE: Array<{
	what: string;
	outcome: OutcomeName;
	words: string;
	again: boolean;
	at: () => Promise<{ origin: string; connections?: () => number; close?: () => Promise<void> }>;
}> = [
	{
		what: 'a closed port',
		outcome: 'refused',
		words: UNREACHABLE,
		again: true,
		at: async () => ({ origin: `http://127.0.0.1:${await closedPort()}` }),
	},
	{
		what: 'a closed port of a host with two addresses',
		outcome: 'refused',
		words: UNREACHABLE,
		again: true,
		at: async () => ({ origin: `http://localhost:${await closedPort()}` }),
	},
	{
		what: 'a host name that there is not',
		outcome: 'dns',
		words: UNREACHABLE,
		again: true,
		at: async () => await Promise.resolve({ origin: 'http://no-such-host.invalid' }),
	},
	{
		what: 'a host that no way leads to',
		outcome: 'unreachable',
		words: UNREACHABLE,
		again: true,
		at: async () => await Promise.resolve({ origin: 'http://255.255.255.255' }),
	},
	{
		what: 'a certificate that nobody signed',
		outcome: 'tls',
		words: "The server's certificate was not accepted",
		again: false,
		at: async () => {
			const server = await startDistrustedServer();
			return { origin: `https://localhost:${server.port}`, ...server };
		},
	},
];

describe('Where no API listens', () => {
	for (const one of ELSEWHERE) {
		const { what, again, at: start } = one;
		for (const kind of ['generate', 'status', 'upload', 'download'] as const) {
			test(`a ${kind} request at ${what} is ${again ? 'again' : 'final'}, and sends nothing`, async () => {
				const { origin, connections, close } = await start();
				try {
					const videoUrl = `${origin}/a.mp4`;
					const faults = [always('status', { type: 'alter', data: { videoUrl } })];
					await withEmulator({ faults }, async (scene) => {
						const startedAt = Date.now();
						const ran = await ACT[kind](scene, { baseUrl: `${origin}/api` });
						const tookMs = Date.now() - startedAt;
						const uuid = uuidOf(scene.emulator);
						expect(failureOf(ran)).toMatchObject({
							name: 'NodeApiError',
							message: containing(toldBy(kind, 'again', one, uuid)),
						});
						// The back-off before the second try; a machine cannot be too fast for that.
						if (again) expect(tookMs).toBeGreaterThanOrEqual(450);
						if (connections) expect(connections()).toBe(1);
					});
				} finally {
					await close?.();
				}
			});
		}
	}

	test('an API that comes back in time gets each request once', async () => {
		const port = await closedPort();
		await withEmulator({}, async ({ run }) => {
			const ran = run(
				{ operation: 'generate', prompt: 'A fox', options: { maxRetries: 6 } },
				at(`http://127.0.0.1:${port}/api`),
			);
			await sleep(200);
			await withEmulator({ port }, async ({ emulator }) => {
				expect(jsonOf(await ran)).toHaveLength(1);
				expect(emulator.jobs).toHaveLength(1);
				expect(emulator.requests).toMatchObject([
					{ kind: 'generate', headers: { authorization: `Bearer ${KEY}` } },
				]);
			});
		});
	});
});

describe('A video whose connection breaks right after the head of the answer', () => {
	// Before n8n has opened the file on disk, nobody listens to the stream yet: what breaks then may end the process.
	test('ends the item and nothing else', async () => {
		const server = await startCuttingServer();
		const videoUrl = `http://127.0.0.1:${server.port}/a.mp4`;
		const faults = [always('status', { type: 'alter', data: { videoUrl } })];
		await withEmulator({ faults }, async (scene) => {
			const wanted = Array.from({ length: 20 }, async () => await ACT.download(scene));
			for (const ran of await Promise.all(wanted)) {
				expect(failureOf(ran).message).toContain(ofTheHost({ outcome: 'reset' }));
			}
			expect(server.connections()).toBe(40);
			await server.close();
		});
	});
});

describe('A request that gets stuck while it is sent', () => {
	test('is given up after the Request Timeout', async () => {
		const server = await startDeafServer();
		const content = Buffer.concat([IMAGES.png, Buffer.alloc(16 * 1024 * 1024)]);
		const data = await storeFile(content, { fileName: 'a.png', mimeType: 'image/png' });
		await withEmulator({}, async ({ run }) => {
			const ran = await run(
				{
					resource: 'image',
					operation: 'uploadImage',
					options: { maxRetries: 0, requestTimeout: 1 },
				},
				{ items: [{ json: {}, binary: { data } }], ...at(`http://127.0.0.1:${server.port}/api`) },
			);
			expect(failureOf(ran).message).toBe(`${LATE} [item 0]`);
			expect(server.connections()).toBe(1);
			await server.close();
		});
	});

	test('is unclear where it is the paid one', async () => {
		const server = await startDeafServer();
		await withEmulator({}, async (scene) => {
			const baseUrl = `http://127.0.0.1:${server.port}/api`;
			const ran = await ACT.generate(scene, { baseUrl, options: IMPATIENT });
			expect(failureOf(ran).message).toContain(`It is unclear`);
			expect(server.connections()).toBe(1);
			await server.close();
		});
	});
});

it('leaves out no outcome that the table knows', () => {
	const met = new Set([...CASES, ...ELSEWHERE].map(({ outcome }) => outcome));
	// To be left without an answer by the network itself takes minutes: see the unit tests.
	expect(OUTCOMES.filter((outcome) => !met.has(outcome))).toEqual(['connectTimeout']);
});
