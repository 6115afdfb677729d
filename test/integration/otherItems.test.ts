/** What one failed item tells about the others, and what the executions list can be filtered by. */
import { lateVideoUrl, lostAnswer, refuse } from '../../emulator';
import { retryRun } from '../../harness/core';
import { withJobTable } from './jobTableScene';
import {
	always,
	failureOf,
	jsonOf,
	paidFor,
	PROMPT,
	prompts,
	useN8n,
	withEmulator,
} from './support';

useN8n();

const generate = { operation: 'generate', prompt: PROMPT, options: { maxRetries: 0 } };

describe('The message of a failed item', () => {
	it('names the paid videos of the other items, and its own only once', async () => {
		const outcome = ({ prompt }: { prompt: string }) => (prompt === 'bad' ? 'failed' : 'completed');
		await withEmulator({ outcome }, async ({ emulator, run }) => {
			const items = prompts('good', 'bad');
			const ran = await run({ ...generate, operation: 'generateAndWait' }, { items });
			const [good, bad] = ['good', 'bad'].map(
				(prompt) => emulator.jobs.find(({ request }) => request.prompt === prompt)?.uuid,
			);
			const { message, description } = failureOf(ran);
			expect(message).toContain(bad);
			expect(description).toContain(`${good} [item 0]`);
			expect(description).not.toContain(bad);
		});
	});

	it('names the other items that may be paid for, and not itself', async () => {
		const faults = [always('generate', { type: 'resetBeforeAnswer' }, { accept: true })];
		await withEmulator({ faults }, async ({ emulator, run }) => {
			const ran = await run(generate, { items: prompts('one', 'two') });
			expect(paidFor(emulator)).toHaveLength(2);
			const { context, description } = failureOf(ran);
			const [itself, other] = context.itemIndex === 0 ? [0, 1] : [1, 0];
			expect(description).toContain(`[item ${other}]`);
			expect(description).not.toContain(`[item ${itself}]`);
		});
	});
});

describe('An item that fails in each retry', () => {
	it.each([
		['refused', [refuse(422, { detail: 'prompt flagged' }, { prompt: 'bad' })]],
		['unclear', [{ ...lostAnswer('every'), prompt: 'bad' }]],
		['without a URL', [{ ...lateVideoUrl({}), prompt: 'bad' }]],
		['not finished', [always('status', { type: 'html' }, { prompt: 'bad' })]],
	])('lets the others out at no further cost, as its message says: %s', async (_, faults) => {
		const wait = { ...generate, operation: 'generateAndWait' };
		const parameters = { ...wait, options: { maxRetries: 0, maxWaitTime: 3 } };
		await withEmulator({ faults }, async ({ emulator, credentials, run }) => {
			const items = prompts('one', 'bad', 'three');
			const failed = await run(parameters, { items });
			const { description } = failureOf(failed);
			expect(description).toContain("set 'On Error' in the node's settings to 'Continue', save");
			expect(description).toContain("use 'Retry with currently saved workflow'");
			const paid = emulator.jobs.length;
			const node = { onError: 'continueRegularOutput' as const };
			const json = jsonOf(await retryRun(failed, { parameters, credentials, items, node }));
			expect(json.map(({ status }) => status)).toEqual(['completed', undefined, 'completed']);
			expect(emulator.jobs).toHaveLength(paid);
		});
	});
});

describe('A retry that knows the videos from the job table only', () => {
	it('names them where an item is refused', async () => {
		const faults = [refuse(422, { detail: 'prompt flagged' }, { prompt: 'bad' })];
		await withJobTable({ faults }, async ({ emulator, tables, run }) => {
			const more = { items: prompts('one', 'bad') };
			failureOf(await run(generate, { ...more, executionId: '1' }));
			tables.retryOf.set('2', '1');
			const ran = await run(generate, { ...more, executionId: '2', mode: 'retry' });
			expect(failureOf(ran).description).toContain(`${emulator.jobs[0]?.uuid} [item 0]`);
			expect(ran.customData).toEqual({ veo_uuid: emulator.jobs[0]?.uuid });
		});
	});
});

describe('The highlighted data', () => {
	it('has each ID, also one that is part of another', async () => {
		const uuids = { one: '12', two: '1' };
		const faults = [
			...Object.entries(uuids).map(([prompt, uuid]) =>
				always('generate', { type: 'alter', data: { uuid } }, { prompt }),
			),
			always('generate', { type: 'envelope', code: 1000 }, { prompt: 'bad' }),
		];
		await withEmulator({ faults }, async ({ run }) => {
			const { customData } = await run(generate, { items: prompts('one', 'two', 'bad') });
			expect(customData).toEqual({ veo_uuid: '12,1' });
		});
	});

	it('has each ID once, however many there are', async () => {
		const outcome = 'failed';
		await withEmulator({ outcome }, async ({ emulator, run }) => {
			const items = prompts(...Array.from({ length: 20 }, (_, index) => `video ${index}`));
			const { customData } = await run(
				{ ...generate, operation: 'generateAndWait', options: { maxConcurrentJobs: 20 } },
				{ items, node: { onError: 'continueRegularOutput' } },
			);
			const noted = Object.values(customData).flatMap((value) => value.split(','));
			expect(noted.sort()).toEqual(emulator.jobs.map(({ uuid }) => uuid).sort());
			for (const value of Object.values(customData)) expect(value.length).toBeLessThanOrEqual(255);
		});
	});
});
