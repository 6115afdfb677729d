import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { JOB_COLUMNS } from '../nodes/Veo/jobTable/jobTable';
import { arrayOr, objectOr, requiredString, type JsonObject } from './json';
import type { Credential, N8nClient, Workflow } from './n8nClient';
import { templatesFolder } from './paths';

/** The templates that are known here by what their files call them. */
export const textToVideo = 'Text to video';
export const submitOnSchedule = 'Submit videos on a schedule';
export const whenFinished = 'When a video is finished';

/** Those that the demo switches on. */
export const activeTemplates = [submitOnSchedule, whenFinished];

/** The trigger from which the editor's button starts a template. */
export const executeButton = "When clicking 'Execute workflow'";

/** The templates' job table. */
export const jobTableName = 'veo_jobs';

/** The address in the files that stands for a webhook of the user's. */
const placeholderAddress = 'https://example.com/your-webhook';

/** What the template files leave open, for it differs from one n8n to the next. */
export interface Links {
	/** A node's credentials are known in a file by their type; one that is not here is left for the user to choose. */
	credentials: Credential[];
	/** The ids of the Data Tables by the names by which a file knows them. */
	tables: Map<string, string>;
	/** Where results are posted to. */
	webhookUrl: string;
}

/** One credential by that name: made if it is missing, with this data in any case. */
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

/** The templates' job table, as Track Job would make it; gives the ids of all Data Tables. */
export async function putJobTable(client: N8nClient): Promise<Map<string, string>> {
	const tables = await client.dataTables();
	if (!tables.has(jobTableName)) {
		tables.set(jobTableName, await client.createDataTable(jobTableName, JOB_COLUMNS));
	}
	return tables;
}

export interface Template extends Workflow {
	nodes: JsonObject[];
}

/** Every template, as its file has it. */
export async function readTemplates(): Promise<Template[]> {
	const files = (await readdir(templatesFolder)).filter((name) => name.endsWith('.json'));
	return await Promise.all(files.sort().map(readTemplate));
}

/** Puts every template into n8n, switched off, with what it needs linked; gives their ids by name. */
export async function putTemplates(client: N8nClient, links: Links): Promise<Map<string, string>> {
	const existing = await client.workflows();
	const ids = new Map<string, string>();
	for (const template of await readTemplates()) {
		const workflow = { ...template, nodes: template.nodes.map((node) => linked(node, links)) };
		const known = existing.find(({ name }) => name === workflow.name);
		if (known === undefined) {
			ids.set(workflow.name, (await client.createWorkflow(workflow)).id);
		} else {
			// What was published would go on as it was then.
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

/** The node with its credentials, its Data Table and its address, where it has any, pointing to those of this n8n. */
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
