import type { Fault } from '../../emulator';
import { retryRun, startNode } from '../../harness/core';
import {
	always,
	containing,
	failureOf,
	jsonOf,
	once,
	paidFor,
	PROMPT,
	prompts,
	RETRY_ON_FAIL,
	nodeContextOf,
	together,
	until,
	useN8n,
	withEmulator,
} from './support';

useN8n();
const test = together(20);

const generate = { operation: 'generate', prompt: PROMPT };
const wait = { operation: 'generateAndWait', prompt: PROMPT };

const refuse = (prompt: string, more?: Partial<Fault>) =>
	always('generate', { type: 'envelope', code: 1000, msg: 'Not now' }, { prompt, ...more });
const dropAnswer = (prompt: string) =>
	always('generate', { type: 'resetBeforeAnswer' }, { prompt, accept: true });

const uuidsByPrompt = (jobs: ReadonlyArray<{ uuid: string; request: { prompt: string } }>) =>
	Object.fromEntries(jobs.map(({ uuid, request }) => [request.prompt, uuid]));

describe('Retry On Fail', () => {
	for (const parameters of [generate, wait]) {
		test(`submits only jobs that were not accepted: ${parameters.operation}`, async () => {
			const faults = [refuse('late', { occurrence: [1, 2] })];
			await withEmulator({ faults }, async ({ emulator, run }) => {
				const items = prompts('one', 'two', 'late');
				const ran = await run(parameters, { items, node: RETRY_ON_FAIL });
				expect(jsonOf(ran).map(({ prompt }) => prompt)).toEqual(['one', 'two', 'late']);
				const uuids = uuidsByPrompt(emulator.jobs);
				expect(jsonOf(ran).map(({ uuid }) => uuid)).toEqual([uuids.one, uuids.two, uuids.late]);
				expect(paidFor(emulator).sort()).toEqual(['late', 'late', 'late', 'one', 'two']);
				expect(emulator.jobs).toHaveLength(3);
			});
		});
	}

	test('does not repeat an unclear submission and reports it in each attempt', async () => {
		const faults = [dropAnswer('lost')];
		await withEmulator({ faults }, async ({ emulator, run }) => {
			const ran = await run(generate, { items: prompts('one', 'lost'), node: RETRY_ON_FAIL });
			expect(failureOf(ran)).toMatchObject({
				message: containing('It is unclear whether the API accepted the video'),
				context: { itemIndex: 1 },
			});
			expect(paidFor(emulator).sort()).toEqual(['lost', 'one']);
		});
	});

	test('continues to wait for a job whose wait failed', async () => {
		const faults = [always('status', { type: 'http', status: 401 }, { occurrence: [1, 2] })];
		await withEmulator({ faults }, async ({ emulator, run }) => {
			const ran = await run(wait, { items: prompts('one'), node: RETRY_ON_FAIL });
			expect(jsonOf(ran)).toMatchObject([{ uuid: emulator.jobs[0]?.uuid, status: 'completed' }]);
			expect(emulator.count('generate')).toBe(1);
			expect(emulator.count('status')).toBe(3);
		});
	});

	test('does not pay again for a failed video', async () => {
		await withEmulator({ outcome: 'failed' }, async ({ emulator, run }) => {
			const ran = await run(wait, { items: prompts('one'), node: RETRY_ON_FAIL });
			expect(failureOf(ran).message).toContain('could not be made');
			expect(emulator.count('generate')).toBe(1);
		});
	});

	test('downloads a finished video again without paying again', async () => {
		const faults = [once('video', { type: 'http', status: 404 })];
		await withEmulator({ faults }, async ({ emulator, run }) => {
			const ran = await run(
				{ ...wait, downloadVideo: true },
				{ items: prompts('one'), node: RETRY_ON_FAIL },
			);
			expect(ran.outputs[0]?.[0]?.binary?.data?.mimeType).toBe('video/mp4');
			expect(emulator.count('generate')).toBe(1);
		});
	});

	for (const onError of ['continueRegularOutput', 'continueErrorOutput'] as const) {
		test(`with ${onError} and a failed first item pays for each item once`, async () => {
			const faults = [refuse('bad'), dropAnswer('lost')];
			await withEmulator({ faults }, async ({ emulator, run }) => {
				const items = prompts('bad', 'one', 'lost', 'two');
				const ran = await run(generate, { items, node: { ...RETRY_ON_FAIL, onError } });
				const errors = { bad: containing('Not now'), lost: containing('It is unclear') };
				if (onError === 'continueErrorOutput') {
					expect(jsonOf(ran).map(({ prompt }) => prompt)).toEqual(['one', 'two']);
					expect(jsonOf(ran, 1)).toMatchObject([
						{ prompt: 'bad', error: errors.bad },
						{ prompt: 'lost', error: errors.lost },
					]);
				} else {
					expect(jsonOf(ran)).toMatchObject([
						{ error: errors.bad },
						{ prompt: 'one' },
						{ error: errors.lost },
						{ prompt: 'two' },
					]);
				}
				expect(paidFor(emulator).sort()).toEqual(['bad', 'bad', 'bad', 'lost', 'one', 'two']);
				expect(emulator.jobs).toHaveLength(3);
			});
		});
	}

	test('uploads an image again only if its job was not accepted', async () => {
		const faults = [refuse('late', { occurrence: 1 })];
		await withEmulator({ faults }, async ({ emulator, run }) => {
			const data = {
				mimeType: 'image/png',
				data: Buffer.from('89504e470d0a1a0a0000000d', 'hex').toString('base64'),
			};
			const items = prompts('one', 'late').map((item) => ({ ...item, binary: { data } }));
			const ran = await run(
				{ ...generate, generationType: 'image_to_video', imageSource: 'binary' },
				{ items, node: RETRY_ON_FAIL },
			);
			expect(jsonOf(ran)).toHaveLength(2);
			expect(paidFor(emulator).sort()).toEqual(['late', 'late', 'one']);
			expect(emulator.count('upload')).toBe(3);
		});
	});
});

describe('A retry of a failed execution', () => {
	for (const parameters of [generate, wait]) {
		test(`submits only jobs that were not accepted: ${parameters.operation}`, async () => {
			const faults = [refuse('late', { occurrence: 1 })];
			await withEmulator({ faults }, async ({ emulator, credentials, run }) => {
				const more = { items: prompts('one', 'late', 'two') };
				const failed = await run(parameters, more);
				expect(failureOf(failed).context).toMatchObject({ itemIndex: 1 });
				const before = uuidsByPrompt(emulator.jobs);
				expect(before).toHaveProperty('one');

				const ran = await retryRun(failed, { parameters, credentials, ...more });
				expect(jsonOf(ran).map(({ prompt }) => prompt)).toEqual(['one', 'late', 'two']);
				expect(jsonOf(ran)[0]).toMatchObject({ uuid: before.one });
				expect(emulator.jobs).toHaveLength(3);
				expect(new Set(emulator.jobs.map(({ request }) => request.prompt)).size).toBe(3);
			});
		});
	}

	test('does not repeat an unclear submission in any retry', async () => {
		await withEmulator({ faults: [dropAnswer('lost')] }, async ({ emulator, credentials, run }) => {
			const more = { items: prompts('one', 'lost'), node: RETRY_ON_FAIL };
			let ran = await run(generate, more);
			for (let retries = 0; retries < 3; retries++) {
				ran = await retryRun(ran, { parameters: generate, credentials, ...more });
				expect(failureOf(ran).message).toContain('It is unclear');
			}
			expect(paidFor(emulator).sort()).toEqual(['lost', 'one']);
		});
	});

	test('submits an item again if its input has changed', async () => {
		const faults = [refuse('bad')];
		await withEmulator({ faults }, async ({ emulator, credentials, run }) => {
			const items = prompts('one', 'bad');
			const failed = await run(generate, { items });
			const parameters = { ...generate, prompt: '={{ $json.prompt }} and more' };
			const changed = await retryRun(failed, { parameters, credentials, items });
			expect(failureOf(changed).message).toContain('Not now');
			expect(paidFor(emulator).sort()).toEqual(['bad', 'bad and more', 'one', 'one and more']);
		});
	});

	test('continues to wait for the jobs of a stopped execution', async () => {
		await withEmulator({ durationMs: 1000 }, async ({ emulator, credentials }) => {
			const options = { parameters: wait, credentials, items: prompts('one', 'two') };
			const running = await startNode(options);
			await until(() => emulator.count('status') === 2);
			running.stop();
			const stopped = await running.done;

			const ran = await retryRun(stopped, options);
			expect(jsonOf(ran)).toMatchObject([
				{ prompt: 'one', status: 'completed' },
				{ prompt: 'two', status: 'completed' },
			]);
			expect(emulator.count('generate')).toBe(2);
		});
	});

	test('does not repeat a paid request that Stop interrupted', async () => {
		const faults = [always('generate', { type: 'hang' }, { accept: true })];
		await withEmulator({ faults }, async ({ emulator, credentials }) => {
			const options = { parameters: generate, credentials, items: prompts('one') };
			const running = await startNode(options);
			await until(() => emulator.count('generate') === 1);
			running.stop();
			const stopped = await running.done;

			const ran = await retryRun(stopped, options);
			expect(failureOf(ran).message).toMatch(
				/^It is unclear whether the API accepted the video: an earlier try/,
			);
			expect(emulator.count('generate')).toBe(1);
		});
	});
});

describe('The node context', () => {
	test('has no submissions after a successful run', async () => {
		const faults = [refuse('late', { occurrence: 1 })];
		await withEmulator({ faults }, async ({ run }) => {
			const items = prompts('one', 'late');
			for (const parameters of [generate, wait]) {
				const ran = await run(parameters, { items, node: RETRY_ON_FAIL });
				expect(JSON.stringify(nodeContextOf(ran) ?? {})).not.toMatch(/uuid|requestHash/);
			}
		});
	});

	test('has the accepted jobs after a failed run', async () => {
		await withEmulator({ faults: [refuse('bad')] }, async ({ emulator, run }) => {
			const ran = await run(generate, { items: prompts('one', 'bad') });
			expect(JSON.stringify(nodeContextOf(ran))).toContain(emulator.jobs[0]?.uuid);
			expect(ran.customData).toEqual({ veo_uuid: emulator.jobs[0]?.uuid });
		});
	});

	test('does not affect a new execution', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			const items = prompts('one', 'one');
			await run(generate, { items });
			await run(generate, { items });
			expect(emulator.jobs).toHaveLength(4);
		});
	});
});
