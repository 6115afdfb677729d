/** What must hold for each hostile answer, whatever it is. */
import { inspect } from 'node:util';
import { type Ran, retryRun, type RunOptions, startNode, storeFile } from '../../harness/core';
import { credentialsFor, IMAGES, KEY } from '../integration/support';
import type { HostileAnswer } from './lines';
import { startHostileServer, UUID } from './server';

const MAX_MS = 15_000;
const STOP_MS = 4_000;
/** An answer may have a megabyte. n8n stores it twice: as the item and as part of the execution. */
const MAX_TEXT = 1_100_000;
const MAX_MESSAGE = 3_000;

const OPERATIONS = {
	generate: { operation: 'generate' },
	status: { operation: 'getStatus' },
	upload: { resource: 'image', operation: 'uploadImage' },
	video: { operation: 'getStatus', downloadVideo: true },
};

/** Runs the node against the answer, then retries the execution if it failed. Throws if something does not hold. */
export async function withstands(answer: HostileAnswer): Promise<void> {
	const server = await startHostileServer(answer, KEY);
	const data = await storeFile(IMAGES.png, { fileName: 'a.png', mimeType: 'image/png' });
	const options = {
		parameters: {
			...OPERATIONS[answer.on],
			prompt: 'A fox',
			uuid: UUID,
			options: { maxRetries: 0, requestTimeout: 1, maxWaitTime: 1 },
		},
		items: [{ json: {}, binary: { data } }],
		credentials: credentialsFor(server.url),
	};
	try {
		const first = await endsInTime(run(answer, options));
		const isRetried = first.error !== undefined && answer.on !== 'video';
		const all = isRetried ? [first, await retryRun(first, options)] : [first];
		for (const ran of all) checkOutcome(answer, ran);

		const paid = server.requests.filter((line) => line.startsWith('POST /api/generate-video'));
		if (!answer.refused) expect(paid.length).toBeLessThanOrEqual(1);
		const isKnown = (line: string) =>
			/^(POST \/api\/(generate-video|upload-video-image)|GET \/(api\/video-status\/[\w-]+|videos\/1\.mp4|api\/x))$/.test(
				line,
			);
		expect(server.requests.filter((line) => !isKnown(line))).toEqual([]);
	} finally {
		await server.close();
	}
}

/** Awaits an execution, and throws if it took too long. */
export async function endsInTime<T>(execution: Promise<T>, maxMs = MAX_MS): Promise<T> {
	const startedMs = performance.now();
	const ended = await execution;
	expect(performance.now() - startedMs).toBeLessThan(maxMs);
	return ended;
}

/** What an execution leaves in its item or its message. Throws if that is too long. */
export function checkSize({ outputs, error }: Ran): string {
	const text = error
		? `${error.message} ${error.description ?? ''} ${inspect(error.context)}`
		: JSON.stringify(outputs);
	expect(text.length).toBeLessThan(error ? MAX_MESSAGE : MAX_TEXT);
	return text;
}

/** A file that is not there is tried for two minutes, so such an execution is stopped as a user would. */
async function run({ on }: HostileAnswer, options: RunOptions): Promise<Ran> {
	const running = await startNode(options);
	const timer = on === 'video' ? setTimeout(() => running.stop(), STOP_MS) : undefined;
	return await running.done.finally(() => clearTimeout(timer));
}

function checkOutcome(answer: HostileAnswer, ran: Ran): void {
	const { outputs } = ran;
	if (ran.run.status === 'canceled') return;
	const text = checkSize(ran);
	const known = answer.uuid ?? (['status', 'video'].includes(answer.on) ? UUID : undefined);
	if (known !== undefined) expect(text.includes(known)).toBe(true);
	expect(outputs.flat().length).toBeLessThanOrEqual(1);
	for (const { json } of outputs.flat()) {
		expect(json).not.toHaveProperty('error');
		expect(Object.getPrototypeOf(json)).toBe(Object.prototype);
	}
	for (const { binary } of outputs.flat()) {
		const names = Object.values(binary ?? {}).map(({ fileName }) => fileName);
		for (const name of names) expect(name).toMatch(/^[\w-]+\.\w+$/);
	}
}

/** Whether every file system can hold the name, and none takes it for something else. */
export function isSafeFileName(name: string): boolean {
	const isAllowed = /^[\p{L}\p{M}\p{N}_-][\p{L}\p{M}\p{N} ._-]*[\p{L}\p{M}\p{N}_-]$/u.test(name);
	const isDevice = /^(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³])\s*(\.|$)/i.test(name);
	return isAllowed && !isDevice && Buffer.byteLength(name) <= 120;
}

/** Fails if the memory of this process has grown by more than `maxMegabytes` at any time. */
export function watchMemory(maxMegabytes: number): void {
	let most = 0;
	let timer: NodeJS.Timeout;
	beforeAll(() => {
		const before = process.memoryUsage().rss;
		timer = setInterval(() => {
			most = Math.max(most, process.memoryUsage().rss - before);
		}, 100);
	});
	afterAll(() => {
		clearInterval(timer);
		expect(most / 1024 / 1024).toBeLessThan(maxMegabytes);
	});
}
