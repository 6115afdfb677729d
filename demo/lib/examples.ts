import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { JOB_COLUMNS } from '../../nodes/Veo/jobs/jobTable';
import { arrayOr, objectOr, requiredString, type JsonObject } from './json';
import type { Credential, N8nClient, Workflow } from './n8nClient';
import { workflowsFolder } from './paths';

/** The examples, by what their files call them. */
export const textToVideo = 'Text to video';
export const submitOnSchedule = 'Submit videos on a schedule';
export const whenFinished = 'When a video is finished';
export const addByHand = 'Add a video to the job table by hand';

/** Those that start by themselves. */
export const activeExamples = [submitOnSchedule, whenFinished];

/** The trigger from which the editor's button starts an example. */
export const executeButton = "When clicking 'Execute workflow'";

/** The examples' job table. */
export const jobTableName = 'veo_jobs';

/** What the example files leave open, for it differs from one n8n to the next. */
export interface Links {
	/** A node's credentials are known in a file by their type. */
	credentials: Credential[];
	/** The ids of the Data Tables by the names by which a file knows them. */
	tables: Map<string, string>;
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

/** The examples' job table, as Track Job would make it; gives the ids of all Data Tables. */
export async function putJobTable(client: N8nClient): Promise<Map<string, string>> {
	const tables = await client.dataTables();
	if (!tables.has(jobTableName)) {
		tables.set(jobTableName, await client.createDataTable(jobTableName, JOB_COLUMNS));
	}
	return tables;
}

/** Puts every example workflow into n8n, as its file has it, with what it needs linked; gives their ids by name. */
export async function putExamples(client: N8nClient, links: Links): Promise<Map<string, string>> {
	const existing = await client.workflows();
	const ids = new Map<string, string>();
	for (const file of (await readdir(workflowsFolder)).filter((name) => name.endsWith('.json'))) {
		const workflow = await readExample(join(workflowsFolder, file), links);
		const known = existing.find(({ name }) => name === workflow.name);
		if (known === undefined) {
			ids.set(workflow.name, (await client.createWorkflow(workflow)).id);
		} else {
			await client.updateWorkflow(known.id, workflow);
			ids.set(workflow.name, known.id);
		}
	}
	return ids;
}

async function readExample(file: string, links: Links): Promise<Workflow> {
	const example: unknown = JSON.parse(await readFile(file, 'utf8'));
	const { nodes, connections, settings } = objectOr(example);
	return {
		name: requiredString(example, 'name'),
		nodes: arrayOr(nodes).map((node) => linked(objectOr(node), links)),
		connections: objectOr(connections),
		settings: objectOr(settings),
	};
}

/** The node with its credentials and its Data Table, where it has any, pointing to those of this n8n. */
function linked(node: JsonObject, { credentials, tables }: Links): JsonObject {
	const found = { ...node };
	if (node.credentials !== undefined) {
		const links = Object.keys(objectOr(node.credentials)).map((type) => {
			const credential = credentials.find((one) => one.type === type);
			if (credential === undefined) throw new Error(`No credential of type ${type} was set up`);
			return [type, { id: credential.id, name: credential.name }];
		});
		found.credentials = Object.fromEntries(links);
	}
	const parameters = objectOr(node.parameters);
	if (parameters.dataTableId !== undefined) {
		const name = requiredString(parameters.dataTableId, 'cachedResultName');
		const value = tables.get(name);
		if (value === undefined) throw new Error(`No Data Table named ${name} was set up`);
		const dataTableId = { ...objectOr(parameters.dataTableId), value };
		found.parameters = { ...parameters, dataTableId };
	}
	return found;
}
