import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { arrayOr, objectOr, requiredString, type JsonObject } from './json';
import type { Credential, N8nClient, Workflow } from './n8nClient';
import { workflowsFolder } from './paths';

export const textToVideo = 'Text to video';

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

/** Puts every example workflow into n8n, as its file has it, with the credentials linked; gives their ids by name. */
export async function putExamples(
	client: N8nClient,
	credentials: Credential[],
): Promise<Map<string, string>> {
	const existing = await client.workflows();
	const ids = new Map<string, string>();
	for (const file of (await readdir(workflowsFolder)).filter((name) => name.endsWith('.json'))) {
		const workflow = await readExample(join(workflowsFolder, file), credentials);
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

async function readExample(file: string, credentials: Credential[]): Promise<Workflow> {
	const example: unknown = JSON.parse(await readFile(file, 'utf8'));
	const { nodes, connections, settings } = objectOr(example);
	return {
		name: requiredString(example, 'name'),
		nodes: arrayOr(nodes).map((node) => linked(objectOr(node), credentials)),
		connections: objectOr(connections),
		settings: objectOr(settings),
	};
}

/** A node whose credentials, known in a file by type alone, point to those of this n8n. */
function linked(node: JsonObject, credentials: Credential[]): JsonObject {
	if (node.credentials === undefined) return node;
	const links = Object.keys(objectOr(node.credentials)).map((type) => {
		const credential = credentials.find((one) => one.type === type);
		if (credential === undefined) throw new Error(`No credential of type ${type} was set up`);
		return [type, { id: credential.id, name: credential.name }];
	});
	return { ...node, credentials: Object.fromEntries(links) };
}
