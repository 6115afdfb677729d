import { startEmulator, type Emulator, type EmulatorOptions } from '../../emulator';
import { call, generate, status, stopClock, textRequest, until } from './client';

let emulator: Emulator;
beforeAll(async () => {
	emulator = await startEmulator();
});
afterAll(() => emulator.close());
beforeEach(() => emulator.reset());
afterEach(() => jest.restoreAllMocks());

function refusal(code: number, msg: RegExp, data: unknown = null): unknown {
	return { code, msg: expect.stringMatching(msg) as string, data };
}

describe('POST /api/generate-video', () => {
	test('accepts a job, bills it and answers as documented', async () => {
		const { status, json } = await generate(emulator, { ...textRequest, aspectRatio: '16:9' });
		expect(status).toBe(200);
		expect(json).toEqual({
			code: 0,
			msg: 'Success',
			data: {
				uuid: emulator.jobs[0]?.uuid,
				status: 'pending',
				...textRequest,
				aspectRatio: '16:9',
				createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
			},
		});
		expect(emulator.credits).toBe(999_998);
		expect(emulator.jobs).toHaveLength(1);
	});

	test('accepts an image URL and returns the default aspect ratio', async () => {
		const imageUrl = 'https://example.com/a.png';
		const body = { generationType: 'image_to_video', prompt: 'It moves', imageUrl, imageKey: 'k' };
		const { json } = await generate(emulator, body);
		expect(json).toMatchObject({ code: 0, data: { aspectRatio: 'auto' } });
		expect(emulator.jobs[0]?.request).toEqual(body);
	});

	test.each([
		['generationType', {}],
		['generationType', { ...textRequest, generationType: 'text' }],
		['prompt', { generationType: 'text_to_video' }],
		['prompt', { ...textRequest, prompt: ' \n' }],
		['prompt', { ...textRequest, prompt: 7 }],
		['aspectRatio', { ...textRequest, aspectRatio: '1:1' }],
		['imageUrl', { ...textRequest, generationType: 'image_to_video' }],
		['imageUrl', { ...textRequest, generationType: 'image_to_video', imageUrl: 'ftp://x/a.png' }],
		['imageKey', { ...textRequest, imageKey: 7 }],
		['JSON', []],
		['JSON', null],
	])('refuses with code 1000 and names %s: %j', async (name, body) => {
		const answer = await generate(emulator, body);
		expect(answer.status).toBe(400);
		expect(answer.json).toEqual(refusal(1000, new RegExp(`${name} `)));
		expect(emulator.jobs).toHaveLength(0);
	});

	test('refuses broken JSON and other content types', async () => {
		const url = `${emulator.url}/generate-video`;
		const type = (type: string) => ({ 'content-type': type });
		const post = { method: 'POST', body: '{"prompt":' } as const;
		const broken = await call(url, { ...post, headers: type('application/json') });
		expect(broken.json).toEqual(refusal(1000, /JSON/));
		const other = await call(url, { ...post, headers: type('text/xml') });
		expect(other.json).toEqual(refusal(1000, /Media Type/));
	});

	test('refuses with code 1001 when there are not enough credits', async () => {
		emulator.reset({ credits: 3 });
		await generate(emulator, textRequest);
		const answer = await generate(emulator, textRequest);
		expect(answer.status).toBe(402);
		expect(answer.json).toEqual(refusal(1001, /credits/, { required: 2, current: 1 }));
		expect(emulator.jobs).toHaveLength(1);
	});
});

describe('every API request', () => {
	test.each(['', 'Bearer wrong', 'Basic dmVv', 'veo-emulator-key'])(
		'requires a valid key: %j',
		async (authorization) => {
			const answer = await generate(emulator, textRequest, { authorization });
			expect(answer.status).toBe(401);
			expect(answer.json).toEqual(refusal(1002, /Authentication/));
			expect(emulator.jobs).toHaveLength(0);
		},
	);

	test('is refused over the rate limit, with Retry-After if configured', async () => {
		const advance = stopClock();
		emulator.reset({ rateLimit: { requests: 2, perMs: 1000, retryAfterSeconds: 3 } });
		await generate(emulator, textRequest);
		const uuid = emulator.jobs[0]?.uuid ?? '';
		expect((await status(emulator, uuid)).status).toBe(200);
		const answer = await status(emulator, uuid);
		expect(answer.status).toBe(429);
		expect(answer.json).toEqual(refusal(1003, /Rate limit/));
		expect(answer.headers['retry-after']).toBe('3');
		advance(999);
		expect((await status(emulator, uuid)).status).toBe(429);
		advance(1);
		expect((await status(emulator, uuid)).status).toBe(200);
	});

	test('can be refused with HTTP 200', async () => {
		emulator.reset({ httpStatus: 'ok' });
		const answer = await generate(emulator, {});
		expect(answer.status).toBe(200);
		expect(answer.json).toEqual(refusal(1000, /generationType/));
	});

	test('is answered with HTTP 404 and code 1000 on an unknown path', async () => {
		const answer = await call(`${emulator.url}/videos`);
		expect(answer.status).toBe(404);
		expect(answer.json).toEqual(refusal(1000, /Not found: GET \/api\/videos/));
		expect(emulator.count('other')).toBe(1);
	});

	test('can be delayed', async () => {
		emulator.reset({ latencyMs: 60 });
		const start = performance.now();
		await generate(emulator, textRequest);
		expect(performance.now() - start).toBeGreaterThan(50);
	});
});

describe('GET /api/video-status', () => {
	/** The status answer right after acceptance. */
	async function firstStatus(options: EmulatorOptions): Promise<unknown> {
		emulator.reset(options);
		const { uuid } = emulator.accept(textRequest);
		return (await status(emulator, uuid)).json;
	}

	test('goes from pending to processing to completed', async () => {
		const advance = stopClock();
		emulator.reset({ queuedMs: 10_000, durationMs: 30_000 });
		const job = emulator.accept(textRequest);
		const { uuid } = job;
		const check = () => status(emulator, uuid).then(({ json }) => json);
		expect(await check()).toMatchObject({
			data: { uuid, status: 'pending', progress: 0, estimatedTime: 30 },
		});
		advance(15_000);
		expect(await check()).toEqual({
			code: 0,
			msg: 'Success',
			data: { uuid, status: 'processing', progress: 25, estimatedTime: 15 },
		});
		expect(job.firstToldFinalAt).toBeUndefined();
		advance(15_000);
		const videoUrl = `${emulator.origin}/videos/${uuid}.mp4`;
		const data = { uuid, status: 'completed', videoUrl, progress: 100 };
		expect(await check()).toEqual({ code: 0, msg: 'Success', data });
		expect(job.statusChecks).toBe(3);
		expect(job.firstToldFinalAt).toBe(job.finalAt);
	});

	test.each(['error', 'errorMessage', 'message', 'failReason'] as const)(
		'has the reason of a failure in data.%s',
		async (failureField) => {
			const failureMessage = 'Not allowed';
			const outcome = 'failed';
			const json = await firstStatus({ durationMs: 0, outcome, failureField, failureMessage });
			const { uuid } = emulator.jobs[0] ?? {};
			const data = { uuid, status: 'failed', [failureField]: failureMessage };
			expect(json).toEqual({ code: 0, msg: 'Success', data });
		},
	);

	test('has the reason of a failure in msg', async () => {
		const failed = { durationMs: 0, outcome: 'failed', failureMessage: 'Not allowed' } as const;
		const json = await firstStatus({ ...failed, failureField: 'msg' });
		const { uuid } = emulator.jobs[0] ?? {};
		expect(json).toEqual({ code: 0, msg: 'Not allowed', data: { uuid, status: 'failed' } });
	});

	test('accepts settings per job', () => {
		emulator.reset({
			durationMs: (_request, index) => (index === 0 ? 0 : 60_000),
			outcome: ({ prompt }) => (prompt.includes('bad') ? 'failed' : 'completed'),
		});
		emulator.accept({ ...textRequest, prompt: 'a bad one' });
		emulator.accept(textRequest);
		expect(emulator.jobs.map((job) => job.status)).toEqual(['failed', 'processing']);
	});

	test('has correct, wrong, random or no estimates', async () => {
		const durationMs = 100_000;
		expect(await firstStatus({ durationMs })).toMatchObject({
			data: { progress: 0, estimatedTime: 100 },
		});
		expect(await firstStatus({ durationMs, estimates: 'wrong' })).toMatchObject({
			data: { progress: 99, estimatedTime: 1 },
		});
		const random = await firstStatus({ durationMs, estimates: 'random' });
		expect(await firstStatus({ durationMs, estimates: 'random', seed: 2 })).not.toMatchObject({
			data: { estimatedTime: (random as { data: { estimatedTime: number } }).data.estimatedTime },
		});
		const { uuid } = emulator.accept(textRequest);
		emulator.options.estimates = 'none';
		expect((await status(emulator, uuid)).json).toEqual({
			code: 0,
			msg: 'Success',
			data: { uuid, status: 'processing' },
		});
	});

	test('refuses an unknown uuid in the configured way', async () => {
		const answer = await status(emulator, 'nope');
		expect(answer.status).toBe(400);
		expect(answer.json).toEqual(refusal(1000, /nope/));
		emulator.options.unknownUuid = 'http404';
		const bare = await status(emulator, 'nope');
		expect([bare.status, bare.json]).toEqual([404, undefined]);
	});
});

describe('recorded requests', () => {
	test('include every request until reset', async () => {
		await generate(emulator, textRequest);
		await generate(emulator, {});
		const uuid = emulator.jobs[0]?.uuid ?? '';
		await status(emulator, uuid);
		expect(emulator.requests).toMatchObject([
			{ kind: 'generate', method: 'POST', path: '/api/generate-video', body: textRequest, uuid },
			{ kind: 'generate', answered: 400 },
			{ kind: 'status', path: `/api/video-status/${uuid}`, uuid, answered: 200 },
		]);
		expect(emulator.requests[0]?.headers.authorization).toBe('Bearer veo-emulator-key');
		expect(emulator.count('generate')).toBe(2);
		emulator.reset({ credits: 10 });
		expect([emulator.jobs, emulator.requests, emulator.credits]).toEqual([[], [], 10]);
		expect((await status(emulator, uuid)).status).toBe(400);
	});

	test('are passed to the log option one by one', async () => {
		const log = jest.fn();
		emulator.reset({ log });
		await generate(emulator, textRequest);
		await until(() => log.mock.calls.length > 0);
		expect(log.mock.calls).toEqual([[emulator.requests[0]]]);
	});
});

test('a port in use is refused with EADDRINUSE', async () => {
	await expect(startEmulator({ port: emulator.port })).rejects.toMatchObject({
		code: 'EADDRINUSE',
	});
});

test('close ends unanswered requests', async () => {
	const other = await startEmulator({ faults: [{ on: 'generate', do: { type: 'hang' } }] });
	const pending = generate(other, textRequest).catch((error: unknown) => error);
	await until(() => other.count('generate') === 1);
	const start = performance.now();
	await other.close();
	expect(performance.now() - start).toBeLessThan(1000);
	expect(await pending).toBeInstanceOf(Error);
	await expect(call(other.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
