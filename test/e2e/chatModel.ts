import fastify from 'fastify';

import { arrayOr, objectOr, optionalString, type JsonObject } from '../../harness/json';
import { loopback } from '../../harness/ports';

/** The parts of n8n's request to the model that a script needs. */
export interface ModelRequest {
	/** Name, description and parameters of each tool. */
	tools: JsonObject[];
	/** The conversation so far. */
	input: JsonObject[];
	/** The result of the last tool call. Undefined if the last message is the user's. */
	toolResult: string | undefined;
}

export type ModelAnswer = { call: string; args: JsonObject } | { say: string };

export interface ChatModel {
	/** The base URL for n8n's OpenAI credential. */
	url: string;
	/** Decides on the answer to each request. */
	script: (request: ModelRequest) => ModelAnswer;
	requests: ModelRequest[];
	close: () => Promise<void>;
}

/**
 * A chat model with scripted answers. It implements OpenAI's Responses API without streaming, which n8n's OpenAI Chat
 * Model node uses when an agent is called by a webhook that waits for the whole answer.
 */
export async function startChatModel(): Promise<ChatModel> {
	const app = fastify({ bodyLimit: 10 * 1024 * 1024, forceCloseConnections: true });
	const model: ChatModel = {
		url: '',
		script: () => ({ say: 'No script was set.' }),
		requests: [],
		close: async () => await app.close(),
	};
	app.post('/v1/responses', async ({ body }, reply) => {
		const request = readRequest(body);
		model.requests.push(request);
		const id = String(model.requests.length);
		return await reply.send(response(id, model.script(request), objectOr(body).model));
	});
	model.url = `${await app.listen({ host: loopback, port: 0 })}/v1`;
	return model;
}

function readRequest(body: unknown): ModelRequest {
	const { tools, input } = objectOr(body);
	const messages = arrayOr(input).map(objectOr);
	const last = messages.at(-1);
	return {
		tools: arrayOr(tools).map(objectOr),
		input: messages,
		toolResult: last?.type === 'function_call_output' ? optionalString(last.output) : undefined,
	};
}

function response(id: string, answer: ModelAnswer, model: unknown): JsonObject {
	return {
		id: `resp_${id}`,
		object: 'response',
		created_at: Math.floor(Date.now() / 1000),
		status: 'completed',
		error: null,
		incomplete_details: null,
		model,
		output: [{ ...output(id, answer), status: 'completed' }],
		usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
	};
}

function output(id: string, answer: ModelAnswer): JsonObject {
	if ('say' in answer) {
		const content = [{ type: 'output_text', text: answer.say, annotations: [] }];
		return { type: 'message', id: `msg_${id}`, role: 'assistant', content };
	}
	const { call, args } = answer;
	return {
		type: 'function_call',
		id: `fc_${id}`,
		call_id: `call_${id}`,
		name: call,
		arguments: JSON.stringify(args),
	};
}
