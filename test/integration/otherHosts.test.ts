/** A host that is slow or overloaded slows down the requests to itself alone, and leaves nothing open. */
import { getEventListeners } from 'node:events';
import { createServer } from 'node:http';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Container } from '@n8n/di';
import { BinaryDataService } from 'n8n-core';
import { runNode, storeFile } from '../../harness/core';
import {
	always,
	credentialsFor,
	failureOf,
	IMAGES,
	jsonOf,
	once,
	PROMPT,
	prompts,
	until,
	useN8n,
	withEmulator,
} from './support';

useN8n();

const upload = {
	resource: 'image',
	operation: 'uploadImage',
	options: { maxRetries: 0, requestTimeout: 2 },
};

async function imageOf(megabytes: number) {
	const content = Buffer.concat([IMAGES.png, Buffer.alloc(megabytes * 1024 * 1024)]);
	return await storeFile(content, { fileName: 'a.png', mimeType: 'image/png' });
}

/** Takes at least `slowMs` to read the first half of a body, and then answers as the API does. */
async function startSlowReader(slowMs: number) {
	const server = createServer((request, response) => {
		const startedAt = Date.now();
		const read = async () => {
			const half = Number(request.headers['content-length']) / 2;
			let bytes = 0;
			for await (const chunk of request) {
				bytes += (chunk as Buffer).length;
				const dueMs = (slowMs * Math.min(bytes, half)) / half;
				await sleep(Math.max(0, startedAt + dueMs - Date.now()));
			}
			const data = { imageUrl: 'https://example.com/a.png' };
			response.setHeader('content-type', 'application/json');
			response.end(JSON.stringify({ code: 0, msg: 'Success', data }));
		};
		read().catch(() => request.destroy());
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const address = server.address();
	if (typeof address !== 'object' || !address) throw new Error('The server has no port');
	const close = async () => {
		server.closeAllConnections();
		await new Promise((resolve) => server.close(resolve));
	};
	return { url: `http://127.0.0.1:${address.port}/api`, close };
}

describe('The host of the videos', () => {
	it('does not slow down the API when it asks for a long pause', async () => {
		const durationMs = ({ prompt }: { prompt: string }) => (prompt === 'slow' ? 4_000 : 0);
		const faults = [once('video', { type: 'http', status: 429, retryAfter: 40 })];
		await withEmulator({ durationMs, faults }, async ({ emulator, run }) => {
			const startedAt = Date.now();
			const ran = await run(
				{
					operation: 'generateAndWait',
					prompt: PROMPT,
					downloadVideo: true,
					options: { maxRetries: 0, pollInterval: 5 },
				},
				{ items: prompts('quick', 'slow'), node: { onError: 'continueRegularOutput' } },
			);
			expect(jsonOf(ran)[1]).toMatchObject({ prompt: 'slow', status: 'completed' });
			expect(ran.outputs[0]?.[1]?.binary?.data?.mimeType).toBe('video/mp4');
			// Only the file of the other item has to wait.
			const slow = emulator.jobs.find(({ request }) => request.prompt === 'slow');
			const requests = emulator.requests.filter(({ uuid }) => uuid === slow?.uuid);
			expect(requests.length).toBeGreaterThanOrEqual(4);
			for (const { receivedAt } of requests) expect(receivedAt - startedAt).toBeLessThan(30_000);
		});
	});
});

describe('An upload', () => {
	it('may take longer than a request without a file', async () => {
		const server = await startSlowReader(5_000);
		try {
			const ran = await runNode({
				parameters: upload,
				items: [{ json: {}, binary: { data: await imageOf(32) } }],
				credentials: credentialsFor(server.url),
			});
			expect(jsonOf(ran)).toEqual([{ imageUrl: 'https://example.com/a.png' }]);
		} finally {
			await server.close();
		}
	});

	it('closes the image file when it ends early', async () => {
		const opened = jest.spyOn(Container.get(BinaryDataService), 'getAsStream');
		const faults = [always('upload', { type: 'resetWhileSending' })];
		await withEmulator({ faults }, async ({ run }) => {
			const items = [{ json: {}, binary: { data: await imageOf(20) } }];
			failureOf(await run(upload, { items }));
		});
		const streams = await Promise.all(opened.mock.results.map(({ value }) => value as Readable));
		expect(streams).toHaveLength(2);
		await until(() => streams.every(({ destroyed }) => destroyed));
		opened.mockRestore();
	});
});

describe('A request that is over', () => {
	it('is not held in memory until its time is up', async () => {
		const timeouts = jest.spyOn(AbortSignal, 'timeout');
		await withEmulator({}, async ({ run }) => {
			const parameters = { operation: 'generateAndWait', prompt: PROMPT, downloadVideo: true };
			jsonOf(await run(parameters, { items: prompts('one', 'two', 'three') }));
		});
		const signals = timeouts.mock.results.map(({ value }) => value as AbortSignal);
		expect(signals.length).toBeGreaterThanOrEqual(9);
		for (const signal of signals) expect(getEventListeners(signal, 'abort')).toEqual([]);
		timeouts.mockRestore();
	});
});
