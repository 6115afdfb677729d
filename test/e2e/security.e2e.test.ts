/** Who gets the keys, what the n8n API key must be able to do, and what other users of an n8n can write. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { readFile } from 'node:fs/promises';
import { itemsOf } from '../../harness/execution';
import { arrayOr, objectOr } from '../../harness/json';
import { FIRST_CHECK_MS, Tables } from '../../harness/jobTables';
import type { Credential, N8nClient } from '../../harness/n8nClient';
import { emulatorKey } from '../../harness/n8nHarness';
import { waitFor } from '../../harness/waitFor';
import { chain, manualTrigger, node } from '../../harness/workflow';
import { JOB_COLUMNS } from '../../nodes/Veo/jobTable/jobTable';

/** As the credential's notice names them. */
const SCOPES = [
	'dataTable:list',
	'dataTable:create',
	'dataTableRow:read',
	'dataTableRow:update',
	'dataTableRow:upsert',
	'dataTableRow:delete',
	'execution:read',
];

let tables: Tables;
let tableKey: string;

/** A server of somebody else. */
const received: Array<{ path: string; headers: IncomingHttpHeaders }> = [];
const other = createServer(({ url = '', headers }, response) => {
	received.push({ path: url, headers });
	response.end('{}');
});
let otherUrl = '';

beforeAll(async () => {
	tables = await Tables.start();
	tableKey = tables.harness.client.apiKey;
	await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
	const address = other.address();
	otherUrl = typeof address === 'object' && address ? `http://127.0.0.1:${address.port}` : '';
});

afterEach(() => {
	tables.harness.emulator.reset();
	received.length = 0;
});

afterAll(async () => {
	other.closeAllConnections();
	other.close();
	await tables.harness.close();
});

describe("n8n's HTTP Request node with a credential of this package", () => {
	const withCredential = async (credential: Credential, url: string, options: object = {}) => {
		const { type } = credential;
		const parameters = {
			url,
			authentication: 'predefinedCredentialType',
			nodeCredentialType: type,
			options,
		};
		const request = node('HTTP Request', 'n8n-nodes-base.httpRequest', 4.2, parameters, {
			credentials: { [type]: credential },
		});
		const execution = await tables.harness.runManually(chain('Request', manualTrigger(), request));
		const text = JSON.stringify(execution);
		for (const key of [emulatorKey, tableKey]) expect(text).not.toContain(key);
		return { ...execution, message: String(execution.error?.message) };
	};
	const toProxy = () => ({ proxy: otherUrl });
	const credentialOf = (type: 'veoApi' | 'veoJobTableApi') =>
		type === 'veoApi' ? tables.harness.credential : tables.tableCredential;

	it('sends the key of the Veo API below its Base URL', async () => {
		const { emulator } = tables.harness;
		const url = `${emulator.url}/video-status/unknown`;
		const { status, message } = await withCredential(credentialOf('veoApi'), url, {
			response: { response: { neverError: true } },
		});
		expect({ status, message }).toMatchObject({ status: 'success' });
		expect(emulator.requests).toMatchObject([
			{ kind: 'status', headers: { authorization: `Bearer ${emulatorKey}` } },
		]);
	});

	it("sends the key of n8n to n8n's Data Tables and executions", async () => {
		const api = `${tables.harness.n8n.url}/api/v1`;
		for (const path of ['/data-tables', '/executions']) {
			const ended = await withCredential(credentialOf('veoJobTableApi'), api + path);
			expect(ended.status).toBe('success');
			expect(itemsOf(ended, 'HTTP Request')[0]?.json).toHaveProperty('data');
		}
	});

	it.each(['/users', '/credentials', '/data-tables/..%2fusers'])(
		'does not send the key of n8n to %s of its API',
		async (path) => {
			const url = `${tables.harness.n8n.url}/api/v1${path}`;
			const { status, message } = await withCredential(credentialOf('veoJobTableApi'), url);
			expect(status).toBe('error');
			expect(message).toMatch(
				/^The key of the Veo Job Table API credential was not sent, because it is only for addresses below \/data-tables and \/executions of its 'Base URL'\./,
			);
		},
	);

	it.each(['veoApi', 'veoJobTableApi'] as const)(
		'does not send the key to another host: %s',
		async (type) => {
			const { status, message } = await withCredential(credentialOf(type), `${otherUrl}/api`);
			expect(status).toBe('error');
			expect(message).toMatch(/^The key of the Veo .*API credential was not sent/);
			expect(received).toEqual([]);
		},
	);

	it.each(['veoApi', 'veoJobTableApi'] as const)(
		'does not send the key through a proxy: %s',
		async (type) => {
			const url =
				type === 'veoApi'
					? `${tables.harness.emulator.url}/video-status/unknown`
					: `${tables.harness.n8n.url}/api/v1/data-tables`;
			const { status, message } = await withCredential(credentialOf(type), url, toProxy());
			expect(status).toBe('error');
			expect(message).toContain('because a proxy or a Host header leads to another server');
			expect(received).toEqual([]);
			expect(tables.harness.emulator.requests).toEqual([]);
		},
	);

	it('does not follow a redirect', async () => {
		const { emulator } = tables.harness;
		const headers = { location: `${otherUrl}/api` };
		emulator.options.faults = [{ on: 'status', do: { type: 'http', status: 302, headers } }];
		const redirect = { redirect: { redirect: { followRedirects: true, maxRedirects: 5 } } };
		const url = `${emulator.url}/video-status/unknown`;
		const { status } = await withCredential(credentialOf('veoApi'), url, redirect);
		expect(status).toBe('error');
		expect(emulator.requests).toHaveLength(1);
		expect(received).toEqual([]);
	});

	it('leaves no key in the log', async () => {
		const log = await readFile(tables.harness.n8n.logFile, 'utf8');
		for (const key of [emulatorKey, tableKey]) expect(log.includes(key)).toBe(false);
	});
});

it('accepts both credentials in their tests', async () => {
	for (const credential of [tables.harness.credential, tables.tableCredential]) {
		expect(await tables.harness.client.testCredential(credential)).toMatchObject({ status: 'OK' });
	}
});

it('can show the execution of an answer that is nested deeply, with the video', async () => {
	const { emulator } = tables.harness;
	const levels = 10_000;
	const body = `{"code":0,"data":{"uuid":"deep-1","status":"pending","deep":${'['.repeat(levels)}${']'.repeat(levels)}}}`;
	emulator.options.faults = [{ on: 'generate', do: { type: 'http', status: 200, body } }];
	const veo = tables.harness.veo('Veo', { operation: 'generate', prompt: 'A fox' });
	const execution = await tables.harness.runManually(chain('Deep', manualTrigger(), veo));
	expect(itemsOf(execution, 'Veo').map(({ json }) => json.uuid)).toEqual(['deep-1']);
});

describe('An n8n API key', () => {
	/** Runs the work with a credential whose key has all scopes that are needed but this one. */
	const without = async (missing: string) => {
		const scopes = SCOPES.filter((scope) => scope !== missing);
		const apiKey = await tables.harness.client.createApiKey(`without ${missing}`, scopes);
		return { veoJobTableApi: await tables.credentialFor('veoJobTableApi', { apiKey }) };
	};
	const generate = async (
		credentials: Record<string, Credential>,
		table: string,
		parameters: object = {},
	) => {
		const veo = tables.tracked(table, { prompt: 'A fox', ...parameters });
		return await tables.harness.runManually(
			chain('Submit', manualTrigger(), {
				...veo,
				credentials: { ...veo.credentials, ...credentials },
			}),
		);
	};
	/** An old row that a trigger deletes. */
	const addOldRow = async (table: string) => {
		const at = new Date(Date.now() - 3 * 24 * 60 * 60_000).toISOString();
		const row = { uuid: 'old', status: 'completed', submittedAt: at, finishedAt: at };
		await tables.insert(table, [row]);
	};
	const refusal = 'The n8n API key may not use Data Tables';

	it('with exactly the scopes that the credential names is enough', async () => {
		const { client, emulator } = tables.harness;
		const credentials = await without('nothing');
		expect(await client.testCredential(credentials.veoJobTableApi)).toMatchObject({ status: 'OK' });

		emulator.options.faults = [
			{ on: 'status', occurrence: 1, do: { type: 'envelope', code: 1002 } },
		];
		const table = 'exactly';
		const failed = await generate(credentials, table, {
			operation: 'generateAndWait',
			options: { maxRetries: 0, idempotencyKey: 'one', reuseIdentical: true },
		});
		expect(failed.status).toBe('error');
		const retried = await client.retryExecution(failed.id);
		expect(itemsOf(retried, 'Veo').map(({ json }) => json.status)).toEqual(['completed']);
		expect(emulator.count('generate')).toBe(1);
		expect(itemsOf(retried, 'Veo')[0]?.json).not.toHaveProperty('jobTableHint');

		await addOldRow(table);
		const watching = await tables.watch(
			{ jobTableName: table, options: { pollInterval: 5, deleteAfter: 1 } },
			credentials,
		);
		await waitFor('the old row to be deleted', FIRST_CHECK_MS, async () => {
			const rows = (await tables.rows(table)) ?? [];
			return rows.some(({ uuid }) => uuid === 'old') ? undefined : true;
		});
		await generate(credentials, table);
		expect(await tables.deliveries(watching, 1)).toHaveLength(1);
		await client.deactivateWorkflow(watching.id);
	}, 240_000);

	it.each(['dataTable:list', 'dataTable:create', 'dataTableRow:read', 'dataTableRow:upsert'])(
		'without %s pays for nothing',
		async (scope) => {
			const { message } = (await generate(await without(scope), `lacks ${scope}`)).error ?? {};
			expect(message).toContain(refusal.charAt(0).toLowerCase() + refusal.slice(1));
			expect(tables.harness.emulator.count('generate')).toBe(0);
		},
	);

	it('without dataTableRow:update does not lose the video', async () => {
		const execution = await generate(await without('dataTableRow:update'), 'lacks update');
		const [item] = itemsOf(execution, 'Veo');
		expect(item?.json.jobTableHint).toContain(String(item?.json.uuid));
	});

	it('without execution:read pays for nothing in a retry', async () => {
		const { client, emulator } = tables.harness;
		emulator.options.faults = [
			{ on: 'status', occurrence: 1, do: { type: 'envelope', code: 1002 } },
		];
		const failed = await generate(await without('execution:read'), 'lacks read', {
			operation: 'generateAndWait',
			options: { maxRetries: 0 },
		});
		const retried = await client.retryExecution(failed.id);
		expect(retried.error?.message).toContain('the n8n API key may not read executions');
		expect(emulator.count('generate')).toBe(1);
	});

	it('without dataTableRow:delete says so in the log', async () => {
		const table = 'lacks delete';
		await tables.harness.client.createDataTable(table, JOB_COLUMNS);
		await addOldRow(table);
		const watching = await tables.watch(
			{ jobTableName: table, options: { pollInterval: 5, deleteAfter: 1 } },
			await without('dataTableRow:delete'),
		);
		await waitFor('the log to say so', FIRST_CHECK_MS, async () => {
			const log = await readFile(tables.harness.n8n.logFile, 'utf8');
			return log.includes('the n8n API key lacks the scope to delete rows') || undefined;
		});
		await tables.harness.client.deactivateWorkflow(watching.id);
	});
});

describe('Two users of one n8n', () => {
	const TABLE = 'veo_jobs';
	let member: N8nClient;
	let credentials: Record<string, Credential>;

	beforeAll(async () => {
		const { client, emulator, n8n } = tables.harness;
		member = await client.addMember({ email: 'member@example.com', password: 'Veo-member-1' });
		const data = { apiKey: member.apiKey, baseUrl: `${n8n.url}/api/v1` };
		const veo = { apiKey: emulatorKey, baseUrl: emulator.url };
		credentials = {
			veoApi: await member.createCredential('Veo', 'veoApi', veo),
			veoJobTableApi: await member.createCredential('Table', 'veoJobTableApi', data),
		};
	});

	/** Both have a table of the same name, each in a project of its own. */
	const tableOf = async (client: N8nClient) => {
		const known = (await client.dataTables()).get(TABLE);
		return known ?? (await client.createDataTable(TABLE, JOB_COLUMNS));
	};
	const rowsOf = async (client: N8nClient, id: string) =>
		arrayOr(objectOr(await client.api('GET', `/data-tables/${id}/rows?limit=250`)).data).map(
			objectOr,
		);

	it('cannot read or write the table of the owner as a member', async () => {
		const id = await tableOf(tables.harness.client);
		await expect(rowsOf(member, id)).rejects.toThrow(/HTTP (403|404)/);
		const body = { data: [{ uuid: 'forged' }], returnType: 'count' };
		await expect(member.api('POST', `/data-tables/${id}/rows`, body)).rejects.toThrow(
			/HTTP (403|404)/,
		);
	});

	it('get the URL of the API, whatever the owner writes into the table of the member', async () => {
		const { client: owner, emulator } = tables.harness;
		const id = await tableOf(member);
		const finished = emulator.accept({ generationType: 'text_to_video', prompt: 'finished: 0 s' });
		const pending = emulator.accept({ generationType: 'text_to_video', prompt: 'pending: 3600 s' });
		const watch = node(
			'Finished',
			'n8n-nodes-veo3o1.veoTrigger',
			1,
			{
				jobTableName: { __rl: true, mode: 'list', value: id },
				downloadVideo: true,
				options: { pollInterval: 5 },
			},
			{ credentials },
		);
		const saved = await member.createWorkflow(
			chain('Watch', watch, node('Next', 'n8n-nodes-base.noOp', 1, {})),
		);
		await member.activateAndWait(saved.id);

		const at = () => new Date().toISOString();
		const forged = (uuid: string) => ({
			uuid,
			status: 'completed',
			videoUrl: `${otherUrl}/forged.mp4`,
			requestHash: 'x',
			jobKey: 'x',
			submittedAt: at(),
			finishedAt: at(),
		});
		const data = [forged(pending.uuid), forged(finished.uuid), forged('../../users')];
		await owner.api('POST', `/data-tables/${id}/rows`, { data, returnType: 'count' });

		const execution = await waitFor('the delivery', FIRST_CHECK_MS, async () => {
			const [first] = await member.executions({ workflowId: saved.id, status: ['success'] });
			return first && (await member.execution(first.id));
		});
		const delivered = itemsOf(execution, 'Finished');
		expect(delivered.map(({ json }) => json.uuid)).toEqual([finished.uuid]);
		expect(delivered[0]?.json.videoUrl).toMatch(emulator.origin);
		expect(delivered[0]?.binary).toHaveProperty('data');
		expect(received).toEqual([]);
		await member.deactivateWorkflow(saved.id);
	});

	it('do not get a forged video for an identical request', async () => {
		const { client: owner, emulator } = tables.harness;
		const id = await tableOf(member);
		const generate = async () => {
			const veo = node(
				'Veo',
				'n8n-nodes-veo3o1.veo',
				1,
				{
					operation: 'generateAndWait',
					prompt: 'The same: 0 s',
					trackJob: true,
					jobTableName: { __rl: true, mode: 'list', value: id },
					options: { reuseIdentical: true, maxRetries: 0 },
				},
				{ credentials },
			);
			const workflow = chain('Submit', manualTrigger(), veo);
			const saved = await member.createWorkflow(workflow);
			const executionId = await member.runManually(saved.id, workflow.nodes[0].name);
			return itemsOf(await member.waitForExecution(executionId), 'Veo')[0]?.json;
		};
		const first = await generate();
		const row = (await rowsOf(member, id)).find(({ uuid }) => uuid === first?.uuid);
		const copy = { requestHash: row?.requestHash, jobKey: row?.jobKey, status: 'completed' };
		const videoUrl = `${otherUrl}/forged.mp4`;
		const data = ['unknown', '../..', 'x'.repeat(1_000)].map((uuid) => ({
			...copy,
			uuid,
			videoUrl,
		}));
		await owner.api('POST', `/data-tables/${id}/rows`, { data, returnType: 'count' });

		const second = await generate();
		expect(second?.uuid).toBe(first?.uuid);
		expect(second?.videoUrl).toMatch(emulator.origin);
		expect(emulator.count('generate')).toBe(1);
		expect(received).toEqual([]);
	});
});
