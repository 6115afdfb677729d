import type { INodeParameters } from 'n8n-workflow';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../emulator';
import { type Credentials, type Ran, runNode, type RunOptions } from '../../harness/core';
import { credentialsFor, KEY } from './support';
import { N8N_KEY, Tables } from './triggerTables';

export const TABLE = 'veo_jobs';

export interface TrackedScene {
	emulator: Emulator;
	tables: Tables;
	credentials: Credentials;
	/** Adds Track Job to parameters of the node. */
	tracked: (parameters?: INodeParameters) => INodeParameters;
	/** Runs the node with Track Job. Every run has the execution ID `execution` unless `more` says otherwise. */
	run: (parameters?: INodeParameters, more?: Partial<RunOptions>) => Promise<Ran>;
}

/** Starts an emulator and the job table's server for `act`. */
export async function withTables(
	options: EmulatorOptions,
	act: (scene: TrackedScene) => Promise<void>,
): Promise<void> {
	const emulator = await startEmulator({ apiKeys: [KEY], durationMs: 0, ...options });
	const tables = await Tables.start();
	const credentials = {
		...credentialsFor(emulator.url),
		veoJobTableApi: { apiKey: N8N_KEY, baseUrl: tables.url },
	};
	const tracked: TrackedScene['tracked'] = (parameters) => ({
		operation: 'generate',
		prompt: 'A fox',
		trackJob: true,
		jobTableName: TABLE,
		options: { maxRetries: 0 },
		...parameters,
	});
	const run: TrackedScene['run'] = async (parameters, more) =>
		await runNode({ parameters: tracked(parameters), credentials, ...more });
	try {
		await act({ emulator, tables, credentials, tracked, run });
	} finally {
		await tables.close();
		await emulator.close();
	}
}
