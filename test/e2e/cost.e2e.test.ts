/** What may be paid for in one execution of a real n8n. */
import { setTimeout as sleep } from 'node:timers/promises';

import { itemsOf } from '../../harness/execution';
import { Tables } from '../../harness/jobTables';
import type { JsonObject } from '../../harness/json';
import { N8nHarness } from '../../harness/n8nHarness';
import {
	agentWorkflow,
	chain,
	items,
	manualTrigger,
	node,
	type TestWorkflow,
	webhook,
	workflow,
} from '../../harness/workflow';
import { imageNotFetched } from '../../nodes/Veo/errors/messages';
import { type ChatModel, type ModelRequest, startChatModel } from './chatModel';

let tables: Tables;
beforeAll(async () => {
	tables = await Tables.start();
});
afterAll(async () => {
	await tables.harness.close();
});

const numbered = (prefix: string, count: number) =>
	Array.from({ length: count }, (_, index) => `${prefix} ${index}`);

const jobsOf = (prefix: string) =>
	tables.harness.emulator.jobs.filter(({ request }) => request.prompt.startsWith(prefix));

/** Webhook -> items -> Loop Over Items, one at a time -> Veo -> Loop Over Items. */
function loop(prompts: string[], parameters: object, settings = {}): TestWorkflow {
	const start = webhook();
	const list = items(
		'Items',
		prompts.map((prompt) => ({ prompt })),
	);
	const turns = node('Loop', 'n8n-nodes-base.splitInBatches', 3, { batchSize: 1, options: {} });
	const veo = tables.harness.veo('Veo', { prompt: '={{ $json.prompt }}', ...parameters }, settings);
	return workflow(
		'Cost',
		[start, list, turns, veo],
		[
			[start, list],
			[list, turns],
			[[turns, 1], veo],
			[veo, turns],
		],
	);
}

describe('Max Videos per Execution', () => {
	it('counts all turns of a loop, and a retry in the executions list continues', async () => {
		const { harness } = tables;
		const prompts = numbered('loop', 5);
		const parameters = { operation: 'generate', options: { maxVideos: 3 } };
		const execution = await harness.runInProduction(loop(prompts, parameters));
		expect(execution.status).toBe('error');
		expect(execution.error?.message).toBe(
			"This execution has reached its 'Max Videos per Execution' (3)",
		);
		expect(jobsOf('loop')).toHaveLength(3);

		expect((await harness.client.retryExecution(execution.id)).status).toBe('success');
		expect(jobsOf('loop').map(({ request }) => request.prompt)).toEqual(prompts);
	});

	it('counts the tries of Retry On Fail together', async () => {
		const { harness } = tables;
		const parameters = { operation: 'generate', options: { maxVideos: 2 } };
		const settings = { retryOnFail: true, maxTries: 3, waitBetweenTries: 100 };
		const prompts = numbered('tries', 4);
		const execution = await harness.runInProduction(loop(prompts, parameters, settings));
		expect(execution.status).toBe('error');
		expect(jobsOf('tries')).toHaveLength(2);
	});

	it('refuses too many items before anything is sent', async () => {
		const { harness } = tables;
		const start = manualTrigger();
		const list = items(
			'Items',
			numbered('accident', 500).map((prompt) => ({ prompt })),
		);
		const veo = harness.veo('Veo', { prompt: '={{ $json.prompt }}' });
		const links: Parameters<typeof workflow>[2] = [
			[start, list],
			[list, veo],
		];
		const execution = await harness.runManually(workflow('Accident', [start, list, veo], links));
		expect(execution.error?.message).toContain('This run would make 500 new videos');
		expect(jobsOf('accident')).toEqual([]);
	});

	it('counts each call of a sub-workflow by itself', async () => {
		const { harness } = tables;
		const called = node('Called', 'n8n-nodes-base.executeWorkflowTrigger', 1.1, {
			inputSource: 'passthrough',
		});
		const options = { maxVideos: 1 };
		const parameters = { operation: 'generate', prompt: '={{ $json.prompt }}', options };
		const veo = harness.veo('Veo', parameters);
		const sub = workflow('Sub', [called, veo], [[called, veo]]);
		const { id } = await harness.save(sub);
		await harness.client.activateWorkflow(id);

		const start = manualTrigger();
		const list = items(
			'Items',
			numbered('sub', 3).map((prompt) => ({ prompt })),
		);
		const call = node('Call', 'n8n-nodes-base.executeWorkflow', 1.2, {
			workflowId: { __rl: true, mode: 'id', value: id },
			mode: 'each',
			options: {},
		});
		const links: Parameters<typeof workflow>[2] = [
			[start, list],
			[list, call],
		];
		const execution = await harness.runManually(workflow('Parent', [start, list, call], links));
		expect(execution.error).toBeUndefined();
		expect(itemsOf(execution, 'Call')).toHaveLength(3);
		expect(jobsOf('sub')).toHaveLength(3);
	});
});

describe("As an AI agent's tool", () => {
	let model: ChatModel;
	let openAi: { id: string; name: string };

	beforeAll(async () => {
		model = await startChatModel();
		const data = { apiKey: 'scripted', url: model.url };
		openAi = await tables.harness.client.createCredential('Model', 'openAiApi', data);
	});
	afterAll(async () => {
		await model.close();
	});

	/** Lets an agent call the tool once for each of `calls`. Returns what the model was told of each. */
	async function callTool(parameters: object, calls: JsonObject[]): Promise<string[]> {
		const results = ({ input }: ModelRequest) =>
			input
				.filter(({ type }) => type === 'function_call_output')
				.map(({ output }) => String(output));
		model.requests = [];
		model.script = (request) => {
			const args = calls[results(request).length];
			return args === undefined ? { say: 'Done' } : { call: 'Make_a_video', args };
		};
		const agent = node('Agent', '@n8n/n8n-nodes-langchain.agent', 3, {
			promptType: 'define',
			text: 'Make the videos',
			options: {},
		});
		const chat = node(
			'Model',
			'@n8n/n8n-nodes-langchain.lmChatOpenAi',
			1.3,
			{ model: { __rl: true, mode: 'list', value: 'gpt-5-mini' }, options: {} },
			{ credentials: { openAiApi: openAi } },
		);
		const tool = {
			...tables.harness.veo('Make a video', parameters),
			type: 'n8n-nodes-veo3o1.veoTool',
		};
		const execution = await tables.harness.runInProduction(
			agentWorkflow('Agent', webhook(), agent, chat, tool),
		);
		expect(execution.error).toBeUndefined();
		const last = model.requests.at(-1);
		return last ? results(last) : [];
	}

	const fromAgent = (name: string) => `={{ $fromAI('${name}', 'The ${name}', 'string') }}`;

	it('counts all calls of the tool in an execution', async () => {
		const parameters = {
			operation: 'generate',
			prompt: fromAgent('prompt'),
			options: { maxVideos: 2 },
		};
		const calls = numbered('tool', 4).map((prompt) => ({ prompt }));
		const told = await callTool(parameters, calls);
		expect(told).toHaveLength(4);
		expect(jobsOf('tool').map(({ request }) => request.prompt)).toEqual(['tool 0', 'tool 1']);
		for (const text of told.slice(2)) expect(text).toContain("'Max Videos per Execution'");
	});

	it('fetches nothing from a private network', async () => {
		const { emulator } = tables.harness;
		const parameters = {
			operation: 'generate',
			generationType: 'image_to_video',
			imageSource: 'fetch',
			imageUrl: fromAgent('image'),
			prompt: 'private',
		};
		const addresses = [
			`${emulator.origin}/image.png`,
			'http://169.254.169.254/latest/meta-data/',
			'http://[::ffff:10.0.0.1]/',
		];
		const told = await callTool(
			parameters,
			addresses.map((image) => ({ image })),
		);
		expect(told).toHaveLength(3);
		for (const text of told) {
			expect(text).toContain('from which n8n fetches nothing for an AI agent');
		}
		expect(jobsOf('private')).toEqual([]);
	});
});

describe("An image that n8n's SSRF protection blocks", () => {
	it('is refused before anything is paid, in the words of the docs', async () => {
		const harness = await N8nHarness.start({ n8nEnv: { N8N_SSRF_PROTECTION_ENABLED: 'true' } });
		try {
			const veo = harness.veo('Veo', {
				operation: 'generate',
				generationType: 'image_to_video',
				imageSource: 'fetch',
				imageUrl: `${harness.emulator.origin}/image.png`,
				prompt: 'blocked',
			});
			const { error } = await harness.runManually(chain('Blocked', manualTrigger(), veo));
			const outcome = { name: 'unreachable', networkCode: 'SsrfBlockedIpError' } as const;
			const { message, description } = imageNotFetched(outcome);
			expect(error).toMatchObject({ message, description });
			expect(harness.emulator.requests).toEqual([]);
		} finally {
			await harness.close();
		}
	});
});

describe('While Generate and Wait waits', () => {
	it('writes the progress to the job table, but not more than once a minute', async () => {
		const submitted = tables.submit('veo_progress', '25 s, progress', {
			operation: 'generateAndWait',
			downloadVideo: false,
		});
		const seen = new Set<unknown>();
		const isEnded = submitted.then(() => true);
		while (!(await Promise.race([isEnded, sleep(500, false)]))) {
			const [row] = (await tables.rows('veo_progress')) ?? [];
			if (row?.status === 'processing') seen.add(row.progress);
		}
		expect([...seen]).toEqual([expect.any(Number)]);
		expect(await tables.rows('veo_progress')).toMatchObject([
			{ status: 'completed', progress: 100 },
		]);
	});
});
