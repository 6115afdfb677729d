import { createServer } from 'node:http';
import type { Emulator, EmulatorOptions, Fault } from '../../emulator';
import { testCredential } from '../../harness/core';
import { always, KEY, together, useN8n, withEmulator } from './support';

useN8n();

const OK = { status: 'OK', message: 'Connection successful' };
const CHECK_BASE_URL =
	"Check 'Base URL' in the Veo API credential and your network, then try again.";

async function tested(
	options: EmulatorOptions,
	{ apiKey = KEY, url }: { apiKey?: string; url?: string } = {},
) {
	return await withEmulator(options, async ({ emulator }) => {
		const result = await testCredential({ apiKey, baseUrl: url ?? emulator.url });
		expect(paid(emulator)).toBe(0);
		if (apiKey.trim() !== '') expect(JSON.stringify(result)).not.toContain(apiKey);
		return { ...result, requests: emulator.requests };
	});
}

const paid = (emulator: Emulator) => emulator.count('generate');

const answer = (action: Fault['do']) => ({ faults: [always('status', action)] });

describe('The test of the credential', () => {
	const test = together();

	test('takes a good key after one status check with it', async () => {
		const { requests, ...result } = await tested({});
		expect(result).toEqual(OK);
		expect(requests).toMatchObject([
			{ kind: 'status', method: 'GET', headers: { authorization: `Bearer ${KEY}` } },
		]);
	});

	const known: Array<[string, EmulatorOptions]> = [
		['with code 1000 and HTTP 200', { httpStatus: 'ok' }],
		['with HTTP 404 and an envelope', answer({ type: 'envelope', code: 1000, status: 404 })],
		[
			'with HTTP 404 and words',
			answer({ type: 'json', value: { message: 'Video not found' }, status: 404 }),
		],
		['with a video', answer({ type: 'envelope', code: 0, data: { status: 'pending' } })],
	];
	for (const [how, options] of known) {
		test(`takes a good key where an unknown video is answered ${how}`, async () => {
			expect(await tested(options)).toMatchObject(OK);
		});
	}

	const refused = "Check 'API Key' in the Veo API credential.";
	for (const httpStatus of ['ok', 'matching'] as const) {
		test(`refuses a key that the API refuses, HTTP status ${httpStatus}`, async () => {
			const { status, message } = await tested({ httpStatus }, { apiKey: 'another-key' });
			expect(status).toBe('Error');
			expect(message).toBe(
				`The API refused the key: Authentication failed: missing or invalid API key. ${refused}`,
			);
		});
	}
	for (const status of [401, 403]) {
		test(`refuses a key that is answered by a bare HTTP ${status}`, async () => {
			expect(await tested(answer({ type: 'http', status }))).toMatchObject({
				status: 'Error',
				message: `The API refused the key. ${refused}`,
			});
		});
	}

	test('says that the server cannot be reached: a closed port', async () => {
		const url = `http://127.0.0.1:${await closedPort()}/api`;
		expect(await tested({}, { url })).toMatchObject({
			status: 'Error',
			message: `The server could not be reached. ${CHECK_BASE_URL}`,
		});
	});

	test('says that the server cannot be reached: a name that there is not', async () => {
		const url = 'http://no-such-host.invalid/api';
		expect(await tested({}, { url })).toMatchObject({
			status: 'Error',
			message: `The server could not be reached. ${CHECK_BASE_URL}`,
		});
	});

	for (const url of ['', 'veo3o1.com/api', 'file:///etc/passwd']) {
		test(`says that the address is none: "${url}"`, async () => {
			const { status, message, requests } = await tested({}, { url });
			expect(status).toBe('Error');
			expect(message).toMatch(/^The 'Base URL' in the Veo API credential is not a web address/);
			expect(requests).toEqual([]);
		});
	}

	for (const apiKey of ['  ', 'zero\u200bwidth', 'new\nline', 'ключ']) {
		test(`says that no key is like that: ${JSON.stringify(apiKey)}`, async () => {
			const { status, message, requests } = await tested({}, { apiKey });
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
		['nothing', { type: 'empty' }, "The server's answer was empty"],
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
			'The API received too many requests from this account',
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
	for (const [what, action, message] of others) {
		test(`tells apart what is not the API, or not well: ${what}`, async () => {
			const result = await tested(answer(action));
			expect(result.status).toBe('Error');
			expect(result.message.startsWith(`${message}. `)).toBe(true);
			expect(result.requests).toHaveLength(1);
		});
	}

	test('does not follow a redirect', async () => {
		await withEmulator({}, async ({ emulator: other }) => {
			for (const status of [301, 302, 303, 307, 308]) {
				const headers = { location: `${other.url}/video-status/elsewhere` };
				const result = await tested(answer({ type: 'http', status, headers }));
				expect(result).toMatchObject({
					status: 'Error',
					message: `The server answered with a redirect (HTTP ${status}), which is not followed to protect the key. ${CHECK_BASE_URL}`,
				});
			}
			expect(other.requests).toEqual([]);
		});
	});

	test('does not show the key where the server sends it back', async () => {
		const said = { type: 'envelope', code: 1002, msg: `Bad key ${KEY}` } as const;
		expect(await tested(answer(said))).toMatchObject({
			status: 'Error',
			message: `The API refused the key: Bad key *****. ${refused}`,
		});
	});

	test('ends where the server never answers', async () => {
		const { status, message } = await tested(answer({ type: 'hang' }));
		expect(status).toBe('Error');
		expect(message).toMatch(/^The server did not answer in time\. /);
	});

	test('does not wait for the end of an answer that has none', async () => {
		const { status, message } = await tested(answer({ type: 'huge', megabytes: 200 }));
		expect(status).toBe('Error');
		expect(message).toMatch(/^The answer was too large to come from the API\. /);
	});
});

async function closedPort(): Promise<number> {
	const server = createServer();
	const port = await new Promise<number>((resolve) => {
		server.listen(0, '127.0.0.1', () => {
			const address = server.address();
			resolve(typeof address === 'object' && address ? address.port : 0);
		});
	});
	await new Promise((resolve) => server.close(resolve));
	return port;
}
