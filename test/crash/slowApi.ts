import { Tables } from '../../harness/jobTables';

/** Where n8n keeps files: in the execution's data, or on disk. */
export const BINARY_DATA = ['default', 'filesystem'] as const;
export type BinaryData = (typeof BINARY_DATA)[number];

/** A real n8n and an API with slow answers: the longer an answer takes, the more often n8n is killed before it. */
export async function startWithSlowApi(binaryData: BinaryData = 'filesystem'): Promise<Tables> {
	const tables = await Tables.start({ N8N_DEFAULT_BINARY_DATA_MODE: binaryData });
	// Some of them make an execution larger than 1 MiB, where it holds its files.
	tables.harness.emulator.options.videoBytes = 100_000;
	tables.harness.emulator.options.faults = [
		{ on: 'generate', probability: 0.3, do: { type: 'delay', ms: 400 } },
		{ on: 'generate', do: { type: 'delay', ms: 120 } },
		{ on: 'status', probability: 0.3, do: { type: 'delay', ms: 150 } },
		{ on: 'status', do: { type: 'delay', ms: 40 } },
	];
	return tables;
}
