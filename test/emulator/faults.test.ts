import { setTimeout as sleep } from 'node:timers/promises';
import {
	randomFaults,
	startEmulator,
	troubles,
	type Emulator,
	type Fault,
	type FaultAction,
} from '../../emulator';
import {
	textRequest,
	call,
	generate,
	jpeg,
	readSome,
	status,
	until,
	upload,
	type Received,
} from './client';

let emulator: Emulator;
beforeAll(async () => {
	emulator = await startEmulator({ durationMs: 0 });
});
afterAll(() => emulator.close());
beforeEach(() => emulator.reset());

/** The answer to a status check with this fault. */
async function statusWith(action: FaultAction, signal?: AbortSignal): Promise<Received> {
	emulator.options.faults = [{ on: 'status', do: action }];
	return status(emulator, emulator.accept(textRequest).uuid, signal);
}

/** The answer to a download with this fault. */
async function videoWith(action: FaultAction): Promise<Received> {
	emulator.options.faults = [{ on: 'video', do: action }];
	return call(`${emulator.origin}/videos/${emulator.accept(textRequest).uuid}.mp4`);
}

/** The numbers of the requests that failed, counted from 1. */
async function failures(count: number, ask: () => Promise<Received>): Promise<number[]> {
	const failed: number[] = [];
	for (let i = 1; i <= count; i++) if ((await ask()).status >= 500) failed.push(i);
	return failed;
}

const http503: FaultAction = { type: 'http', status: 503 };

describe('each fault action', () => {
	// The last two are Windows' codes for a reset while sending.
	const connectionReset = expect.stringMatching(
		/ECONNRESET|UND_ERR_SOCKET|EPIPE|ECONNABORTED|ECANCELED/,
	) as string;

	test('resetWhileSending', async () => {
		emulator.options.faults = [{ on: 'upload', do: { type: 'resetWhileSending' }, occurrence: 1 }];
		const large = Buffer.alloc(20_000_000);
		jpeg.copy(large);
		await expect(upload(emulator, large)).rejects.toMatchObject({ code: connectionReset });
		expect(emulator.requests[0]).toMatchObject({ kind: 'upload', answered: 'reset' });
		expect(emulator.requests[0]?.body).toBeUndefined();
		expect((await upload(emulator, jpeg)).status).toBe(200);
	});

	test('resetBeforeAnswer', async () => {
		await expect(statusWith({ type: 'resetBeforeAnswer' })).rejects.toMatchObject({
			code: connectionReset,
		});
		expect(emulator.requests[0]?.answered).toBe('reset');
		expect(emulator.jobs[0]?.firstToldFinalAt).toBeUndefined();
	});

	test.each(['status', 'video'] as const)('resetMidAnswer on %s', async (on) => {
		emulator.options.faults = [{ on, do: { type: 'resetMidAnswer' } }];
		const { uuid } = emulator.accept(textRequest);
		const path = on === 'video' ? `/videos/${uuid}.mp4` : `/api/video-status/${uuid}`;
		const { headers, bytes, error } = await readSome(emulator.origin + path);
		expect(error).toMatchObject({ code: connectionReset });
		expect(bytes).toBe(Math.floor(Number(headers['content-length']) / 2));
		await until(() => emulator.requests[0]?.answered === 'reset');
	});

	test('hang', async () => {
		await expect(statusWith({ type: 'hang' }, AbortSignal.timeout(100))).rejects.toThrow();
		await until(() => emulator.requests[0]?.answered === 'aborted');
	});

	test('delay', async () => {
		const start = performance.now();
		expect((await statusWith({ type: 'delay', ms: 100 })).json).toMatchObject({ code: 0 });
		expect(performance.now() - start).toBeGreaterThan(95);
	});

	test('delay that outlasts the client', async () => {
		const timeout = AbortSignal.timeout(200);
		await expect(statusWith({ type: 'delay', ms: 700 }, timeout)).rejects.toThrow();
		await sleep(800);
		expect(emulator.requests[0]?.answered).toBe('aborted');
		expect(emulator.jobs[0]?.firstToldFinalAt).toBeUndefined();
	});

	test('http', async () => {
		const headers = { location: 'http://127.0.0.1:9/' };
		const redirect = await statusWith({ type: 'http', status: 302, headers, body: 'there' });
		expect(redirect).toMatchObject({ status: 302, headers, bytes: Buffer.from('there') });
		const busy = await statusWith({ type: 'http', status: 429, retryAfter: 5 });
		expect(busy).toMatchObject({ status: 429, headers: { 'retry-after': '5' } });
		const date = { retryAfter: 60, retryAfterAs: 'date' } as const;
		const later = await statusWith({ type: 'http', status: 503, ...date });
		const wait = Date.parse(String(later.headers['retry-after'])) - Date.now();
		expect(wait).toBeGreaterThan(58_000);
		expect(wait).toBeLessThan(61_000);
		expect((await statusWith({ type: 'http', status: 204 })).status).toBe(204);
	});

	test('envelope', async () => {
		const plain = await statusWith({ type: 'envelope', code: 5000 });
		expect(plain).toMatchObject({ status: 200, json: { code: 5000, msg: 'Fault', data: null } });
		const own = { code: '1003', msg: 'Slow down', data: [1] };
		const headers = { 'retry-after': '9' };
		expect(await statusWith({ type: 'envelope', ...own, status: 429, headers })).toMatchObject({
			status: 429,
			headers,
			json: own,
		});
	});

	test('html', async () => {
		const page = await statusWith({ type: 'html' });
		expect(page).toMatchObject({ status: 502, headers: { 'content-type': 'text/html' } });
		expect(page.bytes.toString()).toContain('<html>');
		expect((await statusWith({ type: 'html', status: 200 })).status).toBe(200);
	});

	test('empty', async () => {
		expect(await statusWith({ type: 'empty' })).toMatchObject({
			status: 200,
			bytes: Buffer.alloc(0),
		});
	});

	test('cutOff', async () => {
		const { status, headers, bytes, json } = await statusWith({ type: 'cutOff' });
		expect([status, headers['content-length']]).toEqual([200, `${bytes.length}`]);
		expect(bytes.toString()).toMatch(/^\{"code":0,"msg":"Success","data":\{"uuid"/);
		expect(json).toBeUndefined();
	});

	test.each([[[]], ['text'], [null], [{ data: null }], [7]])('json: %j', async (value) => {
		expect(await statusWith({ type: 'json', value })).toMatchObject({ status: 200, json: value });
	});

	test('envelope and json with Retry-After', async () => {
		const header = { headers: { 'retry-after': '7' } };
		const envelope = { type: 'envelope', code: 1003, retryAfter: 7 } as const;
		expect(await statusWith(envelope)).toMatchObject(header);
		const json = { type: 'json', value: {}, status: 429, retryAfter: 7 } as const;
		expect(await statusWith(json)).toMatchObject(header);
	});

	test('huge', async () => {
		const { bytes, json } = await statusWith({ type: 'huge', megabytes: 3 });
		expect(bytes.length).toBeGreaterThan(3 * 1024 * 1024);
		expect(json).toMatchObject({ code: 0, data: { status: 'completed' } });
	});

	test.each([
		[{ type: 'trickle', everyMs: 10 }, 3],
		[{ type: 'endless' }, 5_000_000],
	] as const)('%j', async (action, enough) => {
		emulator.options.faults = [{ on: 'video', do: action }];
		const { uuid } = emulator.accept(textRequest);
		const { headers, bytes } = await readSome(`${emulator.origin}/videos/${uuid}.mp4`, enough);
		expect(bytes).toBeGreaterThanOrEqual(enough);
		expect(headers['content-length']).toBeUndefined();
		await until(() => emulator.requests[0]?.answered === 'aborted');
	});

	test('alter, of data and envelope', async () => {
		const data = { status: 'paused', progress: undefined, videoUrl: 'file:///etc/passwd', seed: 7 };
		const { json } = await statusWith({ type: 'alter', envelope: { code: '0' }, data });
		const { uuid } = emulator.jobs[0] ?? {};
		const { status, videoUrl, seed } = data;
		expect(json).toEqual({ code: '0', msg: 'Success', data: { uuid, status, videoUrl, seed } });
		expect(emulator.jobs[0]?.firstToldFinalAt).toBeUndefined();
	});

	test('alter, of headers', async () => {
		const headers = {
			'content-type': 'text/html',
			'content-disposition': 'attachment; filename="../../x"',
		};
		const video = await videoWith({ type: 'alter', headers });
		expect(video).toMatchObject({ status: 200, headers });
		expect(video.bytes.subarray(4, 8).toString()).toBe('ftyp');
	});
});

describe('a fault selects requests', () => {
	const check = () => status(emulator, 'nope');

	test.each<[Fault['occurrence'], number[]]>([
		[undefined, [1, 2, 3, 4]],
		['every', [1, 2, 3, 4]],
		[2, [2]],
		[
			[1, 4],
			[1, 4],
		],
	])('by occurrence %j', async (occurrence, expected) => {
		emulator.options.faults = [{ on: 'status', do: http503, occurrence }];
		expect(await failures(4, check)).toEqual(expected);
		expect(emulator.requests.map(({ fault }) => fault !== undefined)).toEqual(
			[1, 2, 3, 4].map((i) => expected.includes(i)),
		);
	});

	test('by uuid and by prompt, counted per job', async () => {
		const [a, b, c] = ['cat one', 'cat two', 'dog'].map(
			(prompt) => emulator.accept({ ...textRequest, prompt }).uuid,
		);
		const each = async () =>
			(await Promise.all([a, b, c].map((uuid) => status(emulator, uuid ?? '')))).map(
				(answer) => answer.status,
			);
		emulator.options.faults = [{ on: 'status', do: http503, prompt: 'cat', occurrence: 2 }];
		expect([await each(), await each()]).toEqual([
			[200, 200, 200],
			[503, 503, 200],
		]);
		emulator.options.faults = [{ on: 'status', do: http503, uuid: c, occurrence: 1 }];
		expect([await each(), await each()]).toEqual([
			[200, 200, 503],
			[200, 200, 200],
		]);
	});

	test('by prompt of a generate request', async () => {
		emulator.options.faults = [{ on: 'generate', do: http503, prompt: 'cat', occurrence: 2 }];
		const prompts = ['cat', 'dog', 'cat', 'cat'];
		let i = 0;
		const next = () => generate(emulator, { ...textRequest, prompt: prompts[i++] });
		expect(await failures(4, next)).toEqual([3]);
	});

	test('by probability, reproducible by seed', async () => {
		const plan = (seed: number) => {
			emulator.reset({ seed, faults: [{ on: 'status', do: http503, probability: 0.5 }] });
			return failures(40, check);
		};
		const first = await plan(7);
		expect(first.length).toBeGreaterThan(8);
		expect(first.length).toBeLessThan(32);
		expect(await plan(7)).toEqual(first);
		expect(await plan(8)).not.toEqual(first);
	});

	test('the first match is applied, the others still count the request', async () => {
		emulator.options.faults = [
			{ on: 'status', do: { type: 'http', status: 500 }, occurrence: 1 },
			{ on: 'status', do: { type: 'http', status: 502 }, occurrence: [1, 2] },
		];
		const seen = [await check(), await check(), await check()];
		expect(seen.map((answer) => answer.status)).toEqual([500, 502, 400]);
	});

	test('and ignores HEAD', async () => {
		emulator.options.faults = [{ on: 'video', do: http503 }];
		const url = `${emulator.origin}/videos/${emulator.accept(textRequest).uuid}.mp4`;
		expect((await call(url, { method: 'HEAD' })).status).toBe(200);
	});
});

describe('whether a generate request with a fault creates a job', () => {
	const reset = { type: 'resetBeforeAnswer' } as const;
	const cutOff = { type: 'cutOff' } as const;
	const delay = { type: 'delay', ms: 1 } as const;
	const alter = { type: 'alter', data: { uuid: undefined } } as const;
	test.each([
		[reset, undefined, 0],
		[reset, true, 1],
		[cutOff, undefined, 0],
		[cutOff, true, 1],
		[delay, undefined, 1],
		[alter, undefined, 1],
	])('%j with accept %s: %d', async (action, accept, jobs) => {
		emulator.options.faults = [{ on: 'generate', do: action, accept }];
		await generate(emulator, textRequest).catch(() => {});
		expect(emulator.jobs).toHaveLength(jobs);
		expect(emulator.credits).toBe(1_000_000 - 2 * jobs);
		expect(emulator.requests[0]?.uuid).toBe(emulator.jobs[0]?.uuid);
	});

	test('never for an invalid request', async () => {
		emulator.options.faults = [{ on: 'generate', do: reset, accept: true }];
		await generate(emulator, { ...textRequest, prompt: '' }).catch(() => {});
		expect(emulator.jobs).toHaveLength(0);
	});
});

describe('randomFaults', () => {
	test('returns the same plan for the same seed', () => {
		expect(randomFaults(42, 30)).toEqual(randomFaults(42, 30));
		expect(randomFaults(42, 30)).not.toEqual(randomFaults(43, 30));
		expect(randomFaults(42, 30)).toHaveLength(30);
	});

	test('uses every fault of the catalogue', () => {
		const used = new Set(randomFaults(1, 5000).map((fault) => JSON.stringify(fault.do)));
		for (const { do: action } of Object.values(troubles)) {
			expect(used).toContain(JSON.stringify(action));
		}
	});

	test.each(Object.entries(troubles))('the emulator works after %s', async (_name, trouble) => {
		for (const on of trouble.on) {
			const { uuid } = emulator.accept(textRequest);
			emulator.options.faults = [{ on, do: trouble.do, occurrence: 1 }];
			const before = emulator.requests.length;
			const leave = new AbortController();
			const url = {
				generate: `${emulator.url}/generate-video`,
				status: `${emulator.url}/video-status/${uuid}`,
				upload: `${emulator.url}/upload-video-image`,
				video: `${emulator.origin}/videos/${uuid}.mp4`,
			}[on];
			const method = on === 'generate' || on === 'upload' ? 'POST' : 'GET';
			const over = call(url, { method, signal: leave.signal }).catch(() => {});
			await until(() => emulator.requests.length > before);
			setTimeout(() => leave.abort(), 50);
			await over;
			expect(emulator.requests.at(-1)?.fault).toBe(emulator.options.faults[0]);
			expect((await status(emulator, uuid)).json).toMatchObject({ code: 0 });
		}
	});
});
