import {
	failedWithCode,
	failing,
	fileType,
	lateFile,
	lateVideoUrl,
	lostAnswer,
	maxAcceptedJobs,
	maxRunningJobs,
	refuse,
	startEmulator,
	tooManyTasks,
	type Emulator,
	type FailingJobs,
} from '../../emulator';
import { call, generate, status, stopClock, textRequest } from './client';

let emulator: Emulator;
beforeAll(async () => {
	emulator = await startEmulator({ durationMs: 0 });
});
afterAll(() => emulator.close());
beforeEach(() => emulator.reset());
afterEach(() => jest.restoreAllMocks());

/** The `data` of a status answer. */
async function statusData(uuid: string): Promise<unknown> {
	const { json } = await status(emulator, uuid);
	return (json as { data: unknown }).data;
}

describe('lateVideoUrl', () => {
	const completed = { status: 'completed', progress: 100 };

	test.each([
		['no', undefined, {}],
		['an empty', '', { videoUrl: '' }],
		['a null', null, { videoUrl: null }],
	] as const)('the first answers of each job have %s videoUrl', async (_name, as, expected) => {
		emulator.options.faults = [lateVideoUrl({ requests: 2, as })];
		for (const { uuid } of [emulator.accept(textRequest), emulator.accept(textRequest)]) {
			for (const data of [await statusData(uuid), await statusData(uuid)]) {
				expect(data).toEqual({ uuid, ...completed, ...expected });
			}
			const videoUrl = `${emulator.origin}/videos/${uuid}.mp4`;
			expect(await statusData(uuid)).toEqual({ uuid, ...completed, videoUrl });
		}
	});

	test('counts only answers with `completed`', async () => {
		const advance = stopClock();
		emulator.options.durationMs = 200;
		emulator.options.faults = [lateVideoUrl({ requests: 1 })];
		const { uuid } = emulator.accept(textRequest);
		expect(await statusData(uuid)).toMatchObject({ status: 'processing' });
		advance(200);
		expect(await statusData(uuid)).not.toHaveProperty('videoUrl');
		expect(await statusData(uuid)).toHaveProperty('videoUrl');
	});

	test('can last for a time after completion', async () => {
		const advance = stopClock();
		emulator.options.faults = [lateVideoUrl({ ms: 300 })];
		const { uuid } = emulator.accept(textRequest);
		expect(await statusData(uuid)).not.toHaveProperty('videoUrl');
		advance(300);
		expect(await statusData(uuid)).toHaveProperty('videoUrl');
	});
});

describe('lateFile', () => {
	const get = (uuid: string) => call(`${emulator.origin}/videos/${uuid}.mp4`);

	test.each([404, 403, 410, 503])('the first GETs of each file get HTTP %d', async (as) => {
		emulator.options.faults = [lateFile({ requests: 2, as })];
		for (const job of [emulator.accept(textRequest), emulator.accept(textRequest)]) {
			const answers = [await get(job.uuid), await get(job.uuid), await get(job.uuid)];
			expect(answers.map((answer) => answer.status)).toEqual([as, as, 200]);
			expect(job.fileRequests).toBe(3);
		}
	});

	test('the first GET gets an empty body or an HTML page', async () => {
		emulator.options.faults = [
			lateFile({ requests: 1, as: 'empty' }),
			{ ...lateFile({ as: 'html' }), occurrence: 2 },
		];
		const { uuid } = emulator.accept(textRequest);
		const [empty, html, video] = [await get(uuid), await get(uuid), await get(uuid)];
		expect(empty).toMatchObject({ status: 200, bytes: Buffer.alloc(0) });
		expect(html).toMatchObject({ status: 200, headers: { 'content-type': 'text/html' } });
		expect(video).toMatchObject({ status: 200, headers: { 'content-type': 'video/mp4' } });
	});

	test('can last for a time after completion', async () => {
		const advance = stopClock();
		emulator.options.faults = [lateFile({ ms: 300 })];
		const { uuid } = emulator.accept(textRequest);
		expect((await get(uuid)).status).toBe(404);
		advance(300);
		expect((await get(uuid)).status).toBe(200);
	});
});

describe('videoUrlLifetimeMs', () => {
	async function videoUrl(uuid: string): Promise<string> {
		const data = (await statusData(uuid)) as { videoUrl: string };
		return data.videoUrl;
	}

	test('each status check gets a fresh URL, and the old one expires', async () => {
		const advance = stopClock();
		emulator.options.videoUrlLifetimeMs = 300;
		const { uuid } = emulator.accept(textRequest);
		const first = await videoUrl(uuid);
		expect(await videoUrl(uuid)).not.toBe(first);
		const { status: httpStatus, headers } = await call(first, { headers: { range: 'bytes=0-9' } });
		expect([httpStatus, headers['content-length']]).toEqual([206, '10']);
		advance(300);
		const expired = await call(first);
		expect(expired).toMatchObject({ status: 403, headers: { 'content-type': 'application/xml' } });
		expect((await call(await videoUrl(uuid))).status).toBe(200);
	});

	test('unsigned and altered URLs are refused', async () => {
		emulator.options.videoUrlLifetimeMs = 60_000;
		const { uuid } = emulator.accept(textRequest);
		const url = await videoUrl(uuid);
		for (const altered of [url.split('?')[0] ?? '', url.replace(/expires=1/, 'expires=2')]) {
			expect((await call(altered)).status).toBe(403);
		}
	});
});

test.each(['application/mp4', 'text/plain', undefined])('fileType %s', async (type) => {
	emulator.options.faults = [fileType(type)];
	const { uuid } = emulator.accept(textRequest);
	const { headers, bytes } = await call(`${emulator.origin}/videos/${uuid}.mp4`);
	expect(headers['content-type']).toBe(type);
	expect(headers['content-length']).toBe(`${bytes.length}`);
	expect(bytes.subarray(4, 8).toString()).toBe('ftyp');
});

describe('limits of submissions', () => {
	const msg = 'Too many concurrent tasks';
	const envelope = { code: 1003, msg, data: null };

	test.each([
		['http429', 429, undefined],
		['code1003', 429, envelope],
		['code1003-http200', 200, envelope],
	] as const)('tooManyTasks as %s', async (form, httpStatus, json) => {
		emulator.options.faults = [{ on: 'generate', do: tooManyTasks(form) }];
		const refused = await generate(emulator, textRequest);
		expect(refused).toMatchObject({ status: httpStatus, json });
		expect(refused.bytes.toString()).toContain(msg);
		expect(refused.headers).not.toHaveProperty('retry-after');
		emulator.options.faults = [{ on: 'generate', do: tooManyTasks(form, 30) }];
		expect((await generate(emulator, textRequest)).headers['retry-after']).toBe('30');
		expect(emulator.jobs).toEqual([]);
	});

	async function submit(): Promise<number> {
		return (await generate(emulator, textRequest)).status;
	}

	test('maxRunningJobs refuses until a job ends', async () => {
		const advance = stopClock();
		emulator.options.durationMs = 10_000;
		emulator.options.faults = [maxRunningJobs(2, tooManyTasks('http429'))];
		expect([await submit(), await submit(), await submit()]).toEqual([200, 200, 429]);
		advance(9_999);
		expect(await submit()).toBe(429);
		advance(1);
		expect([await submit(), await submit(), await submit()]).toEqual([200, 200, 429]);
		expect(emulator.jobs).toHaveLength(4);
	});

	test('maxAcceptedJobs counts accepted submissions in a sliding window', async () => {
		const advance = stopClock();
		emulator.options.faults = [
			maxAcceptedJobs({ jobs: 2, perMs: 60_000 }, tooManyTasks('http429')),
		];
		expect(await submit()).toBe(200);
		advance(30_000);
		expect([await submit(), await submit()]).toEqual([200, 429]);
		advance(30_000);
		expect([await submit(), await submit()]).toEqual([200, 429]);
		expect(emulator.jobs).toHaveLength(3);
	});
});

test.each([
	[5000, 200],
	[5000, 500],
	[4001, 422],
])('failedWithCode %d, HTTP %d', async (code, httpStatus) => {
	emulator.options.outcome = ({ prompt }) => (prompt === 'bad' ? 'failed' : 'completed');
	const msg = 'rejected by the content policy';
	emulator.options.faults = [failedWithCode(code, msg, httpStatus)];
	const failed = emulator.accept({ ...textRequest, prompt: 'bad' });
	expect(await status(emulator, failed.uuid)).toMatchObject({
		status: httpStatus,
		json: { code, msg, data: { status: 'failed' } },
	});
	expect(failed.firstToldFinalAt).toBeDefined();
	const completed = emulator.accept(textRequest);
	expect(await statusData(completed.uuid)).toMatchObject({ status: 'completed' });
});

describe('refuse', () => {
	test.each([
		[400, { code: 4001, msg: 'Prompt too long', data: null }],
		[402, { code: 9, msg: 'Plan expired', data: null }],
		[422, { detail: 'prompt flagged' }],
		[429, { code: 4290, msg: 'Busy', data: null }],
		[422, { errors: [{ message: 'prompt flagged' }] }],
	])('HTTP %d with %j creates no job', async (httpStatus, body) => {
		emulator.options.faults = [refuse(httpStatus, body)];
		const answer = await generate(emulator, textRequest);
		expect(answer).toMatchObject({ status: httpStatus, json: body });
		expect(emulator.jobs).toEqual([]);
		expect(emulator.credits).toBe(1_000_000);
	});

	test('selects submissions by prompt and count', async () => {
		const which = { prompt: 'fox', occurrence: { first: 1 } };
		emulator.options.faults = [refuse(400, { detail: 'flagged' }, which)];
		const prompts = ['a hare', 'a fox', 'a fox'];
		const answers: number[] = [];
		for (const prompt of prompts) {
			answers.push((await generate(emulator, { ...textRequest, prompt })).status);
		}
		expect(answers).toEqual([200, 400, 200]);
	});
});

describe('failing', () => {
	const prompts = ['a fox', 'a hare', 'a fox', 'a hare', 'a fox'];

	test.each<[FailingJobs, string[]]>([
		[{}, ['failed', 'failed', 'failed', 'failed', 'failed']],
		[{ attempts: 1 }, ['failed', 'failed', 'completed', 'completed', 'completed']],
		[{ attempts: 2 }, ['failed', 'failed', 'failed', 'failed', 'completed']],
		[{ jobs: 1 }, ['failed', 'completed', 'completed', 'completed', 'completed']],
		[{ prompt: 'hare' }, ['completed', 'failed', 'completed', 'failed', 'completed']],
		[{ prompt: 'fox', attempts: 1 }, ['failed', ...Array<string>(4).fill('completed')]],
	])('%j', async (which, expected) => {
		emulator.options.outcome = failing(which);
		for (const prompt of prompts) await generate(emulator, { ...textRequest, prompt });
		const statuses = await Promise.all(emulator.jobs.map(({ uuid }) => statusData(uuid)));
		expect(statuses).toMatchObject(expected.map((job) => ({ status: job })));
	});
});

test('lostAnswer: the second submission is paid, but has no answer', async () => {
	emulator.options.faults = [lostAnswer(2)];
	const prompts = ['one', 'two', 'three'];
	const answers: Array<number | undefined> = [];
	for (const prompt of prompts) {
		const answer = await generate(emulator, { ...textRequest, prompt }).catch(() => undefined);
		answers.push(answer?.status);
	}
	expect(answers).toEqual([200, undefined, 200]);
	expect(emulator.jobs.map(({ request }) => request.prompt)).toEqual(prompts);
	expect(emulator.credits).toBe(1_000_000 - 3 * 2);
	expect(emulator.requests[1]).toMatchObject({ answered: 'reset', uuid: emulator.jobs[1]?.uuid });
});
