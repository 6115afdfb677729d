/** The work of a child: this node, or the plain one, in the real n8n-core. */
import type { INodeExecutionData, INodeParameters, INodeType } from 'n8n-workflow';

import { loadPackage, runNode } from '../../harness/core';
import type { Task } from './child';
import { API_KEY, promptsOf } from './prompts';

export const PROMPT = '={{ $json.prompt }}';

/** Names of a test's own node types. The harness looks for all of them in this package. */
const typeName = (name: string) => `n8n-nodes-veo3o1.${name}`;

/** Adds a node to those that n8n knows. */
export async function addNode(type: INodeType): Promise<void> {
	const { nodeTypes } = await loadPackage();
	nodeTypes[type.description.name] = { type, sourcePath: '' };
}

export function items({ count }: Task): INodeExecutionData[] {
	return promptsOf(count).map((prompt) => ({ json: { prompt } }));
}

/** Runs the node on one item for each time that the task wants it done, and gives what came out. */
export async function execute(
	task: Task,
	parameters: INodeParameters,
	{ type = 'veo', input = items(task) } = {},
): Promise<INodeExecutionData[]> {
	const { outputs, error } = await runNode({
		parameters,
		items: input,
		credentials: { veoApi: { apiKey: API_KEY, baseUrl: task.baseUrl } },
		node: { type: typeName(type) },
	});
	if (error) throw error;
	const [output = []] = outputs;
	if (output.length !== task.count) throw new Error(`${output.length} items came out`);
	return output;
}
