import type { N8nHarness } from '../harness/n8nHarness';
import { chain, node, webhook, workflow, type TestWorkflow } from '../harness/workflow';
import { API_KEY } from './lib/prompts';

/** Splits the prompts of the webhook call into items. */
export const split = () =>
	node('Prompts', 'n8n-nodes-base.splitOut', 1, {
		fieldToSplitOut: 'body.prompts',
		options: { destinationFieldName: 'prompt' },
	});

export function withThisNode(harness: N8nHarness, options: object): TestWorkflow {
	const parameters = {
		operation: 'generateAndWait',
		prompt: '={{ $json.prompt }}',
		downloadVideo: false,
		options,
	};
	return chain('This node', webhook(), split(), harness.veo('Veo', parameters));
}

/** The workflow that users build without this package: HTTP Request, Wait, HTTP Request, IF, and back to Wait. */
export async function withHttpRequests(harness: N8nHarness): Promise<TestWorkflow> {
	const { url } = harness.emulator;
	const { id, name } = await harness.client.createCredential('Key', 'httpHeaderAuth', {
		name: 'Authorization',
		value: `Bearer ${API_KEY}`,
	});
	const authentication = {
		authentication: 'genericCredentialType',
		genericAuthType: 'httpHeaderAuth',
	};
	const request = (title: string, parameters: object) =>
		node(
			title,
			'n8n-nodes-base.httpRequest',
			4.2,
			{ ...authentication, ...parameters, options: {} },
			{
				credentials: { httpHeaderAuth: { id, name } },
			},
		);
	const start = webhook();
	const prompts = split();
	const generate = request('Generate', {
		method: 'POST',
		url: `${url}/generate-video`,
		sendBody: true,
		specifyBody: 'json',
		jsonBody: '={{ { generationType: "text_to_video", prompt: $json.prompt } }}',
	});
	const wait = node('Wait', 'n8n-nodes-base.wait', 1.1, { amount: 5, unit: 'seconds' });
	const status = request('Status', { url: `=${url}/video-status/{{ $json.data.uuid }}` });
	const condition = {
		id: 'finished',
		leftValue: '={{ $json.data.status }}',
		rightValue: 'completed',
		operator: { type: 'string', operation: 'equals' },
	};
	const finished = node('Finished?', 'n8n-nodes-base.if', 2.2, {
		conditions: {
			options: { caseSensitive: true, leftValue: '', typeValidation: 'strict', version: 2 },
			conditions: [condition],
			combinator: 'and',
		},
	});
	const next = node('Next', 'n8n-nodes-base.noOp', 1, {});
	return workflow(
		'HTTP Requests',
		[start, prompts, generate, wait, status, finished, next],
		[
			[start, prompts],
			[prompts, generate],
			[generate, wait],
			[wait, status],
			[status, finished],
			[finished, next],
			[[finished, 1], wait],
		],
	);
}
