/** What other nodes can do with a credential of this package: n8n's two helpers, as the HTTP Request node calls them. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { TriggerContext } from 'n8n-core';
import {
	type IHttpRequestOptions,
	type INodeType,
	type IRequestOptions,
	Workflow,
} from 'n8n-workflow';
import { createAdditionalData, loadPackage } from '../../harness/core';
import { KEY, useN8n } from './support';
import { N8N_KEY } from './triggerTables';

useN8n();

type CredentialType = 'veoApi' | 'veoJobTableApi';

interface Received {
	target: string;
	headers: IncomingHttpHeaders;
}

/** Answers each request with what it got. A request for `/api/away` is redirected to `elsewhere`. */
async function startServer(elsewhere = '') {
	const received: Received[] = [];
	const server = createServer(({ method, url = '', headers, socket }, response) => {
		received.push({ target: `${method} ${url}`, headers });
		socket.unref();
		const isAway = url.startsWith('/api/away') || url.startsWith('/n8n/api/v1/data-tables/away');
		if (isAway) response.writeHead(302, { location: elsewhere });
		response.end(JSON.stringify({ ok: true }));
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const address = server.address();
	if (typeof address !== 'object' || !address) throw new Error('The server has no port');
	const close = async () => {
		server.closeAllConnections();
		await new Promise((resolve) => server.close(resolve));
	};
	return { origin: `http://127.0.0.1:${address.port}`, port: address.port, received, close };
}

type TestServer = Awaited<ReturnType<typeof startServer>>;
let api: TestServer;
let other: TestServer;

beforeAll(async () => {
	other = await startServer();
	api = await startServer(`${other.origin}/api/taken`);
});

afterEach(() => {
	api.received.length = 0;
	other.received.length = 0;
});

afterAll(async () => {
	await api.close();
	await other.close();
});

/** Sends a request with the credential. Returns the message of the node that was refused. */
async function send(
	type: CredentialType,
	helper: 'new' | 'old',
	request: object,
	baseUrl = type === 'veoApi' ? `${api.origin}/api` : `${api.origin}/n8n`,
): Promise<string | undefined> {
	const apiKey = type === 'veoApi' ? KEY : N8N_KEY;
	const data = { apiKey, baseUrl };
	const credentials = { [type]: data };
	const node = (await loadPackage()).nodeTypes.veoTrigger?.type as INodeType;
	const workflow = new Workflow({
		id: 'workflow',
		active: true,
		nodeTypes: {
			getByName: () => node,
			getByNameAndVersion: () => node,
			getKnownTypes: () => ({}),
		},
		nodes: [
			{
				id: '1',
				name: 'HTTP Request',
				type: 'n8n-nodes-base.httpRequest',
				typeVersion: 4,
				position: [0, 0],
				parameters: {},
				credentials: { [type]: { id: type, name: type } },
			},
		],
		connections: {},
	});
	const [first] = Object.values(workflow.nodes);
	if (!first) throw new Error('The workflow has no node');
	const additionalData = createAdditionalData(credentials, 'trigger');
	const context = new TriggerContext(workflow, first, additionalData, 'trigger', 'activate');
	const { helpers } = context;
	const decrypted = { credentialsDecrypted: { id: '', name: '', type, data } };
	const sent =
		helper === 'new'
			? helpers.httpRequestWithAuthentication.call(
					context,
					type,
					request as IHttpRequestOptions,
					decrypted,
				)
			: helpers.requestWithAuthentication.call(
					context,
					type,
					request as IRequestOptions,
					decrypted,
				);
	return await sent.then(
		() => undefined,
		(thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown)),
	);
}

const keyIn = ({ headers }: Received) => [headers.authorization, headers['x-n8n-api-key']];
const allReceived = () => [...api.received, ...other.received];

/** The options of both helpers for one address. */
const asked: Array<['new' | 'old', (url: string) => object]> = [
	['new', (url) => ({ method: 'GET', url })],
	['old', (uri) => ({ method: 'GET', uri })],
	['old', (url) => ({ method: 'GET', url })],
	['old', (uri) => ({ method: 'GET', uri: new URL(uri) })],
];

describe.each(asked)('With the %s helper (%s)', (helper, toRequest) => {
	it.each(['/api', '/api/credits?all=1', '/api/video-status/a%2Fb', '/api/a/../b'])(
		'the key of the Veo API is sent to %s',
		async (path) => {
			expect(await send('veoApi', helper, toRequest(api.origin + path))).toBeUndefined();
			expect(api.received.map(keyIn)).toEqual([[`Bearer ${KEY}`, undefined]]);
		},
	);

	it.each([
		'/apiary',
		'/',
		'/api/../admin',
		'/api/%2e%2e/admin',
		'/api/..%2fadmin',
		'/api/x/%2e%2e%2F..%2fadmin',
		'/api/..%5cadmin',
		'/API/credits',
	])('the key of the Veo API is not sent to %s', async (path) => {
		const message = await send('veoApi', helper, toRequest(api.origin + path));
		expect(message).toMatch(
			/^The key of the Veo API credential was not sent, because it is only for/,
		);
		expect(allReceived()).toEqual([]);
	});

	it.each(['/data-tables', '/data-tables/1/rows?limit=1', '/executions/7'])(
		'the key of n8n is sent to %s',
		async (path) => {
			const url = `${api.origin}/n8n/api/v1${path}`;
			expect(await send('veoJobTableApi', helper, toRequest(url))).toBeUndefined();
			expect(api.received.map(keyIn)).toEqual([[undefined, N8N_KEY]]);
		},
	);

	it.each([
		'/n8n/api/v1/users',
		'/n8n/api/v1/credentials',
		'/n8n/api/v1',
		'/n8n/api/v1/data-tables-of-others',
		'/n8n/api/v1/data-tables/../users',
		'/n8n/api/v1/data-tables/..%2Fusers',
		'/api/v1/data-tables',
		'/n8n/rest/data-tables',
	])('the key of n8n is not sent to %s', async (path) => {
		const message = await send('veoJobTableApi', helper, toRequest(api.origin + path));
		expect(message).toMatch(/^The key of the Veo Job Table API credential was not sent/);
		expect(message).toContain("below /data-tables and /executions of its 'Base URL'");
		expect(allReceived()).toEqual([]);
	});

	it('no key is sent to another host, by whatever spelling', async () => {
		const port = new URL(other.origin).port;
		for (const url of [
			`${other.origin}/api/credits`,
			`${other.origin}\\api\\credits`,
			`http:${other.origin.slice(5)}/api`,
			`http://127.0.0.1:${api.port}@127.0.0.1:${port}/api`,
			`http://127.0.0.1:${port}#@127.0.0.1:${api.port}/api`,
			`http://127.1:${port}/api`,
			`http://localhost:${api.port}/api`,
			`https://127.0.0.1:${api.port}/api`,
		]) {
			expect(await send('veoApi', helper, toRequest(url))).toMatch(/was not sent/);
		}
		expect(allReceived()).toEqual([]);
	});

	it.each(['veoApi', 'veoJobTableApi'] as const)(
		'no redirect is followed with %s',
		async (type) => {
			const path = type === 'veoApi' ? '/api/away' : '/n8n/api/v1/data-tables/away';
			const options = { followRedirect: true, followAllRedirects: true, maxRedirects: 21 };
			await send(type, helper, { ...toRequest(api.origin + path), ...options });
			expect(api.received).toHaveLength(1);
			expect(other.received).toEqual([]);
		},
	);

	it.each([
		['a proxy', () => ({ proxy: helper === 'new' ? proxyOf(other) : other.origin })],
		['a Host header', () => ({ headers: { hOST: 'evil.example.com' } })],
	])('no key is sent through %s', async (_, more) => {
		const request = { ...toRequest(`${api.origin}/api/credits`), ...more() };
		expect(await send('veoApi', helper, request)).toMatch(
			/^The key of the Veo API credential was not sent, because a proxy or a Host header/,
		);
		expect(allReceived()).toEqual([]);
	});

	it('no key is sent if the Base URL is not a web address', async () => {
		for (const baseUrl of ['', 'veo', 'file:///etc', 'javascript:alert(1)']) {
			expect(await send('veoApi', helper, toRequest(`${api.origin}/api`), baseUrl)).toMatch(
				/was not sent/,
			);
		}
		expect(allReceived()).toEqual([]);
	});
});

const proxyOf = ({ port }: TestServer) => ({ protocol: 'http', host: '127.0.0.1', port });

describe('An address in two parts', () => {
	it('is joined as n8n joins it', async () => {
		const baseURL = `${api.origin}/api/`;
		expect(await send('veoApi', 'new', { url: '/credits', baseURL })).toBeUndefined();
		expect(await send('veoApi', 'old', { uri: 'credits', baseURL })).toBeUndefined();
		expect(await send('veoApi', 'new', { url: baseURL, baseURL: other.origin })).toBeUndefined();
		expect(api.received.map(({ target }) => target)).toEqual([
			'GET /api/credits',
			'GET /api/credits',
			'GET /api/',
		]);
		expect(other.received).toEqual([]);
	});

	it.each(['new', 'old'] as const)('takes the key to no other place: %s helper', async (helper) => {
		for (const request of [
			{ url: `${other.origin}/api`, baseURL: `${api.origin}/api` },
			{ url: '../admin', baseURL: `${api.origin}/api` },
			{ url: '/api', baseURL: other.origin },
			{ url: `//127.0.0.1:${other.port}/api`, baseURL: `${api.origin}/api` },
			// One helper reads `uri`, the other one `url` and `baseURL`.
			{ url: '', uri: `${api.origin}/api`, baseURL: other.origin },
			{ uri: `${api.origin}/api`, baseURL: other.origin },
			{ uri: `${api.origin}/api`, url: `${other.origin}/api` },
			{ uri: `${other.origin}/api` },
			{},
		]) {
			await send('veoApi', helper, request);
		}
		expect(allReceived().flatMap(keyIn)).not.toContain(`Bearer ${KEY}`);
		expect(other.received).toEqual([]);
	});
});

it('leaves the request of the node as it is', async () => {
	const request = Object.freeze({
		method: 'GET',
		uri: `${api.origin}/api`,
		headers: Object.freeze({ accept: '*/*' }),
	});
	expect(await send('veoApi', 'old', request)).toBeUndefined();
	expect(api.received.map(keyIn)).toEqual([[`Bearer ${KEY}`, undefined]]);
});
