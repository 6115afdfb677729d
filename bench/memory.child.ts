import { createWriteStream, openAsBlob } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { FormData as Form, request } from 'undici';

import { requiredString } from '../harness/json';
import { startN8n, storeFile } from '../harness/core';
import type { BinaryStream } from '../nodes/Veo/api/transport';
import { isStream } from '../nodes/Veo/http/response';
import { BareClient, fixedInterval } from './lib/bareClient';
import { serve, type Task, type Work } from './lib/child';
import { addNode, execute, items, PROMPT } from './lib/inN8n';
import { plainNode, type PlainWork } from './lib/plainNode';
import { API_KEY } from './lib/prompts';

const PNG = Buffer.from('89504e470d0a1a0a', 'hex');

function imageOf({ bytes }: Task): Buffer {
	const content = Buffer.alloc(bytes);
	PNG.copy(content);
	return content;
}

/** Input items with one image each, stored on disk by n8n. */
async function images(task: Task): Promise<INodeExecutionData[]> {
	const file = await storeFile(imageOf(task), { mimeType: 'image/png', fileName: 'fox.png' });
	return items(task).map((item) => ({ ...item, binary: { data: file } }));
}

const uploadWhole =
	({ baseUrl }: Task): PlainWork =>
	async ({ helpers }, send, itemIndex) => {
		const content = await helpers.getBinaryDataBuffer(itemIndex, 'data');
		const body = new FormData();
		body.append('file', new Blob([content], { type: 'image/png' }), 'fox.png');
		const url = `${baseUrl}/upload-video-image`;
		const uploaded = await send({ method: 'POST', url, body, json: true });
		return { json: { imageUrl: requiredString(uploaded, 'imageUrl') } };
	};

/** A node that makes a video and stores its file, which `open` gets, as a whole or as a stream. */
const download =
	(open: (helpers: IExecuteFunctions['helpers'], url: string) => Promise<Buffer | BinaryStream>) =>
	({ baseUrl }: Task): PlainWork =>
	async ({ helpers }, send) => {
		const body = { generationType: 'text_to_video', prompt: 'A red fox' };
		const generateUrl = `${baseUrl}/generate-video`;
		const job = await send({ method: 'POST', url: generateUrl, body, json: true });
		const statusUrl = `${baseUrl}/video-status/${requiredString(job, 'uuid')}`;
		const status = await send({ method: 'GET', url: statusUrl, json: true });
		const video = await open(helpers, requiredString(status, 'videoUrl'));
		return { json: {}, binary: { data: await helpers.prepareBinaryData(video, 'video.mp4') } };
	};

const downloadWhole = download(async (helpers, url) => {
	const video: unknown = await helpers.httpRequest({ url, encoding: 'arraybuffer' });
	if (!Buffer.isBuffer(video)) throw new Error('The helper did not return a buffer');
	return video;
});

const downloadStreamed = download(async (helpers, url) => {
	const video: unknown = await helpers.httpRequest({ url, encoding: 'stream' });
	if (!isStream(video)) throw new Error('The helper did not return a stream');
	return video;
});

void startN8n().then((n8n) => {
	const plain =
		(work: (task: Task) => PlainWork, inputOf: typeof images): Work =>
		async (task) => {
			await addNode(plainNode('plain', 1, work(task)));
			const input = await inputOf(task);
			return async () => await execute(task, {}, { type: 'plain', input });
		};
	const file = join(n8n.folder, 'bare');
	const works: Record<string, Work> = {
		uploadBare: async (task) => {
			await writeFile(file, imageOf(task));
			return async () => {
				const body = new Form();
				body.append('file', await openAsBlob(file, { type: 'image/png' }), 'fox.png');
				const headers = { authorization: `Bearer ${API_KEY}` };
				const url = `${task.baseUrl}/upload-video-image`;
				const answer = await request(url, { method: 'POST', headers, body });
				await answer.body.dump();
				if (answer.statusCode !== 200) throw new Error(`HTTP ${answer.statusCode}`);
			};
		},
		downloadBare:
			({ baseUrl }) =>
			async () => {
				const video = await new BareClient(baseUrl, API_KEY).video(PROMPT, fixedInterval);
				const answer = await request(requiredString(video, 'videoUrl'));
				await pipeline(answer.body, createWriteStream(file));
			},
		uploadWhole: plain(uploadWhole, images),
		downloadWhole: plain(downloadWhole, async (task) => await Promise.resolve(items(task))),
		downloadStreamed: plain(downloadStreamed, async (task) => await Promise.resolve(items(task))),
		upload: async (task) => {
			const input = await images(task);
			return async () =>
				await execute(task, { resource: 'image', operation: 'uploadImage' }, { input });
		},
		download: (task) => {
			const options = { maxConcurrentJobs: task.count, maxVideos: 0 };
			const parameters = {
				operation: 'generateAndWait',
				prompt: PROMPT,
				downloadVideo: true,
				options,
			};
			return async () => await execute(task, parameters);
		},
	};
	const withEmptyBinaryData =
		(work: Work): Work =>
		async (task) => {
			await rm(join(n8n.folder, 'binaryData'), { recursive: true, force: true });
			return await work(task);
		};
	const entries = Object.entries(works).map(([name, work]): [string, Work] => [
		name,
		withEmptyBinaryData(work),
	]);
	serve(Object.fromEntries(entries), () => n8n.close());
});
