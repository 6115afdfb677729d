import type { INode } from 'n8n-workflow';
import { loadPackage } from '../../harness/core';
import { isPrivateAddress } from '../../nodes/Veo/api/address';
import { failureOf, together, useN8n, withEmulator } from '../integration/support';
import { addressSchema, readLines } from './lines';

useN8n();
const test = together(8);
const TOOL: Partial<INode> = { type: 'n8n-nodes-veo3o1.veoTool' };

beforeAll(async () => {
	// n8n makes this second type of a node that is usable as a tool.
	const { nodeTypes } = await loadPackage();
	if (nodeTypes.veo) nodeTypes.veoTool = nodeTypes.veo;
});

describe("An agent's tool fetches nothing from", () => {
	for (const { address } of readLines('addresses.jsonl', addressSchema)) {
		test(address, async () => {
			expect(isPrivateAddress(address)).toBe(true);
			await withEmulator({}, async ({ emulator, run }) => {
				const parameters = {
					operation: 'generate',
					prompt: 'A cat',
					generationType: 'image_to_video',
					imageSource: 'fetch',
					imageUrl: address,
				};
				const ran = await run(parameters, { node: TOOL });
				expect(failureOf(ran).message).toMatch(/private network|a user name or a password/);
				expect(emulator.requests).toEqual([]);
			});
		});
	}
});
