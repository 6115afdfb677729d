import type { EmulatorOptions, Fault, FaultAction } from '../../emulator';
import {
	always,
	containing,
	failureOf,
	jsonOf,
	numbered,
	once,
	PROMPT,
	prompts,
	together,
	useN8n,
	withEmulator,
} from './support';

useN8n();
const test = together(40);

const wait = { operation: 'generateAndWait', prompt: 'A fox' };

/** The time from each status check to the next, in ms. */
const pauses = (requests: ReadonlyArray<{ kind: string; receivedAt: number }>): number[] =>
	requests
		.filter(({ kind }) => kind === 'status')
		.map(({ receivedAt }, index, all) => receivedAt - (all[index - 1]?.receivedAt ?? receivedAt))
		.slice(1);

describe('Waiting for a job', () => {
	const survivable: Array<[string, FaultAction]> = [
		['an unknown status', { type: 'alter', data: { status: 'paused', videoUrl: undefined } }],
		['a status in capitals', { type: 'alter', data: { status: 'COMPLETED' } }],
		['an empty status', { type: 'alter', data: { status: '' } }],
		['a numeric status', { type: 'alter', data: { status: 3 } }],
		['a missing status', { type: 'alter', data: { status: undefined } }],
		['a decreasing progress', { type: 'alter', data: { status: 'processing', progress: 1 } }],
		[
			'fields of other types',
			{ type: 'alter', data: { status: 'pending', progress: '85%', estimatedTime: null } },
		],
		['extra fields', { type: 'alter', data: { status: 'pending', queue: { position: 3 } } }],
		['an unknown video', { type: 'envelope', code: 1000, status: 404 }],
		['a failed proxy', { type: 'html', status: 502 }],
	];
	for (const [name, action] of survivable) {
		test(`continues after ${name}`, async () => {
			const faults = [once('status', action)];
			await withEmulator({ faults }, async ({ emulator, run }) => {
				const [json] = jsonOf(await run(wait));
				expect(json).toMatchObject({ uuid: emulator.jobs[0]?.uuid, status: 'completed' });
				// The output does not contain fields of earlier answers.
				expect(json).not.toHaveProperty('queue');
				expect(emulator.count('status')).toBe(2);
				expect(emulator.count('generate')).toBe(1);
			});
		});
	}

	test('continues after consecutive failures', async () => {
		const failures: FaultAction[] = [
			{ type: 'resetBeforeAnswer' },
			{ type: 'envelope', code: 5000, status: 500 },
		];
		const faults = failures.map((action, index) =>
			always('status', action, { occurrence: index + 1 }),
		);
		await withEmulator({ faults }, async ({ emulator, run }) => {
			expect(jsonOf(await run(wait))).toMatchObject([{ status: 'completed' }]);
			expect(emulator.count('status')).toBe(3);
			expect(emulator.count('generate')).toBe(1);
		});
	});

	for (const retryAfterAs of ['seconds', 'date'] as const) {
		test(`obeys a Retry-After given as ${retryAfterAs}, for all items`, async () => {
			const faults: Fault[] = [
				once('status', { type: 'http', status: 429, retryAfter: 8, retryAfterAs }),
			];
			await withEmulator({ faults, durationMs: 1000 }, async ({ emulator, run }) => {
				const ran = await run({ ...wait, prompt: PROMPT }, { items: prompts('one', 'two') });
				expect(jsonOf(ran)).toMatchObject([{ status: 'completed' }, { status: 'completed' }]);
				const checks = emulator.requests.filter(({ kind }) => kind === 'status');
				const refusedAt = checks.find(({ answered }) => answered === 429)?.receivedAt ?? 0;
				// A date has no fractions of a second, so the wait can be up to one second shorter.
				const early = checks.filter(
					({ receivedAt }) => receivedAt > refusedAt + 500 && receivedAt < refusedAt + 6900,
				);
				expect(early).toEqual([]);
			});
		});
	}

	test('obeys a Retry-After with code 1003', async () => {
		const headers = { 'retry-after': '7' };
		const faults = [once('status', { type: 'envelope', code: 1003, headers })];
		await withEmulator({ faults }, async ({ emulator, run }) => {
			expect(jsonOf(await run(wait))).toMatchObject([{ status: 'completed' }]);
			const [pause = 0] = pauses(emulator.requests);
			expect(pause).toBeGreaterThanOrEqual(6950);
		});
	});

	const refusals: Array<[string, FaultAction, object]> = [
		[
			'code 1002',
			{ type: 'envelope', code: 1002, msg: 'Unknown key' },
			{ code: 1002, httpStatus: 200 },
		],
		['HTTP 401', { type: 'http', status: 401 }, { httpStatus: 401 }],
		['HTTP 403', { type: 'html', status: 403 }, { httpStatus: 403 }],
	];
	for (const [name, action, details] of refusals) {
		test(`fails with the ID if the key is refused: ${name}`, async () => {
			const faults = [always('status', action, { occurrence: [2, 3, 4] })];
			await withEmulator({ faults, durationMs: 60_000 }, async ({ emulator, run }) => {
				const ran = await run(wait);
				const uuid = emulator.jobs[0]?.uuid;
				expect(failureOf(ran)).toMatchObject({
					name: 'NodeApiError',
					message: `The API refused the key while video ${uuid} was being made. Its last status was 'processing'. It is paid for and still being made: check the Veo API credential, then get it using Get Status with this ID.`,
					context: { uuid, lastStatus: 'processing', ...details },
				});
				expect(ran.customData).toEqual({ veo_uuid: uuid });
				expect(emulator.count('status')).toBe(2);
			});
		});
	}
});

describe('A job that is not finished in time', () => {
	const slow: EmulatorOptions = { durationMs: 60_000, queuedMs: 0 };
	const options = { maxWaitTime: 6 };

	test('fails with its ID, its last status and the next step', async () => {
		await withEmulator(slow, async ({ emulator, run }) => {
			const ran = await run({ ...wait, options });
			const uuid = emulator.jobs[0]?.uuid;
			expect(failureOf(ran)).toMatchObject({
				name: 'NodeApiError',
				message: `Video ${uuid} was not finished after 6 seconds. Its last status was 'processing'. It is paid for and still being made: get it later using Get Status with this ID, or raise 'Max Wait Time'.`,
				context: { uuid, lastStatus: 'processing', itemIndex: 0 },
			});
			expect(ran.customData).toEqual({ veo_uuid: uuid });
			// At the start, after the interval, and at the end of the wait.
			expect(emulator.count('status')).toBe(3);
		});
	});

	test('is returned with its last status if On Timeout says so', async () => {
		await withEmulator(slow, async ({ emulator, run }) => {
			const ran = await run(
				{ ...wait, downloadVideo: true, options: { ...options, onTimeout: 'returnStatus' } },
				{ node: { onError: 'continueErrorOutput' } },
			);
			const [json] = jsonOf(ran);
			expect(json).toMatchObject({
				uuid: emulator.jobs[0]?.uuid,
				status: 'processing',
				prompt: 'A fox',
			});
			expect(json).not.toHaveProperty('error');
			expect(ran.outputs[1] ?? []).toEqual([]);
			expect(ran.customData).toEqual({});
		});
	});

	test('is reported with the last failed check', async () => {
		const faults = [always('status', { type: 'envelope', code: 5000, msg: 'Down', status: 500 })];
		await withEmulator({ ...slow, faults }, async ({ emulator, run }) => {
			for (const onTimeout of ['error', 'returnStatus']) {
				const ran = await run({ ...wait, options: { ...options, onTimeout } });
				const uuid = emulator.jobs.at(-1)?.uuid;
				if (onTimeout === 'returnStatus') {
					expect(jsonOf(ran)).toMatchObject([{ uuid, status: 'pending' }]);
					continue;
				}
				expect(failureOf(ran)).toMatchObject({
					message: containing(`Video ${uuid} was not finished after 6 seconds`),
					messages: [containing('API message: Down')],
					httpCode: '500',
					context: { uuid, code: 5000, httpStatus: 500 },
				});
			}
		});
	});

	test('is not waited for beyond Max Wait Time because of a Retry-After', async () => {
		const faults = [always('status', { type: 'http', status: 429, retryAfter: 3600 })];
		await withEmulator({ ...slow, faults }, async ({ emulator, run }) => {
			const ran = await run({ ...wait, options });
			const uuid = emulator.jobs[0]?.uuid;
			expect(failureOf(ran).message).toContain(`Video ${uuid} was not finished`);
			expect(emulator.count('status')).toBe(1);
		});
	});

	test('does not affect the other items', async () => {
		const durationMs = ({ prompt }: { prompt: string }) => (prompt === 'slow' ? 60_000 : 0);
		await withEmulator({ durationMs }, async ({ emulator, run }) => {
			const ran = await run(
				{ ...wait, prompt: PROMPT, options },
				{ items: prompts('slow', 'quick'), node: { onError: 'continueRegularOutput' } },
			);
			const uuid = emulator.jobs.find(({ request }) => request.prompt === 'slow')?.uuid;
			expect(ran.outputs[0]).toMatchObject([
				{ json: { uuid, error: containing('was not finished') }, pairedItem: { item: 0 } },
				{ json: { prompt: 'quick', status: 'completed' }, pairedItem: { item: 1 } },
			]);
		});
	});
});

describe('Paid requests', () => {
	test('are repeated after code 1003, with one accepted job', async () => {
		const faults = [
			always('generate', { type: 'envelope', code: 1003, status: 429 }, { occurrence: [1, 2] }),
		];
		await withEmulator({ faults }, async ({ emulator, run }) => {
			expect(jsonOf(await run({ operation: 'generate', prompt: 'A fox' }))).toHaveLength(1);
			expect(emulator.count('generate')).toBe(3);
			expect(emulator.jobs).toHaveLength(1);
		});
	});

	test('obey Retry-After', async () => {
		const faults = [once('generate', { type: 'http', status: 429, retryAfter: 3 })];
		await withEmulator({ faults }, async ({ emulator, run }) => {
			expect(jsonOf(await run({ operation: 'generate', prompt: 'A fox' }))).toHaveLength(1);
			const [first, second] = emulator.requests.map(({ receivedAt }) => receivedAt);
			expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(2950);
		});
	});

	test('name a Retry-After of an hour once Max Wait Time is over', async () => {
		const faults = [always('generate', { type: 'http', status: 429, retryAfter: 3600 })];
		await withEmulator({ faults }, async ({ emulator, run }) => {
			const options = { maxWaitTime: 2 };
			const ran = await run({ operation: 'generate', prompt: 'A fox', options });
			expect(failureOf(ran).description).toContain('Try again in 3600 seconds');
			expect(emulator.count('generate')).toBe(1);
		});
	});

	test('slow down together', async () => {
		const rateLimit = { requests: 4, perMs: 1000 };
		await withEmulator({ rateLimit }, async ({ emulator, run }) => {
			const items = prompts(...numbered(12));
			const options = { maxRetries: 10 };
			const ran = await run({ operation: 'generate', prompt: PROMPT, options }, { items });
			expect(jsonOf(ran)).toHaveLength(12);
			expect(emulator.jobs).toHaveLength(12);
		});
	});
});
