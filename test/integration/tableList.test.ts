/** The list of the Job Table field. */
import { LoadOptionsContext } from 'n8n-core';
import { type INodeListSearchResult, type INodeType, Workflow } from 'n8n-workflow';
import { createAdditionalData, loadPackage } from '../../harness/core';
import { credentialsFor, useN8n } from './support';
import { N8N_KEY, Tables } from './triggerTables';

useN8n();

/** What the form shows for a filter. */
async function listed(tables: Tables, filter?: string): Promise<INodeListSearchResult> {
	const credentials = {
		...credentialsFor('http://127.0.0.1:1'),
		veoJobTableApi: { apiKey: N8N_KEY, baseUrl: tables.url },
	};
	const type = (await loadPackage()).nodeTypes.veo?.type as INodeType;
	const node = {
		id: 'veo-id',
		name: 'Veo',
		type: 'n8n-nodes-veo3o1.veo',
		typeVersion: 1,
		position: [0, 0] as [number, number],
		parameters: { resource: 'video', operation: 'generate', trackJob: true },
		credentials: { veoJobTableApi: { id: 'veoJobTableApi', name: 'Table' } },
	};
	const nodeTypes = {
		getByName: () => type,
		getByNameAndVersion: () => type,
		getKnownTypes: () => ({}),
	};
	const workflow = new Workflow({ active: false, nodeTypes, nodes: [node], connections: {} });
	const additionalData = createAdditionalData(credentials, 'internal');
	const context = new LoadOptionsContext(workflow, node, additionalData, '/');
	const search = type.methods?.listSearch?.searchJobTables;
	if (!search) throw new Error('The node has no such list');
	return await search.call(context, filter);
}

async function withTables(act: (tables: Tables) => Promise<void>): Promise<void> {
	const tables = await Tables.start();
	try {
		await act(tables);
	} finally {
		await tables.close();
	}
}

describe('The list of job tables', () => {
	it('has the tables that the key sees, and only those whose name holds the filter', async () => {
		await withTables(async (tables) => {
			tables.addTable({ name: 'veo_jobs', id: 'id-1' });
			tables.addTable({ name: 'customers', id: 'id-2' });
			expect(await listed(tables)).toEqual({
				results: [
					{ name: 'veo_jobs', value: 'id-1' },
					{ name: 'customers', value: 'id-2' },
				],
			});
			expect(await listed(tables, 'jobs')).toEqual({
				results: [{ name: 'veo_jobs', value: 'id-1' }],
			});
		});
	});

	it('names the project where several tables have one name', async () => {
		await withTables(async (tables) => {
			tables.addTable({ name: 'veo_jobs', id: 'id-1', projectId: 'project-1' });
			tables.addTable({ name: 'veo_jobs', id: 'id-2', projectId: 'project-2' });
			tables.addTable({ name: 'other', id: 'id-3' });
			expect((await listed(tables)).results.map(({ name }) => name)).toEqual([
				'veo_jobs (project project-1)',
				'veo_jobs (project project-2)',
				'other',
			]);
		});
	});

	it.each([
		[undefined, "The job table 'veo_jobs' could not be used: n8n could not serve the request."],
		[
			'other_jobs',
			"The job table 'other_jobs' could not be used: n8n could not serve the request.",
		],
	])('says why it is not there: filter %j', async (filter, message) => {
		await withTables(async (tables) => {
			tables.refuse = () => ({ status: 503 });
			await expect(listed(tables, filter)).rejects.toThrow(message);
		});
	});
});
