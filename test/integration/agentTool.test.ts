/** The node as an agent's tool: each call is a run of its own in one execution. */
import type { INode } from 'n8n-workflow';
import { loadPackage, retryRun } from '../../harness/core';
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
		for (const waiting of failed.run.data.executionData?.nodeExecutionStack ?? []) {
			waiting.runIndex = 1;
		}
		jsonOf(await retryRun(failed, { parameters: wait, credentials }));
		expect(paidFor(emulator)).toHaveLength(2);
	});
});
