import { setTimeout as sleep } from 'node:timers/promises';
import type { EmulatorOptions, RecordedRequest } from '../../emulator';
import { type Running, type RunOptions, startNode, storeFile } from '../../harness/core';
import { startSlowServer } from './network';
import {
	always,
	credentialsFor,
	dumpOf,
	IMAGES,
	KEY,
	numbered,
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

/** The node promises one second; the rest is for a slow machine. Without Stop each test would take far longer. */
const MAX_STOP_MS = 2000;
/** The waits in these tests. Not longer, as n8n's timers outlive a stopped run and would delay the end of the tests. */
const WAIT_SECONDS = 8;

/** Stops a run and waits for its end. */
async function stop(running: Running) {
	const stoppedAt = Date.now();
	running.stop();
	const ran = await running.done;
	expect(Date.now() - stoppedAt).toBeLessThan(MAX_STOP_MS);
	expect(dumpOf(ran).includes(KEY)).toBe(false);
	return ran;
}

const open = (requests: readonly RecordedRequest[]) =>
	requests.filter(({ answered }) => answered === undefined);

interface Moment {
	when: string;
	options: EmulatorOptions;
	parameters: RunOptions['parameters'];
	items?: RunOptions['items'];
	/** Whether it is time to stop. */
	isReached: (emulator: Scene['emulator']) => boolean;
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
		when: 'during the pause between two checks',
		options: slow,
		parameters: wait,
		items: prompts(...numbered(8)),
		isReached: ({ requests }) => requests.filter(answeredCheck).length === 8,
	},
	{
		when: 'during a backoff after too many requests',
		options: {
			...slow,
			faults: [always('status', { type: 'http', status: 429, retryAfter: WAIT_SECONDS })],
		},
		parameters: wait,
		isReached: checked,
	},
	{
		when: 'during the pause before a retry of the paid request',
		options: {
			faults: [always('generate', { type: 'http', status: 429, retryAfter: WAIT_SECONDS })],
		},
		parameters: { operation: 'generate', prompt: PROMPT },
		isReached: ({ requests }) => requests.some(({ answered }) => answered === 429),
	},
	{
		when: 'during a status check without an answer',
		options: { ...slow, faults: [always('status', { type: 'hang' })] },
		parameters: wait,
		items: prompts('one', 'two'),
		isReached: (emulator) => emulator.count('status') === 2,
	},
	{
		when: 'during a slow answer to a status check',
		options: { ...slow, faults: [always('status', { type: 'trickle', everyMs: 100 })] },
		parameters: wait,
		isReached: (emulator) => emulator.count('status') === 1,
	},
	{
		when: 'during a paid request without an answer',
		options: { faults: [always('generate', { type: 'hang' }, { accept: true })] },
		parameters: { operation: 'generate', prompt: PROMPT },
		isReached: (emulator) => emulator.count('generate') === 1,
	},
	{
		when: 'during a download without an answer',
		options: { faults: [always('video', { type: 'hang' })] },
		parameters: download,
		isReached: (emulator) => emulator.count('video') === 1,
	},
	{
		when: 'during a slow download',
		options: { faults: [always('video', { type: 'trickle', everyMs: 100 })] },
		parameters: download,
		isReached: (emulator) => emulator.count('video') === 1,
	},
	{
		when: 'during an endless download',
		options: { faults: [once('video', { type: 'endless' })] },
		parameters: download,
		isReached: (emulator) => emulator.count('video') === 1,
	},
];

describe('Stop ends the run and its connections at once, without further requests', () => {
	for (const { when, options, parameters, items = prompts('one'), isReached } of MOMENTS) {
		test(when, async () => {
			await withEmulator(options, async ({ emulator, credentials }) => {
				const running = await startNode({ parameters, items, credentials });
				await until(() => isReached(emulator));
				const ran = await stop(running);

				await until(() => open(emulator.requests).length === 0);
				const sent = emulator.requests.length;
				await sleep(1500);
				expect(emulator.requests).toHaveLength(sent);
				// The IDs of accepted jobs are in the highlighted data.
				const highlighted = Object.values(ran.customData).join(',');
				const accepted = emulator.requests.filter(
					({ kind, answered }) => kind === 'generate' && answered === 200,
				);
				for (const { uuid } of accepted) expect(highlighted).toContain(uuid);
			});
		});
	}

	test('during an upload', async () => {
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

	// n8n recognizes a stopped run by the word "canceled" in the error message.
	test('with the status canceled', async () => {
		await withEmulator(slow, async ({ emulator, credentials }) => {
			const options = { parameters: wait, items: prompts('one'), credentials };
			const running = await startNode(options);
			await until(() => checked(emulator));
			expect((await stop(running)).run.status).toBe('canceled');
		});
	});

	test('with continueRegularOutput and Retry On Fail', async () => {
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
