import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { JOB_COLUMNS } from '../nodes/Veo/jobTable/jobTable';
import { arrayOr, objectOr, requiredString, type JsonObject } from './json';
import type { Credential, N8nClient, Workflow } from './n8nClient';
import { templatesFolder } from './paths';

/** Names of templates, as in their files. */
export const textToVideo = 'Text to video';
export const submitOnSchedule = 'Submit videos on a schedule';
export const whenFinished = 'When a video is finished';

/** The trigger of the templates that the editor's button starts. */
export const executeButton = "When clicking 'Execute workflow'";

/** The templates' job table. */
export const jobTableName = 'veo_jobs';

/** The URL in the files that stands for the user's webhook. */
const placeholderAddress = 'https://example.com/your-webhook';

/** What the template files leave open, because it differs between n8n instances. */
export interface Links {
	/** Assigned to nodes by type. Credentials of other types are left for the user to choose. */
	credentials: Credential[];
	/** The IDs of the Data Tables, by name. */
	tables: Map<string, string>;
	/** Where the templates post results. */
	webhookUrl: string;
}

/** Creates the credential, or updates its data if it exists. */
export async function putCredential(
	client: N8nClient,
	name: string,
	type: string,
	data: JsonObject,
): Promise<Credential> {
	const existing = (await client.credentials()).find(
		(one) => one.name === name && one.type === type,
	);
	if (existing === undefined) return await client.createCredential(name, type, data);
	const credential = { ...existing, data };
	await client.updateCredential(credential);
	return credential;
}

/** Creates the templates' job table if needed, as Track Job would. Returns the IDs of all Data Tables by name. */
export async function putJobTable(client: N8nClient): Promise<Map<string, string>> {
	const tables = await client.dataTables();
	if (!tables.has(jobTableName)) {
		tables.set(jobTableName, await client.createDataTable(jobTableName, JOB_COLUMNS));
	}
	return tables;
}

interface Template extends Workflow {
	nodes: JsonObject[];
}

async function readTemplates(): Promise<Template[]> {
	const files = (await readdir(templatesFolder)).filter((name) => name.endsWith('.json'));
	return await Promise.all(files.sort().map(readTemplate));
}

/** Imports every template into n8n, inactive and with `links` filled in. Returns their IDs by name. */
export async function putTemplates(client: N8nClient, links: Links): Promise<Map<string, string>> {
	const existing = await client.workflows();
	const ids = new Map<string, string>();
	for (const template of await readTemplates()) {
		const workflow = { ...template, nodes: template.nodes.map((node) => linked(node, links)) };
		const known = existing.find(({ name }) => name === workflow.name);
		if (known === undefined) {
			ids.set(workflow.name, (await client.createWorkflow(workflow)).id);
		} else {
			// An active workflow would keep running its published version.
			if (known.active) await client.deactivateWorkflow(known.id);
			await client.updateWorkflow(known.id, workflow);
			ids.set(workflow.name, known.id);
		}
	}
	return ids;
}

async function readTemplate(file: string): Promise<Template> {
	const template: unknown = JSON.parse(await readFile(join(templatesFolder, file), 'utf8'));
	const { nodes, connections, settings } = objectOr(template);
	return {
		name: requiredString(template, 'name'),
		nodes: arrayOr(nodes).map(objectOr),
		connections: objectOr(connections),
		settings: objectOr(settings),
	};
}

/** The node with its credentials, Data Table and URL replaced by those of this n8n. */
function linked(node: JsonObject, { credentials, tables, webhookUrl }: Links): JsonObject {
	const found = { ...node };
	if (node.credentials !== undefined) {
		const links = Object.entries(objectOr(node.credentials)).map(([type, unchosen]) => {
			const credential = credentials.find((one) => one.type === type);
			return [type, credential ? { id: credential.id, name: credential.name } : unchosen];
		});
		found.credentials = Object.fromEntries(links);
	}
	const parameters = objectOr(node.parameters);
	const table = objectOr(parameters.dataTableId);
	if (table.mode === 'list') {
		const name = requiredString(table, 'cachedResultName');
		const value = tables.get(name);
		if (value === undefined) throw new Error(`No Data Table named ${name} was set up`);
		found.parameters = { ...parameters, dataTableId: { ...table, value } };
	}
	if (parameters.url === placeholderAddress) {
		found.parameters = { ...parameters, url: webhookUrl };
	}
	return found;
}
