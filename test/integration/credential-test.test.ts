import type { EmulatorOptions, Fault } from '../../emulator';
import { testCredential } from '../../harness/core';
import { closedPort } from './network';
import { always, KEY, together, useN8n, withEmulator } from './support';

useN8n();

const OK = { status: 'OK', message: 'Connection successful' };
const CHECK_BASE_URL =
	"Check 'Base URL' in the Veo API credential and your network, then try again.";

async function testWith(
	options: EmulatorOptions,
	{ apiKey = KEY, url }: { apiKey?: string; url?: string } = {},
) {
	return await withEmulator(options, async ({ emulator }) => {
		const result = await testCredential({ apiKey, baseUrl: url ?? emulator.url });
		expect(emulator.count('generate')).toBe(0);
		if (apiKey.trim() !== '') expect(JSON.stringify(result)).not.toContain(apiKey);
		return { ...result, requests: emulator.requests };
	});
}

const answer = (action: Fault['do']) => ({ faults: [always('status', action)] });

describe('The credential test', () => {
	const test = together();

	test('accepts a valid key after one status check', async () => {
		const { requests, ...result } = await testWith({});
		expect(result).toEqual(OK);
		expect(requests).toMatchObject([
			{ kind: 'status', method: 'GET', headers: { authorization: `Bearer ${KEY}` } },
		]);
	});

	const unknownVideo: Array<[string, EmulatorOptions]> = [
		['with code 1000 and HTTP 200', { httpStatus: 'ok' }],
		['with HTTP 404 and an envelope', answer({ type: 'envelope', code: 1000, status: 404 })],
		[
			'with HTTP 404 and a message',
			answer({ type: 'json', value: { message: 'Video not found' }, status: 404 }),
		],
		['with a video', answer({ type: 'envelope', code: 0, data: { status: 'pending' } })],
	];
	for (const [answered, options] of unknownVideo) {
		test(`accepts a valid key if an unknown video is answered ${answered}`, async () => {
			expect(await testWith(options)).toMatchObject(OK);
		});
	}

	const checkKey = "Check 'API Key' in the Veo API credential.";
	for (const httpStatus of ['ok', 'matching'] as const) {
		test(`reports a key that the API refuses, HTTP status ${httpStatus}`, async () => {
			const { status, message } = await testWith({ httpStatus }, { apiKey: 'another-key' });
			expect(status).toBe('Error');
			expect(message).toBe(
				`The API refused the key: Authentication failed: missing or invalid API key. ${checkKey}`,
			);
		});
	}
	for (const status of [401, 403]) {
		test(`reports a refused key after HTTP ${status} without a message`, async () => {
			expect(await testWith(answer({ type: 'http', status }))).toMatchObject({
				status: 'Error',
				message: `The API refused the key. ${checkKey}`,
			});
		});
	}

	test('reports a closed port as an unreachable server', async () => {
		const url = `http://127.0.0.1:${await closedPort()}/api`;
		expect(await testWith({}, { url })).toMatchObject({
			status: 'Error',
			message: `The server could not be reached. ${CHECK_BASE_URL}`,
		});
	});

	test('reports an unknown host name as an unreachable server', async () => {
		const url = 'http://no-such-host.invalid/api';
		expect(await testWith({}, { url })).toMatchObject({
			status: 'Error',
			message: `The server could not be reached. ${CHECK_BASE_URL}`,
		});
	});

	for (const url of ['', 'veo3o1.com/api', 'file:///etc/passwd']) {
		test(`reports the invalid Base URL "${url}"`, async () => {
			const { status, message, requests } = await testWith({}, { url });
			expect(status).toBe('Error');
			expect(message).toMatch(/^The 'Base URL' in the Veo API credential is not a web address/);
			expect(requests).toEqual([]);
		});
	}

	for (const apiKey of ['  ', 'zero\u200bwidth', 'new\nline', 'ключ']) {
		test(`reports the invalid key ${JSON.stringify(apiKey)}`, async () => {
			const { status, message, requests } = await testWith({}, { apiKey });
			expect(status).toBe('Error');
			expect(message).toMatch(/^The 'API Key' in the Veo API credential is blank or contains/);
			expect(requests).toEqual([]);
		});
	}

	const others: Array<[string, Fault['do'], string]> = [
		[
			'a web page',
			{ type: 'html', status: 200 },
			"The server's answer was a web page instead of data",
		],
		['an empty answer', { type: 'empty' }, "The server's answer was empty"],
		[
			'JSON of another API',
			{ type: 'json', value: { hello: 1 } },
			"The server's answer was not what the API reference describes",
		],
		['a bare HTTP 404', { type: 'http', status: 404 }, 'The server answered with HTTP 404'],
		['HTTP 502 and a web page', { type: 'html' }, 'The server answered with HTTP 502'],
		[
			'code 1003',
			{ type: 'envelope', code: 1003, status: 429 },
			'The API received too many requests from this account: Fault',
		],
		[
			'code 5000',
			{ type: 'envelope', code: 5000, msg: 'Oops' },
			'The API could not handle the request: Oops',
		],
		[
			'a broken connection',
			{ type: 'resetBeforeAnswer' },
			'The connection broke before the answer was complete',
		],
	];
	for (const [answered, action, message] of others) {
		test(`reports ${answered}`, async () => {
			const result = await testWith(answer(action));
			expect(result.status).toBe('Error');
			expect(result.message.startsWith(`${message}. `)).toBe(true);
			expect(result.requests).toHaveLength(1);
		});
	}

	test('does not follow a redirect', async () => {
		await withEmulator({}, async ({ emulator: other }) => {
			for (const status of [301, 302, 303, 307, 308]) {
				const headers = { location: `${other.url}/video-status/elsewhere` };
				const result = await testWith(answer({ type: 'http', status, headers }));
				expect(result).toMatchObject({
					status: 'Error',
					message: `The server answered with a redirect (HTTP ${status}), which is not followed, in order to protect the key. ${CHECK_BASE_URL}`,
				});
			}
			expect(other.requests).toEqual([]);
		});
	});

	test('replaces the key in a message of the server', async () => {
		const echo = { type: 'envelope', code: 1002, msg: `Bad key ${KEY}` } as const;
		expect(await testWith(answer(echo))).toMatchObject({
			status: 'Error',
			message: `The API refused the key: Bad key *****. ${checkKey}`,
		});
	});

	test('ends after a timeout if the server never answers', async () => {
		const { status, message } = await testWith(answer({ type: 'hang' }));
		expect(status).toBe('Error');
		expect(message).toMatch(/^The server did not answer in time\. /);
	});

	test('does not read the whole of a huge answer', async () => {
		const { status, message } = await testWith(answer({ type: 'huge', megabytes: 200 }));
		expect(status).toBe('Error');
		expect(message).toMatch(/^The answer was too large to come from the API\. /);
	});
});
