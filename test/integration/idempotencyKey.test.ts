/** One key, one video: over items, loops, executions, sub-workflows and tool calls, also side by side. */
import { failing, lostAnswer, maxRunningJobs, tooManyTasks } from '../../emulator';
import { retryRun } from '../../harness/core';
import { failureOf, jsonOf, PROMPT, prompts, RETRY_ON_FAIL, together, useN8n } from './support';
import { TABLE, TRACKED, withJobTable } from './jobTableScene';

useN8n();
const test = together(12);

const keyed = (operation: string, options: object = {}) => ({
	operation,
	prompt: PROMPT,
	options: { idempotencyKey: '={{ $json.key ?? $json.prompt }}', ...options },
});
const item = (prompt: string, key: string) => ({ json: { prompt, key } });

for (const operation of ['generate', 'generateAndWait']) {
	describe(`An idempotency key with ${operation}`, () => {
		test('makes one video for several items of a run', async () => {
			await withJobTable({}, async ({ emulator, run }) => {
				const items = [item('A fox', 'k'), item('A fox', 'k'), item('A cat', 'c')];
				const json = jsonOf(await run(keyed(operation), { items }));
				const [fox, cat] = ['A fox', 'A cat'].map(
					(prompt) => emulator.jobs.find(({ request }) => request.prompt === prompt)?.uuid,
				);
				expect(json.map(({ uuid }) => uuid)).toEqual([fox, fox, cat]);
				expect(emulator.jobs).toHaveLength(2);
			});
		});

		test('makes one video for executions side by side', async () => {
			await withJobTable({ latencyMs: 300 }, async ({ emulator, run }) => {
				const runs = Array.from({ length: 6 }, async (_, index) =>
					jsonOf(
						await run(keyed(operation), {
							items: prompts('A fox'),
							executionId: `execution ${index}`,
						}),
					),
				);
				const uuids = (await Promise.all(runs)).flat().map(({ uuid }) => uuid);
				expect(new Set(uuids).size).toBe(1);
				expect(emulator.jobs).toHaveLength(1);
			});
		});

		test('makes one video for executions one after the other', async () => {
			await withJobTable({}, async ({ emulator, tables, run }) => {
				for (const executionId of ['first', 'second', 'third']) {
					const json = jsonOf(
						await run(keyed(operation), { items: prompts('A fox'), executionId }),
					);
					expect(json).toMatchObject([{ uuid: emulator.jobs[0]?.uuid }]);
				}
				expect(emulator.jobs).toHaveLength(1);
				expect(tables.rows(TABLE)).toMatchObject([{ idempotencyKey: 'A fox' }]);
			});
		});

		test('pays three videos where a calling workflow retries one failing item', async () => {
			const outcome = failing({ prompt: 'bad' });
			await withJobTable({ outcome }, async ({ emulator, run }) => {
				const items = prompts('one', 'bad', 'three');
				// A retry of the calling workflow runs the sub-workflow as a new execution.
				for (const executionId of ['first', 'second', 'third']) {
					await run(keyed(operation), { items, executionId });
				}
				expect(emulator.jobs).toHaveLength(3);
			});
		});

		test('refuses a key that stands for another request, unpaid', async () => {
			await withJobTable({}, async ({ emulator, run }) => {
				jsonOf(await run(keyed(operation), { items: [item('A fox', 'k')] }));
				const ran = await run(keyed(operation), {
					items: [item('A cat', 'k')],
					executionId: 'second',
				});
				expect(failureOf(ran).message).toContain(
					`The 'Idempotency Key' "k" belongs to another request, that of video ${emulator.jobs[0]?.uuid}`,
				);
				expect(emulator.jobs).toHaveLength(1);
			});
		});

		for (const key of ['', '  ', null]) {
			test(`refuses a blank key, unpaid: ${JSON.stringify(key)}`, async () => {
				await withJobTable({}, async ({ emulator, run }) => {
					const items = [{ json: { prompt: 'A fox', key: 'k' } }, { json: { prompt: 'A', key } }];
					const parameters = {
						...keyed(operation),
						options: { idempotencyKey: '={{ $json.key }}' },
					};
					expect(failureOf(await run(parameters, { items })).message).toContain(
						"The 'Idempotency Key' is blank [item 1]",
					);
					expect(emulator.jobs).toEqual([]);
				});
			});
		}

		test('is unclear where the process that used it first crashed', async () => {
			await withJobTable({ faults: [lostAnswer(1)] }, async ({ emulator, tables, run }) => {
				const items = prompts('A fox');
				failureOf(await run(keyed(operation), { items, executionId: 'first' }));
				Object.assign(tables.rows(TABLE)[0] ?? {}, {
					errorMessage: null,
					submittedAt: '2026-01-01T00:00:00.000Z',
				});
				const ran = await run(keyed(operation), { items, executionId: 'second' });
				expect(failureOf(ran).message).toContain('It is unclear whether the API accepted');
				expect(emulator.jobs).toHaveLength(1);
				const again = keyed(operation, { onUnclear: 'sendAgain' });
				expect(jsonOf(await run(again, { items, executionId: 'third' }))).toHaveLength(1);
				expect(emulator.jobs).toHaveLength(2);
			});
		});

		test('submits again after a request that was refused', async () => {
			await withJobTable({ credits: 1 }, async ({ emulator, run }) => {
				const items = prompts('A fox');
				failureOf(await run(keyed(operation), { items, executionId: 'first' }));
				emulator.credits = 10;
				jsonOf(await run(keyed(operation), { items, executionId: 'second' }));
				expect(emulator.jobs).toHaveLength(1);
			});
		});

		test('makes a new video after its row was deleted', async () => {
			await withJobTable({}, async ({ emulator, tables, run }) => {
				const items = prompts('A fox');
				jsonOf(await run(keyed(operation), { items, executionId: 'first' }));
				tables.rows(TABLE).length = 0;
				jsonOf(await run(keyed(operation), { items, executionId: 'second' }));
				expect(emulator.jobs).toHaveLength(2);
			});
		});
	});
}

describe('The failed video of an idempotency key', () => {
	test('is returned as failed, and made again only by Make Again or Retry, in the same row', async () => {
		const outcome = failing({ prompt: 'A fox' });
		await withJobTable({ outcome }, async ({ emulator, tables, credentials, run }) => {
			const items = prompts('A fox');
			const parameters = keyed('generateAndWait');
			failureOf(await run(parameters, { items, executionId: 'first' }));
			const failed = await run(parameters, { items, executionId: 'second', node: RETRY_ON_FAIL });
			expect(failureOf(failed).context.uuid).toBe(emulator.jobs[0]?.uuid);
			expect(emulator.jobs).toHaveLength(1);

			const options = { parameters: { ...TRACKED, ...parameters }, credentials, items };
			failureOf(await retryRun(failed, { ...options, executionId: 'third' }));
			expect(emulator.jobs).toHaveLength(2);
			const again = keyed('generateAndWait', { makeAgain: 1 });
			failureOf(await run(again, { items, executionId: 'fourth' }));
			expect(emulator.jobs).toHaveLength(3);
			expect(tables.rows(TABLE)).toMatchObject([
				{ idempotencyKey: 'A fox', uuid: emulator.jobs[2]?.uuid },
			]);
		});
	});
});

describe('An item that waits for a slot', () => {
	test('does not keep another execution from using its key', async () => {
		const faults = [maxRunningJobs(1, tooManyTasks('code1003'))];
		await withJobTable({ durationMs: 8_000, faults }, async ({ emulator, run }) => {
			const items = prompts('A fox', 'A cat');
			const runs = ['first', 'second'].map(async (executionId) =>
				jsonOf(await run(keyed('generateAndWait'), { items, executionId })),
			);
			const [first, second] = await Promise.all(runs);
			expect(first?.map(({ uuid }) => uuid)).toEqual(second?.map(({ uuid }) => uuid));
			expect(emulator.jobs).toHaveLength(2);
		});
	});
});
