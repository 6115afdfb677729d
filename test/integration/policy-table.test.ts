/** Tests the table of `test/expectedPolicy.ts` for each kind of request over real sockets. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Emulator, EmulatorOptions, Fault, FaultAction } from '../../emulator';
import { OUTCOMES, type OutcomeName } from '../../nodes/Veo/errors/outcome';
import { type Ran, storeFile } from '../../harness/core';
import { expectedOf } from '../expectedPolicy';
import { closedPort, startStalledServer, startSelfSignedServer } from './network';
import {
	always,
	containing,
	credentialsFor,
	failureOf,
	IMAGES,
	jsonOf,
	KEY,
	lowerFirst,
	once,
	type Scene,
	together,
	until,
	useN8n,
	withEmulator,
} from './support';

type Kind = 'generate' | 'wait' | 'status' | 'upload' | 'download';
interface Case {
	name: string;
	outcome: OutcomeName;
	do: FaultAction;
	/** The text in the node's message. */
	text: string;
	/** Does not apply to the video host. */
	isApiOnly?: true;
}

const http = (
	status: number,
	outcome: OutcomeName,
	text = `The server answered with HTTP ${status}`,
): Case => ({ name: `HTTP ${status}`, outcome, do: { type: 'http', status }, text });

const redirect = (status: number, outcome: OutcomeName): Case => ({
	...http(status, outcome),
	isApiOnly: true,
	text: `The server answered with a redirect (HTTP ${status}), which is not followed, in order to protect the key`,
	do: { type: 'http', status, headers: { location: '/api/elsewhere' } },
});

const code = (value: number, status: number, outcome: OutcomeName, text: string): Case => ({
	name: `code ${value} with HTTP ${status}`,
	outcome,
	do: { type: 'envelope', code: value, status, msg: 'Reason' },
	text,
	isApiOnly: true,
});

const shape = (variant: string, value: unknown): Case => ({
	name: `JSON of another shape: ${variant}`,
	outcome: 'shape',
	do: { type: 'json', value },
	text: "The server's answer was not what the API reference describes",
	isApiOnly: true,
});

const BROKEN = 'The connection broke before the answer was complete';
const TIMED_OUT = 'The server did not answer in time';
const KEY_REFUSED = 'The API refused the key';
const TOO_MANY = 'The API received too many requests from this account';

const CASES: Case[] = [
	{
		name: 'no answer in time',
		outcome: 'timeout',
		do: { type: 'hang' },
		text: TIMED_OUT,
	},
	{
		name: 'an answer that never ends',
		outcome: 'timeout',
		do: { type: 'trickle', everyMs: 200 },
		text: TIMED_OUT,
		isApiOnly: true,
	},
	{
		name: 'a reset while the request was sent',
		outcome: 'reset',
		do: { type: 'resetWhileSending' },
		text: BROKEN,
	},
	{
		name: 'a reset before the answer',
		outcome: 'reset',
		do: { type: 'resetBeforeAnswer' },
		text: BROKEN,
	},
	{
		name: 'a reset in the middle of the answer',
		outcome: 'reset',
		do: { type: 'resetMidAnswer' },
		text: BROKEN,
	},
	{
		name: 'an answer of 8 MB',
		outcome: 'tooLarge',
		do: { type: 'huge', megabytes: 8 },
		text: 'The answer was too large to come from the API',
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
	http(408, 'http4xxUnclear'),
	http(429, 'http429', TOO_MANY),
	http(500, 'http5xx'),
	http(503, 'http5xx'),
	http(504, 'http5xx'),
	{
		...http(502, 'http5xx'),
		name: 'HTTP 502 with a web page',
		do: { type: 'html' },
	},

	code(1000, 400, 'code1000', 'The API did not accept the input: Reason'),
	code(1000, 200, 'code1000', 'The API did not accept the input: Reason'),
	code(1001, 402, 'code1001', 'Not enough credits'),
	code(1001, 200, 'code1001', 'Not enough credits'),
	code(1002, 401, 'code1002', `${KEY_REFUSED}: Reason`),
	code(1002, 200, 'code1002', `${KEY_REFUSED}: Reason`),
	code(1003, 429, 'code1003', `${TOO_MANY}: Reason`),
	code(1003, 200, 'code1003', `${TOO_MANY}: Reason`),
	code(5000, 500, 'code5000', 'The API could not handle the request: Reason'),
	code(5000, 200, 'code5000', 'The API could not handle the request: Reason'),
	code(7777, 200, 'codeOther', 'The API answered with code 7777: Reason'),

	{
		name: 'a web page',
		outcome: 'html',
		do: { type: 'html', status: 200 },
		text: "The server's answer was a web page instead of data",
		isApiOnly: true,
	},
	{
		name: 'an empty answer',
		outcome: 'empty',
		do: { type: 'empty' },
		text: "The server's answer was empty",
		isApiOnly: true,
	},
	{
		name: 'truncated JSON',
		outcome: 'notJson',
		do: { type: 'cutOff' },
		text: "The server's answer was incomplete or garbled",
		isApiOnly: true,
	},
	shape('an array', []),
	shape('a string', 'ok'),
	shape('null', null),
	shape('no envelope', { uuid: 'a', status: 'pending', imageUrl: 'http://a/b' }),
	shape('an envelope without data', { code: 0, msg: 'Success' }),
	shape('data that is null', { code: 0, msg: 'Success', data: null }),
	shape('data without its fields', { code: 0, msg: 'Success', data: { progress: 5 } }),
];

const KINDS: Kind[] = ['generate', 'wait', 'status', 'upload', 'download'];

function verdictOf(kind: Kind, outcome: OutcomeName): string {
	const { submit, wait, free } = expectedOf(outcome);
	// Whatever the host of a video answers, the file may be published later.
	return { generate: submit, wait, status: free, upload: free, download: 'again' }[kind];
}

const OPTIONS = { maxRetries: 1 };
/** For requests without an answer. Long enough for a slow machine to send the request. */
const SHORT_TIMEOUT = { ...OPTIONS, requestTimeout: 6 };

/** The text about the video host in a message. */
function hostTextOf({ outcome, do: action }: Pick<Case, 'outcome'> & Partial<Case>): string {
	const status = action && 'status' in action ? action.status : 502;
	if (outcome === 'shape') return 'the file at its URL is not a video';
	if (outcome === 'http401' || outcome === 'http403') {
		return `its host refused the request (HTTP ${status}), as with an expired link`;
	}
	return outcome.startsWith('http')
		? `its host answered with HTTP ${status}`
		: 'its host could not be reached, or closed the connection';
}

/** The message that the node throws. */
const messageOf = (
	kind: Kind,
	verdict: string,
	failure: Pick<Case, 'outcome' | 'text'> & Partial<Case>,
	uuid: string,
): string => {
	const { text } = failure;
	if (verdict === 'unclear') {
		return `It is unclear whether the API accepted the video: ${lowerFirst(text)}`;
	}
	return {
		generate: `${text}`,
		upload: `${text}`,
		status: `The status of video ${uuid} could not be checked: ${lowerFirst(text)}`,
		download: `Video ${uuid} is finished, but could not be downloaded: ${hostTextOf(failure)}`,
		wait: `The API refused the key while video ${uuid} was being made`,
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

describe('An API that goes offline', () => {
	test('is asked for the status of a video until it is online again', async () => {
		const port = await closedPort();
		const options: EmulatorOptions = { port, durationMs: 60_000 };
		await withEmulator(options, async ({ emulator, run }) => {
			const ran = run({
				operation: 'generateAndWait',
				prompt: 'A fox',
				downloadVideo: false,
				options: OPTIONS,
			});
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
		for (const failure of CASES) {
			const { name, outcome, do: action, isApiOnly } = failure;
			const verdict = verdictOf(kind, outcome);
			if (kind === 'download' && isApiOnly) continue;
			const on = REQUEST[kind];

			test(`${name} is ${verdict}`, async () => {
				const passes = verdict === 'again' && (kind === 'wait' || kind === 'download');
				const fault = passes ? once(on, action) : always(on, action);
				await withEmulator({ faults: [fault] }, async (scene) => {
					const timeout = outcome === 'timeout' ? SHORT_TIMEOUT : OPTIONS;
					const isThrottled = outcome === 'http429' || outcome === 'code1003';
					// A refusal for now is waited out. This leaves time for another try, also on a busy machine.
					const options = isThrottled && !passes ? { ...timeout, maxWaitTime: 4 } : timeout;
					const ran = await ACT[kind](scene, { options });
					const { emulator } = scene;
					const uuid = uuidOf(emulator);

					if (passes) {
						expect(jsonOf(ran)).toMatchObject([{ uuid, status: 'completed' }]);
						expect(emulator.count(on)).toBe(2);
					} else {
						const { name: errorName, message, description, context } = failureOf(ran);
						expect(errorName).toBe('NodeApiError');
						expect(message).toContain(messageOf(kind, verdict, failure, uuid));
						expect(context.uuid).toBe(kind === 'generate' || kind === 'upload' ? undefined : uuid);
						if (verdict === 'unclear') {
							expect(description).toMatch(/may have been accepted and billed/);
						}
						if (isThrottled) expect(emulator.count(on)).toBeGreaterThan(1);
						else expect(emulator.count(on)).toBe(verdict === 'again' ? 2 : 1);
					}
					const paid = { generate: emulator.count('generate'), wait: 1, download: 1 };
					expect(emulator.count('generate')).toBe({ status: 0, upload: 0, ...paid }[kind]);
				});
			});
		}
	});
}

describe('A generate request with an unclear outcome', () => {
	const cases = CASES.filter(({ outcome }) => expectedOf(outcome).submit === 'unclear');
	for (const { name, outcome, do: action } of cases) {
		if (action.type === 'resetWhileSending') continue;
		test(`is sent once if the API accepted it: ${name}`, async () => {
			const faults = [always('generate', action, { accept: true })];
			await withEmulator({ faults }, async (scene) => {
				const options = outcome === 'timeout' ? SHORT_TIMEOUT : OPTIONS;
				const { description } = failureOf(await ACT.generate(scene, { options }));
				expect(description).toMatch(/so it is not sent again automatically/);
				expect(scene.emulator.jobs).toHaveLength(1);
				expect(scene.emulator.count('generate')).toBe(1);
			});
		});
	}

	test('is sent once if the answer has no uuid', async () => {
		const faults = [always('generate', { type: 'alter', data: { uuid: undefined } })];
		await withEmulator({ faults }, async (scene) => {
			expect(failureOf(await ACT.generate(scene)).message).toMatch(/^It is unclear/);
			expect(scene.emulator.jobs).toHaveLength(1);
		});
	});

	test('is sent once if the answer comes too late', async () => {
		const faults = [always('generate', { type: 'delay', ms: 12_000 })];
		await withEmulator({ faults }, async (scene) => {
			const ran = await ACT.generate(scene, { options: SHORT_TIMEOUT });
			expect(failureOf(ran).message).toContain(lowerFirst(TIMED_OUT));
			expect(scene.emulator.jobs).toHaveLength(1);
			expect(scene.emulator.count('generate')).toBe(1);
		});
	});
});

const UNREACHABLE = 'The server could not be reached';

/** Origins without an API. `at` returns the origin and, if there is a server, how to close it. */
const WITHOUT_API: Array<{
	name: string;
	outcome: OutcomeName;
	text: string;
	again: boolean;
	at: () => Promise<{ origin: string; connections?: () => number; close?: () => Promise<void> }>;
}> = [
	{
		name: 'a closed port',
		outcome: 'refused',
		text: UNREACHABLE,
		again: true,
		at: async () => ({ origin: `http://127.0.0.1:${await closedPort()}` }),
	},
	{
		name: 'a closed port of a host with two addresses',
		outcome: 'refused',
		text: UNREACHABLE,
		again: true,
		at: async () => ({ origin: `http://localhost:${await closedPort()}` }),
	},
	{
		name: 'an unknown host name',
		outcome: 'dns',
		text: UNREACHABLE,
		again: true,
		at: async () => await Promise.resolve({ origin: 'http://no-such-host.invalid' }),
	},
	{
		name: 'an unreachable host',
		outcome: 'unreachable',
		text: UNREACHABLE,
		again: true,
		at: async () => await Promise.resolve({ origin: 'http://255.255.255.255' }),
	},
	{
		name: 'a self-signed certificate',
		outcome: 'tls',
		text: "The server's certificate was not accepted",
		again: false,
		at: async () => {
			const server = await startSelfSignedServer();
			return { origin: `https://localhost:${server.port}`, ...server };
		},
	},
];

describe('Without an API', () => {
	for (const failure of WITHOUT_API) {
		const { name, again, at: start } = failure;
		for (const kind of ['generate', 'status', 'upload', 'download'] as const) {
			// A file is tried for two minutes: see lateResults.test.ts.
			if (kind === 'download' && again) continue;
			test(`a ${kind} request to ${name} is ${again ? 'again' : 'final'}`, async () => {
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
							message: containing(messageOf(kind, 'again', failure, uuid)),
						});
						// The minimum backoff before the second attempt.
						if (again) expect(tookMs).toBeGreaterThanOrEqual(450);
						if (connections) expect(connections()).toBe(1);
					});
				} finally {
					await close?.();
				}
			});
		}
	}

	test('a generate request is sent once the API is online', async () => {
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

describe('A request that stalls while it is sent', () => {
	test('fails after the Request Timeout', async () => {
		const server = await startStalledServer();
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
			expect(failureOf(ran).message).toBe(`${TIMED_OUT}`);
			expect(server.connections()).toBe(1);
			await server.close();
		});
	});

	test('is unclear if it is the paid request', async () => {
		const server = await startStalledServer();
		await withEmulator({}, async (scene) => {
			const baseUrl = `http://127.0.0.1:${server.port}/api`;
			const ran = await ACT.generate(scene, { baseUrl, options: SHORT_TIMEOUT });
			expect(failureOf(ran).message).toContain(`It is unclear`);
			expect(server.connections()).toBe(1);
			await server.close();
		});
	});
});

it('covers all outcomes of the table except connectTimeout', () => {
	const covered = new Set([...CASES, ...WITHOUT_API].map(({ outcome }) => outcome));
	// A connect timeout of the network takes minutes. The unit tests cover it.
	expect(OUTCOMES.filter((outcome) => !covered.has(outcome))).toEqual(['connectTimeout']);
});
