import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

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

/** The name of the template and the path of its page. */
export const dashboard = { name: 'Video dashboard', path: 'webhook/video-dashboard' };

/** The templates' job table. */
const jobTableName = 'veo_jobs';

/** The URL in the files that stands for the user's webhook. */
const placeholderAddress = 'https://example.com/your-webhook';

/** What the template files leave open, because it differs between n8n instances. */
export interface Links {
	/** Assigned to nodes by type, as the editor does with the only credential of a type. */
	credentials: Credential[];
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

/** Creates the templates' job table if needed, as Track Job would. */
export async function putJobTable(client: N8nClient): Promise<void> {
	if ((await client.dataTables()).has(jobTableName)) return;
	await client.createDataTable(jobTableName, JOB_COLUMNS);
}

interface Template extends Workflow {
	nodes: JsonObject[];
}

/** The templates as in their files. */
export async function readTemplates(): Promise<Template[]> {
	const files = (await readdir(templatesFolder)).filter((name) => name.endsWith('.json'));
	return await Promise.all(files.sort().map(readTemplate));
}

/** Imports every template into n8n, inactive and with `links` filled in. Returns their IDs by name. */
export async function putTemplates(client: N8nClient, links: Links): Promise<Map<string, string>> {
	const existing = await client.workflows();
	const ids = new Map<string, string>();
	for (const template of await readTemplates()) {
		const types = await nodeTypes(client, template.nodes);
		const nodes = template.nodes.map((node, index) => linked(node, types[index], links));
		const workflow = { ...template, nodes };
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

const nodeTypeSchema = z.object({
	credentials: z
		.array(
			z.object({
				name: z.string(),
				displayOptions: z.object({ show: z.record(z.array(z.unknown())).optional() }).optional(),
			}),
		)
		.default([]),
	properties: z.array(z.object({ name: z.string(), default: z.unknown() })),
});
type NodeType = z.infer<typeof nodeTypeSchema>;

/** The description of each node's type and version, as the editor loads it. */
async function nodeTypes(client: N8nClient, nodes: JsonObject[]): Promise<NodeType[]> {
	// n8n derives the tool from this node, and knows it here only by the node's name.
	const nodeInfos = nodes.map(({ type, typeVersion }) => ({
		name: String(type).replace(/\.veoTool$/, '.veo'),
		version: typeVersion,
	}));
	const answer = await client.rest('POST', '/node-types', { nodeInfos });
	return z.array(nodeTypeSchema).parse(answer);
}

/** The types of the credentials that the node's form asks for. */
function credentialTypes({ credentials, properties }: NodeType, parameters: JsonObject): string[] {
	const valueOf = (name: string) =>
		parameters[name] ?? properties.find((property) => property.name === name)?.default;
	return credentials
		.filter(({ displayOptions }) =>
			Object.entries(displayOptions?.show ?? {}).every(([name, values]) =>
				values.includes(valueOf(name)),
			),
		)
		.map(({ name }) => name);
}

/** The node with the credentials and the URL of this n8n. */
function linked(
	node: JsonObject,
	type: NodeType | undefined,
	{ credentials, webhookUrl }: Links,
): JsonObject {
	const parameters = objectOr(
		JSON.parse(JSON.stringify(node.parameters).replaceAll(placeholderAddress, webhookUrl)),
	);
	const asked = type === undefined ? [] : credentialTypes(type, parameters);
	const chosen = credentials.filter((one) => asked.includes(one.type));
	return {
		...node,
		parameters,
		credentials: Object.fromEntries(chosen.map(({ id, name, type }) => [type, { id, name }])),
	};
}
