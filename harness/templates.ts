import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { JOB_COLUMNS } from '../nodes/Veo/jobTable/jobTable';
import { arrayOr, objectOr, requiredString, type JsonObject } from './json';
import type { Credential, N8nClient, Workflow } from './n8nClient';
import { packageName, templatesFolder } from './paths';

/** Names of templates, as in their files. */
export const textToVideo = 'Text to video';
export const submitOnSchedule = 'Submit videos on a schedule';
export const whenFinished = 'When a video is finished';
export const dashboard = 'Video dashboard';

/** The path of the dashboard's webhook. */
export const dashboardPath = 'webhook/video-dashboard';

/** The trigger of the templates that the editor's button starts. */
export const executeButton = "When clicking 'Execute workflow'";

/** The names that n8n itself gives to the first credential of each type. */
export const credentialNames = {
	veoApi: 'Veo account',
	veoJobTableApi: 'Veo Job Table account',
	httpBasicAuth: 'Unnamed credential',
	openAiApi: 'OpenAI account',
};

/** The templates' job table. */
export const jobTableName = 'veo_jobs';

/** The URL in the files that stands for the user's webhook. */
const placeholderAddress = 'https://example.com/your-webhook';

/** What the template files leave open, because it differs between n8n instances. */
export interface Links {
	/** At most one of each type. n8n's editor chooses the only credential of a type in a pasted node. */
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

/** The credentials that a template's node asks for. */
function credentialTypes(type: unknown, parameters: JsonObject): string[] {
	const types: string[] = [];
	if (String(type).startsWith(`${packageName}.`)) types.push('veoApi');
	if (parameters.trackJob === true || parameters.watch === 'jobTable') types.push('veoJobTableApi');
	if (parameters.authentication === 'basicAuth') types.push('httpBasicAuth');
	if (type === '@n8n/n8n-nodes-langchain.lmChatOpenAi') types.push('openAiApi');
	return types;
}

/** The node as the editor completes a pasted one, with the user's own address in it. */
function linked(node: JsonObject, { credentials, webhookUrl }: Links): JsonObject {
	const types = credentialTypes(node.type, objectOr(node.parameters));
	const chosen = credentials.filter(({ type }) => types.includes(type));
	const pasted: unknown = JSON.parse(
		JSON.stringify(node).replaceAll(placeholderAddress, () => webhookUrl),
	);
	return {
		...objectOr(pasted),
		...(chosen.length > 0 && {
			credentials: Object.fromEntries(chosen.map(({ id, name, type }) => [type, { id, name }])),
		}),
	};
}
