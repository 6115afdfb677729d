import type { IExecuteFunctions } from 'n8n-workflow';

import { requiredString } from '../harness/json';
import { inPool } from '../nodes/Veo/jobs/pool';
import { startN8n } from '../harness/core';
import { CONCURRENT } from './cpu';
import { serve, type Task, type Work } from './lib/child';
import { BareClient, fixedInterval } from './lib/bareClient';
import { addNode, execute, PROMPT } from './lib/inN8n';
import { plainNode, type PlainWork } from './lib/plainNode';
import { API_KEY, promptsOf } from './lib/prompts';

/** Registers a node that sends the two requests of a video with n8n's helper. The video is completed at once. */
async function addPlainNode(
	{ baseUrl }: Task,
	promptOf: (context: IExecuteFunctions, itemIndex: number) => unknown,
): Promise<void> {
	const video: PlainWork = async (context, send, itemIndex) => {
		const prompt = promptOf(context, itemIndex);
		const body = { generationType: 'text_to_video', prompt, aspectRatio: 'auto' };
		const url = `${baseUrl}/generate-video`;
		const uuid = requiredString(await send({ method: 'POST', url, body, json: true }), 'uuid');
		const statusUrl = `${baseUrl}/video-status/${uuid}`;
		return { json: { ...(await send({ method: 'GET', url: statusUrl, json: true })), uuid } };
	};
	await addNode(plainNode('plain', CONCURRENT, video));
}

void startN8n().then((n8n) => {
	const works: Record<string, Work> = {
		undici: (task) => {
			const client = new BareClient(task.baseUrl, API_KEY);
			const prompts = promptsOf(task.count);
			return async () =>
				await inPool(
					prompts,
					CONCURRENT,
					async (prompt) => await client.video(prompt, fixedInterval),
				);
		},
		helper: async (task) => {
			await addPlainNode(task, (context, index) => context.getInputData()[index]?.json.prompt);
			return async () => await execute(task, { prompt: PROMPT }, { type: 'plain' });
		},
		helperAndForm: async (task) => {
			await addPlainNode(task, (context, index) => context.getNodeParameter('prompt', index));
			return async () => await execute(task, { prompt: PROMPT }, { type: 'plain' });
		},
		twoNodes: (task) => async () => {
			const generate = { operation: 'generate', prompt: PROMPT, options: { maxVideos: 0 } };
			const input = await execute(task, generate);
			await execute(task, { operation: 'getStatus', uuid: '={{ $json.uuid }}' }, { input });
		},
		generateAndWait: (task) => {
			const operation = 'generateAndWait';
			const options = { maxConcurrentJobs: CONCURRENT, maxVideos: 0 };
			const parameters = { operation, prompt: PROMPT, downloadVideo: false, options };
			return async () => await execute(task, parameters);
		},
		generate: (task) => {
			const options = { maxVideos: 0 };
			return async () => await execute(task, { operation: 'generate', prompt: PROMPT, options });
		},
	};
	serve(works, () => n8n.close());
});
