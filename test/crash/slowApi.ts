import { Tables } from '../../harness/jobTables';

/** An n8n and an API that takes its time: the longer an answer is under way, the more often n8n dies before it is there. */
export async function startTables(): Promise<Tables> {
	const tables = await Tables.start();
	tables.harness.emulator.options.faults = [
		{ on: 'generate', probability: 0.3, do: { type: 'delay', ms: 400 } },
		{ on: 'generate', do: { type: 'delay', ms: 120 } },
		{ on: 'status', probability: 0.3, do: { type: 'delay', ms: 150 } },
		{ on: 'status', do: { type: 'delay', ms: 40 } },
	];
	return tables;
}
