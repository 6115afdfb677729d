/** The ways to n8n's own API: addresses that are corrected, and what each obstacle is called. */
import { fastify } from 'fastify';
import { startEmulator } from '../../emulator';
import { readCredentials } from '../../nodes/Veo/http/credentials';
import { startSelfSignedServer } from './network';
import { credentialsFor, KEY, useN8n } from './support';
import { createTrigger } from './triggerContext';
import { N8N_KEY, Tables } from './triggerTables';

useN8n();

async function messageFor(baseUrl: string, more: object = {}): Promise<string> {
	const emulator = await startEmulator({ apiKeys: [KEY] });
	try {
		const trigger = await createTrigger({
			parameters: { watch: 'jobTable', jobTableName: 'veo_jobs', events: ['completed'] },
			credentials: {
				...credentialsFor(emulator.url),
				veoJobTableApi: { apiKey: N8N_KEY, baseUrl, ...more },
			},
		});
		const message = await trigger.activate().then(
			() => '',
			(thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown)),
		);
		await trigger.deactivate();
		return message;
	} finally {
		await emulator.close();
	}
}

describe('The base URL', () => {
	it.each([
		['http://localhost:5678', 'http://localhost:5678/api/v1'],
		['http://localhost:5678/', 'http://localhost:5678/api/v1'],
		['http://localhost:5678/api', 'http://localhost:5678/api/v1'],
		['http://localhost:5678//api//v1//', 'http://localhost:5678/api/v1'],
		['http://localhost:5678/api/v1/docs', 'http://localhost:5678/api/v1'],
		['https://example.com/n8n', 'https://example.com/n8n/api/v1'],
		['https://example.com/n8n/api/v1', 'https://example.com/n8n/api/v1'],
		['https://example.com/own/v1', 'https://example.com/own/v1'],
		['https://user:pass@example.com', 'https://user:pass@example.com/api/v1'],
	])('%s becomes %s', (baseUrl, expected) => {
		expect(readCredentials('veoJobTableApi', { apiKey: 'key', baseUrl }).baseUrl).toBe(expected);
	});

	it('reaches n8n without its path, or with double slashes', async () => {
		const tables = await Tables.start();
		tables.insert('veo_jobs');
		const origin = tables.url.replace('/api/v1', '');
		for (const baseUrl of [origin, `${origin}/`, `${origin}//api/v1/`, `${origin}/api`]) {
			expect(await messageFor(baseUrl)).toBe('');
		}
		await tables.close();
	});
});

describe('What keeps the node from the API of n8n is named', () => {
	const served = async (status: number, type: string, body: string) => {
		const app = fastify({ forceCloseConnections: true });
		app.all('/*', async (_, reply) => await reply.code(status).type(type).send(body));
		const url = await app.listen({ host: '127.0.0.1', port: 0 });
		const message = await messageFor(url);
		await app.close();
		return message;
	};

	it.each([
		[
			401,
			'application/json',
			'{"message":"unauthorized"}',
			/refused the API key, or its public API/,
		],
		[
			401,
			'text/html',
			'<h1>401 Authorization Required</h1>',
			/[Aa] server in front of n8n requires/,
		],
		[
			200,
			'text/html',
			'<!DOCTYPE html><title>n8n</title>',
			/not that of n8n's API, or the public API is disabled/,
		],
		[404, 'application/json', '{"message":"not found"}', /no Data Tables in its API/],
		[
			400,
			'application/json',
			'{"message":"Validation error with data table request: Data table size limit exceeded: 52MB used, limit is 50MB"}',
			/larger than n8n allows: .*52MB used.*Do not rename the table/,
		],
	])('HTTP %i, %s', async (status, type, body, expected) => {
		expect(await served(status, type, body)).toMatch(expected);
	});

	it('a certificate that cannot be checked, unless the credential ignores that', async () => {
		const server = await startSelfSignedServer();
		const url = `https://127.0.0.1:${server.port}`;
		expect(await messageFor(url)).toMatch(
			/certificate of n8n was not accepted.*NODE_EXTRA_CA_CERTS/,
		);
		const ignoring = await messageFor(url, { allowUnauthorizedCerts: true });
		expect(ignoring).not.toMatch(/certificate/);
		await server.close();
	});
});
