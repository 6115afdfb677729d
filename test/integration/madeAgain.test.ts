/** Videos that the API reports as failed: what each of n8n's retries pays for, and what it returns. */
import type { INode } from 'n8n-workflow';
import { failing, refuse } from '../../emulator';
import { retryRun, type RunOptions } from '../../harness/core';
import {
	failureOf,
	jsonOf,
	paidFor,
	PROMPT,
	prompts,
	RETRY_ON_FAIL,
	together,
	useN8n,
	withEmulator,
} from './support';
import { TABLE, TRACKED, withJobTable } from './jobTableScene';

useN8n();
const test = together(12);

const wait = { operation: 'generateAndWait', prompt: PROMPT };
const FIVE = ['one', 'two', 'bad', 'four', 'five'];
const CONTINUE: Partial<INode> = { onError: 'continueRegularOutput' };
/** The video of `bad` fails at the first attempt and is completed at the second. */
const outcome = failing({ prompt: 'bad', attempts: 1 });
const failsAlways = failing({ prompt: 'bad' });

describe('A failed video among five, with On Error at Stop', () => {
	test('is made again by Retry in the executions list, which keeps the others', async () => {
		await withEmulator({ outcome }, async ({ emulator, credentials, run }) => {
			const items = prompts(...FIVE);
			const failed = await run(wait, { items });
			expect(failureOf(failed).message).toContain('may have been billed');
			expect(failureOf(failed).message).toContain('use Retry in the executions list');
			const ran = await retryRun(failed, { parameters: wait, credentials, items });
			expect(jsonOf(ran).map(({ prompt }) => prompt)).toEqual(FIVE);
			expect(jsonOf(ran).every(({ status }) => status === 'completed')).toBe(true);
			expect(paidFor(emulator).sort()).toEqual([...FIVE, 'bad'].sort());
		});
	});

	test('is not made again by Retry On Fail', async () => {
		await withEmulator({ outcome }, async ({ emulator, run }) => {
			const ran = await run(wait, { items: prompts(...FIVE), node: RETRY_ON_FAIL });
			expect(failureOf(ran).message).toContain("Its last status was 'failed'");
			expect(paidFor(emulator).sort()).toEqual([...FIVE].sort());
		});
	});

	test('is made again only once by one Retry, also with Retry On Fail', async () => {
		await withEmulator({ outcome: failsAlways }, async ({ emulator, credentials, run }) => {
			const options: RunOptions = { parameters: wait, credentials, items: prompts('bad') };
			const failed = await run(wait, options);
			const again = await retryRun(failed, { ...options, node: RETRY_ON_FAIL });
			expect(failureOf(again).context.uuid).toBe(emulator.jobs[1]?.uuid);
			expect(emulator.jobs).toHaveLength(2);
			await retryRun(again, { ...options, executionId: 'third' });
			expect(emulator.jobs).toHaveLength(3);
		});
	});

	test('lets the others out without paying, as its message says', async () => {
		await withEmulator({ outcome: failsAlways }, async ({ emulator, credentials, run }) => {
			const items = prompts(...FIVE);
			const failed = await run(wait, { items });
			expect(failureOf(failed).description).toContain("set 'On Error' in the node's settings to");
			const options = { parameters: wait, credentials, items, node: CONTINUE };
			const json = jsonOf(await retryRun(failed, options));
			expect(json.map(({ status }) => status ?? 'failed')).toEqual([
				'completed',
				'completed',
				'failed',
				'completed',
				'completed',
			]);
			const bad = emulator.jobs.find(({ request }) => request.prompt === 'bad');
			expect(json[2]).toMatchObject({ uuid: bad?.uuid, error: expect.any(String) as string });
			expect(emulator.jobs).toHaveLength(5);
		});
	});
});

describe('Make Again When Failed', () => {
	test('makes a failed video again within the run', async () => {
		await withEmulator({ outcome }, async ({ emulator, run }) => {
			const options = { makeAgain: 1 };
			const json = jsonOf(await run({ ...wait, options }, { items: prompts(...FIVE) }));
			expect(json.map(({ prompt }) => prompt)).toEqual(FIVE);
			expect(emulator.jobs).toHaveLength(6);
		});
	});

	test('counts for all tries of an item together', async () => {
		await withEmulator({ outcome: failsAlways }, async ({ emulator, run }) => {
			const parameters = { ...wait, options: { makeAgain: 2 } };
			failureOf(await run(parameters, { items: prompts('bad'), node: RETRY_ON_FAIL }));
			expect(emulator.jobs).toHaveLength(3);
		});
	});

	test('keeps the ID of the failed video where the new one is refused', async () => {
		await withEmulator({ outcome, credits: 2 }, async ({ emulator, run }) => {
			const parameters = { ...wait, options: { makeAgain: 1 } };
			const { message, context } = failureOf(await run(parameters, { items: prompts('bad') }));
			expect(message).toContain('Not enough credits');
			expect(context.uuid).toBe(emulator.jobs[0]?.uuid);
		});
	});
});

describe('The job table', () => {
	test('keeps the ID of the failed video where the new one is refused', async () => {
		for (const key of [{}, { idempotencyKey: 'k' }]) {
			await withJobTable({ outcome, credits: 2 }, async ({ emulator, tables, run }) => {
				const parameters = { ...wait, options: { makeAgain: 1, ...key } };
				failureOf(await run(parameters, { items: prompts('bad') }));
				expect(tables.rows(TABLE)).toMatchObject([
					{ uuid: emulator.jobs[0]?.uuid, status: 'failed' },
				]);
			});
		}
	});

	test('that fails in a later try does not hide the videos of the earlier one', async () => {
		const faults = [refuse(422, { detail: 'prompt flagged' }, { prompt: 'bad' })];
		await withJobTable({ faults }, async ({ emulator, tables, run }) => {
			let openings = 0;
			tables.refuse = (request) =>
				request === 'GET /data-tables' && ++openings > 1 ? { status: 500 } : undefined;
			const node = { ...RETRY_ON_FAIL, ...CONTINUE };
			const json = jsonOf(await run(wait, { items: prompts('bad', 'one'), node }));
			expect(JSON.stringify(json[1])).toContain('The job table');
			const uuid = emulator.jobs[0]?.uuid;
			expect(json[1]?.uuid).toBe(uuid);
			expect(JSON.stringify(json[1])).toContain(`${uuid}: get it using Get Status with this ID`);
		});
	});

	test('has the new video in the row of the failed one', async () => {
		await withJobTable({ outcome }, async ({ emulator, tables, run }) => {
			const parameters = { ...wait, options: { makeAgain: 1 } };
			jsonOf(await run(parameters, { items: prompts('bad') }));
			expect(tables.rows(TABLE)).toEqual([
				expect.objectContaining({
					uuid: emulator.jobs[1]?.uuid,
					status: 'completed',
					errorMessage: null,
				}),
			]);
		});
	});

	test('tells a second retry of the first execution what its first retry made', async () => {
		await withJobTable({ outcome }, async ({ emulator, credentials, run }) => {
			const items = prompts(...FIVE);
			const options: RunOptions = { parameters: { ...TRACKED, ...wait }, credentials, items };
			const failed = await run(wait, { items });
			jsonOf(await retryRun(failed, { ...options, executionId: 'second' }));
			const json = jsonOf(await retryRun(failed, { ...options, executionId: 'third' }));
			expect(json.map(({ prompt }) => prompt)).toEqual(FIVE);
			expect(emulator.jobs).toHaveLength(6);
		});
	});
});
