import { node, type NodeSettings, type WorkflowNode } from '../../harness/workflow';
import type { N8nClient } from '../../harness/n8nClient';
import { API_KEY } from '../lib/prompts';
import type { ApiName, StandIn } from './standIn';

export interface Compared {
	api: ApiName;
	label: string;
	/** Name of the credential type, and of the field that holds the base URL. */
	credential: { type: string; urlField: string };
	type: string;
	/** The newest version in n8n 2.41.1. */
	version: number;
	/** Only what selects the operation and has no default. */
	parameters: object;
}

const byId = (value: string) => ({ __rl: true, mode: 'id', value });

/** The nodes that are compared. */
export const NODES: Compared[] = [
	{
		api: 'veo',
		label: 'this node',
		credential: { type: 'veoApi', urlField: 'baseUrl' },
		type: 'n8n-nodes-veo3o1.veo',
		version: 1,
		parameters: { operation: 'generateAndWait' },
	},
	{
		api: 'openai',
		label: 'OpenAI (Sora)',
		credential: { type: 'openAiApi', urlField: 'url' },
		type: '@n8n/n8n-nodes-langchain.openAi',
		version: 2.3,
		parameters: { resource: 'video', operation: 'generate', modelId: byId('sora-2') },
	},
	{
		api: 'gemini',
		label: 'Google Gemini (Veo)',
		credential: { type: 'googlePalmApi', urlField: 'host' },
		type: '@n8n/n8n-nodes-langchain.googleGemini',
		version: 1.2,
		parameters: { resource: 'video', operation: 'generate', modelId: byId('models/veo-3.1') },
	},
	{
		api: 'minimax',
		label: 'MiniMax',
		credential: { type: 'minimaxApi', urlField: 'url' },
		type: '@n8n/n8n-nodes-langchain.minimax',
		version: 1.2,
		parameters: { resource: 'video', operation: 'textToVideo' },
	},
];

/** Makes a node with a credential for the stand-in. */
export type NodeMaker = (settings?: NodeSettings) => WorkflowNode;

/** Creates the credential of a node. */
export async function prepareNode(
	client: N8nClient,
	standIn: StandIn,
	{ api, label, credential, type, version, parameters }: Compared,
): Promise<NodeMaker> {
	const { id, name } = await client.createCredential(label, credential.type, {
		apiKey: API_KEY,
		[credential.urlField]: standIn.baseUrl(api),
	});
	const credentials = { [credential.type]: { id, name } };
	const withPrompt = { ...parameters, prompt: '={{ $json.prompt }}' };
	return (settings) => node(VIDEO, type, version, withPrompt, { credentials, ...settings });
}

/** The name of the node in each workflow. */
export const VIDEO = 'Video';
