import { setTimeout as sleep } from 'node:timers/promises';
import type { EmulatorOptions, RecordedRequest } from '../../emulator';
import { type Running, type RunOptions, startNode, storeFile } from '../../harness/core';
import { startSlowServer } from './network';
import {
	always,
	credentialsFor,
	everythingIn,
	IMAGES,
	KEY,
	once,
	PROMPT,
	prompts,
	type Scene,
	together,
	until,
	useN8n,
	withEmulator,
} from './support';

useN8n();
const test = together(4);

/** A second is what is promised; the rest is for a busy machine. All that is stopped here would take far longer. */
const PROMPTLY_MS = 2000;
/** As long as all of this waits. Not longer, for n8n's own timers outlive a stopped run and would hold up the tests. */
const WAIT_SECONDS = 8;

/** Stops a run under way and waits for its end. */
async function stop(running: Running) {
	const stoppedAt = Date.now();
	running.stop();
	const ran = await running.done;
	expect(Date.now() - stoppedAt).toBeLessThan(PROMPTLY_MS);
	expect(everythingIn(ran).includes(KEY)).toBe(false);
	return ran;
}

const open = (requests: readonly RecordedRequest[]) =>
	requests.filter(({ answered }) => answered === undefined);

interface Moment {
	when: string;
	options: EmulatorOptions;
	parameters: RunOptions['parameters'];
	items?: RunOptions['items'];
	/** Whether the moment to stop has come. */
	reached: (emulator: Scene['emulator']) => boolean;
}

const wait = {
	operation: 'generateAndWait',
	prompt: PROMPT,
	options: { pollInterval: WAIT_SECONDS },
};
const slow = { durationMs: 60_000 };
const download = { ...wait, downloadVideo: true };
const answeredCheck = ({ kind, answered }: RecordedRequest) =>
	kind === 'status' && answered !== undefined;
const checked = ({ requests }: Scene['emulator']) => requests.some(answeredCheck);

const MOMENTS: Moment[] = [
	{
		when: 'while it sleeps until the next check',
		options: slow,
		parameters: wait,
		items: prompts(...Array.from({ length: 8 }, (_, index) => `video ${index}`)),
		reached: ({ requests }) => requests.filter(answeredCheck).length === 8,
	},
	{
		when: 'while it backs off from too many requests',
		options: {
			...slow,
			faults: [always('status', { type: 'http', status: 429, retryAfter: WAIT_SECONDS })],
		},
		parameters: wait,
		reached: checked,
	},
	{
		when: 'while it waits to repeat a request that was not accepted',
		options: {
			faults: [always('generate', { type: 'http', status: 429, retryAfter: WAIT_SECONDS })],
		},
		parameters: { operation: 'generate', prompt: PROMPT },
		reached: ({ requests }) => requests.some(({ answered }) => answered === 429),
	},
	{
		when: 'while a status check has no answer',
		options: { ...slow, faults: [always('status', { type: 'hang' })] },
		parameters: wait,
		items: prompts('one', 'two'),
		reached: (emulator) => emulator.count('status') === 2,
	},
	{
		when: 'while the answer to a status check trickles in',
		options: { ...slow, faults: [always('status', { type: 'trickle', everyMs: 100 })] },
		parameters: wait,
		reached: (emulator) => emulator.count('status') === 1,
	},
	{
		when: 'while the paid request has no answer',
		options: { faults: [always('generate', { type: 'hang' }, { accept: true })] },
		parameters: { operation: 'generate', prompt: PROMPT },
		reached: (emulator) => emulator.count('generate') === 1,
	},
	{
		when: 'while the download has no answer',
		options: { faults: [always('video', { type: 'hang' })] },
		parameters: download,
		reached: (emulator) => emulator.count('video') === 1,
	},
	{
		when: 'while the video trickles in',
		options: { faults: [always('video', { type: 'trickle', everyMs: 100 })] },
		parameters: download,
		reached: (emulator) => emulator.count('video') === 1,
	},
	{
		when: 'while a video without end streams in',
		options: { faults: [once('video', { type: 'endless' })] },
		parameters: download,
		reached: (emulator) => emulator.count('video') === 1,
	},
];

describe('Stop ends the run at once, its connections with it, and no request follows', () => {
	for (const { when, options, parameters, items = prompts('one'), reached } of MOMENTS) {
		test(when, async () => {
			await withEmulator(options, async ({ emulator, credentials }) => {
				const running = await startNode({ parameters, items, credentials });
				await until(() => reached(emulator));
				const ran = await stop(running);

				await until(() => open(emulator.requests).length === 0);
				const sent = emulator.requests.length;
				await sleep(1500);
				expect(emulator.requests).toHaveLength(sent);
				// Whoever has accepted jobs finds them by the execution.
				const noted = Object.values(ran.customData).join(',');
				const known = emulator.requests.filter(
					({ kind, answered }) => kind === 'generate' && answered === 200,
				);
				for (const { uuid } of known) expect(noted).toContain(uuid);
			});
		});
	}

	test('while an image is sent', async () => {
		const server = await startSlowServer();
		const content = Buffer.concat([IMAGES.png, Buffer.alloc(45 * 1024 * 1024)]);
		const data = await storeFile(content, { fileName: 'a.png', mimeType: 'image/png' });
		const running = await startNode({
			parameters: {
				operation: 'generate',
				prompt: 'A cat',
				generationType: 'image_to_video',
				imageSource: 'binary',
			},
			items: [{ json: {}, binary: { data } }],
			credentials: credentialsFor(`http://127.0.0.1:${server.port}/api`),
		});
		try {
			await until(() => server.bytes() > 1024 * 1024);
			await stop(running);
			await until(() => server.open() === 0);
			expect(server.bytes()).toBeLessThan(content.length);
			await sleep(1500);
			expect(server.connections()).toBe(1);
		} finally {
			await server.close();
		}
	});

	// n8n tells a stopped run from a failed one by the word "canceled" in what the node throws.
	test('and counts as canceled, not as failed', async () => {
		await withEmulator(slow, async ({ emulator, credentials }) => {
			const options = { parameters: wait, items: prompts('one'), credentials };
			const running = await startNode(options);
			await until(() => checked(emulator));
			expect((await stop(running)).run.status).toBe('canceled');
		});
	});

	test('also where the user chose to continue or to retry', async () => {
		const faults = [always('status', { type: 'hang' })];
		await withEmulator({ ...slow, faults }, async ({ emulator, credentials }) => {
			const running = await startNode({
				parameters: wait,
				items: prompts('one'),
				node: { onError: 'continueRegularOutput', retryOnFail: true, waitBetweenTries: 1 },
				credentials,
			});
			await until(() => emulator.count('status') === 1);
			await stop(running);
			await sleep(1500);
			expect(emulator.count('generate')).toBe(1);
		});
	});
});
