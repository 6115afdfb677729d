/** The API and a job table, for the tests that need both. */
import type { INodeParameters } from 'n8n-workflow';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../emulator';
import { type Credentials, type Ran, runNode, type RunOptions } from '../../harness/core';
import { credentialsFor, KEY, searchRequests } from './support';
import { createTrigger, type Trigger, type TriggerOptions } from './triggerContext';
import { N8N_KEY, Tables } from './triggerTables';

export const TABLE = 'veo_jobs';

export interface JobTableScene {
	emulator: Emulator;
	tables: Tables;
	credentials: Credentials;
	/** Runs the node with `TRACKED`. Each run has the same execution ID unless `more` says otherwise. */
	run: (parameters?: INodeParameters, more?: Partial<RunOptions>) => Promise<Ran>;
	/** A trigger that is not published yet. It is unpublished at the end. */
	create: (parameters?: INodeParameters, more?: Partial<TriggerOptions>) => Promise<Trigger>;
	/** A trigger that is published. */
	publish: JobTableScene['create'];
	/** A job at the API, with a row that a user inserted. */
	addJob: (prompt?: string, row?: object) => string;
}

/** What `run` passes to the node unless the test says otherwise. */
export const TRACKED = {
	operation: 'generate',
	prompt: 'A fox',
	trackJob: true,
	jobTableName: TABLE,
	options: { maxRetries: 0 },
};

/** Jobs finish at once unless `options` say otherwise. */
export async function withJobTable(
	options: EmulatorOptions,
	act: (scene: JobTableScene) => Promise<void>,
): Promise<void> {
	const emulator = await startEmulator({ apiKeys: [KEY], durationMs: 0, ...options });
	const tables = await Tables.start();
	const credentials = {
		...credentialsFor(emulator.url),
		veoJobTableApi: { apiKey: N8N_KEY, baseUrl: tables.url },
	};
	const run: JobTableScene['run'] = async (parameters, more) =>
		await runNode({ parameters: { ...TRACKED, ...parameters }, credentials, ...more });
	const created: Trigger[] = [];
	const create: JobTableScene['create'] = async (parameters, more) => {
		const trigger = await createTrigger({
			parameters: {
				watch: 'jobTable',
				jobTableName: TABLE,
				events: ['completed', 'failed'],
				options: { pollInterval: 5 },
				...parameters,
			},
			credentials,
			...more,
		});
		created.push(trigger);
		return trigger;
	};
	const publish: JobTableScene['create'] = async (...args) => {
		const trigger = await create(...args);
		await trigger.activate();
		return trigger;
	};
	const addJob: JobTableScene['addJob'] = (prompt = 'A fox', row = {}) => {
		const { uuid } = emulator.accept({ generationType: 'text_to_video', prompt });
		tables.insert(TABLE, { uuid, ...row });
		return uuid;
	};
	try {
		await act({ emulator, tables, credentials, run, create, publish, addJob });
	} finally {
		await Promise.all(created.map(async (trigger) => await trigger.deactivate()));
		await tables.close();
		searchRequests(emulator);
		await emulator.close();
	}
}

/** The `uuid`s that each execution of a trigger got. */
export const deliveredBy = ({ executions }: Trigger) =>
	executions.map((items) => items.map(({ json }) => json.uuid));
