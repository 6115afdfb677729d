/** Runs this node, or a plain one, in the real n8n-core. */
import type { INodeExecutionData, INodeParameters, INodeType } from 'n8n-workflow';

import { loadPackage, runNode } from '../../harness/core';
import type { Task } from './child';
import { API_KEY, promptsOf } from './prompts';

export const PROMPT = '={{ $json.prompt }}';

/** The harness looks up all node types in this package. */
const typeName = (name: string) => `n8n-nodes-veo3o1.${name}`;

/** Registers a node type with n8n-core. */
export async function addNode(type: INodeType): Promise<void> {
	const { nodeTypes } = await loadPackage();
	nodeTypes[type.description.name] = { type, sourcePath: '' };
}

export function items({ count }: Task): INodeExecutionData[] {
	return promptsOf(count).map((prompt) => ({ json: { prompt } }));
}

/** Runs the node on `task.count` items and returns its output items. */
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
	if (output.length !== task.count)
		throw new Error(`${output.length} output items instead of ${task.count}`);
	return output;
}
