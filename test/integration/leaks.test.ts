/** Shows that a planted leak is found, in each place and in each spelling. */
import { LoggerProxy } from 'n8n-workflow';
import { formsOf } from '../../harness/keyForms';
import { withJobTable } from './jobTableScene';
import { searchLogs } from './leakChecks';
import { leaves, takeLeaks } from './leaks';
import { KEY, useN8n, withEmulator } from './support';
import { N8N_KEY, Tables } from './triggerTables';

useN8n();

/** Nothing else may have leaked before. */
beforeEach(async () => {
	await searchLogs();
	expect(takeLeaks()).toEqual([]);
});

const prompt = `A fox named ${KEY}`;

it('in an item, and in a request', async () => {
	await withEmulator({}, async ({ run }) => {
		// The node removes the key from what the API echoes, so it is planted in an input item.
		await run({ operation: 'generate', prompt }, { items: [{ json: { prompt } }] });
		expect(takeLeaks()).toContainEqual(expect.stringMatching(/^an execution: /));
	});
	expect(takeLeaks()).toContainEqual(expect.stringMatching(/^a request: /));
});

it('in a message', async () => {
	await withEmulator({}, async ({ run }) => {
		await run({ operation: 'generate', generationType: prompt, prompt: 'A fox' });
		expect(takeLeaks()).toContainEqual(expect.stringMatching(/^an execution: /));
	});
});

it('in the highlighted data, in the name of a file, in a name, and in the cause of an error', () => {
	const { cause } = new Error('', { cause: new Error(KEY) });
	for (const place of [
		{ customData: { veo: KEY } },
		{ binary: { data: { fileName: `${KEY}.mp4` } } },
		{ [`x-${KEY}`]: 1 },
		{ cause },
		new Map([['a', KEY]]),
		Buffer.from(`\0${KEY}`),
	]) {
		leaves('here', [place]);
		expect(takeLeaks()).not.toEqual([]);
	}
});

it('in the job table, and in what a trigger delivers and stores', async () => {
	await withJobTable({}, async ({ addJob, publish, tables }) => {
		tables.insert('veo_jobs');
		const trigger = await publish();
		addJob('A fox', { prompt });
		while (trigger.executions.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
		expect(takeLeaks()).toContainEqual(expect.stringMatching(/^an execution of the trigger: /));
	});
	expect(takeLeaks()).toContainEqual(expect.stringMatching(/^the job table: /));

	const tables = await Tables.start();
	tables.insert('veo_jobs', { errorMessage: `Bad key ${N8N_KEY}` });
	await tables.close();
	expect(takeLeaks()).toHaveLength(1);
});

it('in the logs, at debug level', async () => {
	LoggerProxy.debug(`Sent with ${KEY}`);
	console.debug(`Sent with ${N8N_KEY}`);
	await searchLogs();
	const leaks = takeLeaks();
	expect(leaks).toContainEqual(expect.stringMatching(/^n8n's log: /));
	expect(leaks).toContainEqual(expect.stringMatching(/^the console: /));
});

it.each(formsOf('key/with "odd"+characters'))('in the spelling %s', (form) => {
	const credentials = { veoApi: { apiKey: 'key/with "odd"+characters' } };
	leaves('here', { text: `before ${form} after` }, credentials);
	expect(takeLeaks()).toHaveLength(1);
});
