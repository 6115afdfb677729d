/** The node as an agent's tool: each call is a run of its own in one execution. */
import type { INode } from 'n8n-workflow';
import { lostAnswer } from '../../emulator';
import { loadPackage, NODE, retryRun } from '../../harness/core';
import { failureOf, jsonOf, once, paidFor, useN8n, withEmulator } from './support';

useN8n();

const wait = { operation: 'generateAndWait', prompt: 'A fox' };
const TOOL: Partial<INode> = { type: 'n8n-nodes-veo3o1.veoTool' };

beforeAll(async () => {
	// n8n makes this second type of a node that is usable as a tool.
	const { nodeTypes } = await loadPackage();
	if (nodeTypes.veo) nodeTypes.veoTool = nodeTypes.veo;
});

it('pays once when an agent repeats a call whose video it did not get', async () => {
	const faults = [once('status', { type: 'http', status: 401 })];
	await withEmulator({ faults }, async ({ emulator, credentials, run }) => {
		const failed = await run(wait, { node: TOOL });
		failureOf(failed);
		for (const waiting of failed.run.data.executionData?.nodeExecutionStack ?? []) {
			waiting.runIndex = 1;
		}
		const again = await retryRun(failed, { parameters: wait, credentials, node: TOOL });
		expect(jsonOf(again)).toMatchObject([{ uuid: emulator.jobs[0]?.uuid, status: 'completed' }]);
		expect(paidFor(emulator)).toHaveLength(1);
	});
});

it('pays again in the next turn of a loop, which is no repetition', async () => {
	const faults = [once('status', { type: 'http', status: 401 })];
	await withEmulator({ faults }, async ({ emulator, credentials, run }) => {
		const failed = await run(wait);
		// The first turn of the loop ended before, so that the failed one is the second.
		const runs = failed.run.data.resultData.runData[NODE] ?? [];
		runs.unshift(...runs.map((one) => ({ ...one, error: undefined, data: { main: [[]] } })));
		jsonOf(await retryRun(failed, { parameters: wait, credentials }));
		expect(paidFor(emulator)).toHaveLength(2);
	});
});

describe('The message of a call', () => {
	// n8n offers no retry of an execution whose tool did not succeed.
	const RETRY = /\bretry\b/i;

	it('names two ways to make a failed video again', async () => {
		await withEmulator({ outcome: 'failed' }, async ({ run }) => {
			for (const onError of ['stopWorkflow', 'continueRegularOutput'] as const) {
				const ran = await run(wait, { node: { ...TOOL, onError } });
				const text = ran.error?.message ?? JSON.stringify(jsonOf(ran));
				expect(text).toContain(
					"set 'Make Again When Failed' or call the tool with a changed prompt. Both pay for it again.",
				);
				expect(text).not.toMatch(RETRY);
			}
		});
	});

	it('names the account, and no retry, if the outcome is unclear', async () => {
		await withEmulator({ faults: [lostAnswer(1)] }, async ({ run }) => {
			const { message } = failureOf(await run({ ...wait, operation: 'generate' }, { node: TOOL }));
			expect(message).toContain('Look for it in your veo3o1.com account before you call the tool');
			expect(message).not.toMatch(RETRY);
		});
	});
});
