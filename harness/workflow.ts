import { randomUUID } from 'node:crypto';

export interface NodeSettings {
	credentials?: Record<string, { id: string; name: string }>;
	webhookId?: string;
	retryOnFail?: boolean;
	maxTries?: number;
	/** Milliseconds. */
	waitBetweenTries?: number;
	onError?: 'stopWorkflow' | 'continueRegularOutput' | 'continueErrorOutput';
	executeOnce?: boolean;
}

export interface WorkflowNode extends NodeSettings {
	id: string;
	name: string;
	type: string;
	typeVersion: number;
	position: [number, number];
	parameters: object;
}

/** `ai_…` links a model or a tool to an AI agent. */
type LinkType = 'main' | 'ai_languageModel' | 'ai_tool';

interface Link {
	node: string;
	type: LinkType;
	index: number;
}

export interface TestWorkflow {
	name: string;
	/** The first node starts the workflow. */
	nodes: [WorkflowNode, ...WorkflowNode[]];
	connections: Record<string, Partial<Record<LinkType, Link[][]>>>;
	settings: object;
}

export function node(
	name: string,
	type: string,
	typeVersion: number,
	parameters: object,
	settings: NodeSettings = {},
): WorkflowNode {
	return { id: randomUUID(), name, type, typeVersion, position: [0, 0], parameters, ...settings };
}

export function manualTrigger(): WorkflowNode {
	return node('Start', 'n8n-nodes-base.manualTrigger', 1, {});
}

/** Starts production executions. Responds immediately. */
export function webhook(): WorkflowNode {
	const path = randomUUID();
	const parameters = { path, httpMethod: 'POST', responseMode: 'onReceived', options: {} };
	return node('Webhook', 'n8n-nodes-base.webhook', 2, parameters, { webhookId: path });
}

/** Replaces its input with these items. */
export function items(name: string, rows: object[]): WorkflowNode {
	const jsCode = `return ${JSON.stringify(rows.map((json) => ({ json })))};`;
	return node(name, 'n8n-nodes-base.code', 2, { jsCode });
}

/** Fetches a file into the field `data`. */
export function fetchFile(name: string, url: string): WorkflowNode {
	const options = { response: { response: { responseFormat: 'file' } } };
	return node(name, 'n8n-nodes-base.httpRequest', 4.2, { url, options });
}

/** A node, and which of its outputs (default 0). */
type From = WorkflowNode | [WorkflowNode, number];

/** A workflow of these nodes with links between them. */
export function workflow(
	name: string,
	nodes: [WorkflowNode, ...WorkflowNode[]],
	links: Array<[From, WorkflowNode]>,
): TestWorkflow {
	const connections: TestWorkflow['connections'] = {};
	for (const [from, to] of links) {
		const [source, output] = Array.isArray(from) ? from : [from, 0];
		const outputs = ((connections[source.name] ??= {}).main ??= []);
		while (outputs.length <= output) outputs.push([]);
		outputs[output]?.push({ node: to.name, type: 'main', index: 0 });
	}
	const settings = { executionOrder: 'v1' };
	return { name: `${name} ${randomUUID().slice(0, 8)}`, nodes, connections, settings };
}

/** A workflow of an AI agent with one tool. */
export function agentWorkflow(
	name: string,
	start: WorkflowNode,
	agent: WorkflowNode,
	model: WorkflowNode,
	tool: WorkflowNode,
): TestWorkflow {
	const made = workflow(name, [start, agent, model, tool], [[start, agent]]);
	const toAgent = (type: LinkType) => ({ [type]: [[{ node: agent.name, type, index: 0 }]] });
	made.connections[model.name] = toAgent('ai_languageModel');
	made.connections[tool.name] = toAgent('ai_tool');
	return made;
}

/** A workflow in which each node is linked to the next one. */
export function chain(name: string, ...nodes: [WorkflowNode, ...WorkflowNode[]]): TestWorkflow {
	const links = nodes.flatMap((from, index): Array<[From, WorkflowNode]> => {
		const to = nodes[index + 1];
		return to === undefined ? [] : [[from, to]];
	});
	return workflow(name, nodes, links);
}
