import { Tables } from '../../harness/jobTables';

/** A real n8n and an API with slow answers: the longer an answer takes, the more often n8n is killed before it. */
export async function startWithSlowApi(): Promise<Tables> {
	const tables = await Tables.start();
	tables.harness.emulator.options.faults = [
		{ on: 'generate', probability: 0.3, do: { type: 'delay', ms: 400 } },
		{ on: 'generate', do: { type: 'delay', ms: 120 } },
		{ on: 'status', probability: 0.3, do: { type: 'delay', ms: 150 } },
		{ on: 'status', do: { type: 'delay', ms: 40 } },
	];
	return tables;
}
