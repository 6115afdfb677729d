/** The checks for each n8n version. A check throws if the node does not work as it should. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { type Execution, type Item, itemsOf } from '../../harness/execution';
import type { SavedWorkflow } from '../../harness/n8nClient';
import { waitFor } from '../../harness/waitFor';
import { RetryScenario, text, threeTries, shownFailure } from '../../harness/retryScenario';
import { FIRST_CHECK_MS, type Tables, uuidsOf } from '../../harness/jobTables';
import { chain, manualTrigger, webhook, type WorkflowNode } from '../../harness/workflow';

/** A running n8n. */
export interface Trial {
	tables: Tables;
	hasDataTables: boolean;
	/** Adds a message that users see to the notes of the table. */
	quote: (text: string) => void;
}

/** Returns the text for the table. */
type Check = (trial: Trial) => Promise<string>;

const YES = 'yes';
const TABLE = 'veo_jobs';
/** The node's message if n8n's public API has no Data Tables. */
const NO_DATA_TABLES = /has no Data Tables in its API.*Update n8n to version 2\.8 or newer/s;
/** Longer than the trigger's interval between two checks. */
const NO_FURTHER_DELIVERY_MS = 12_000;

type Checks = Record<string, Check>;

/** By column heading. They mostly wait for n8n, so they run in parallel. */
export const PARALLEL_CHECKS: Checks = {
	'Nodes, credential tests': credentials,
	'Main job': mainJob,
	'Trigger: job table': jobTable,
	'Trigger: listed videos': listedVideos,
	Retry: retry,
};

/** They kill n8n, so they run afterwards. */
export const FINAL_CHECKS: Checks = { 'Retry after a crash': retryAfterCrash };

/** The nodes have the names that saved workflows use, and both credential tests accept valid keys only. */
async function credentials({ tables, hasDataTables, quote }: Trial): Promise<string> {
	const { client } = tables.harness;
	const types = await client.nodeTypes();
	const names = ['veo', 'veoTool', 'veoTrigger'].map((name) => `n8n-nodes-veo3o1.${name}`);
	assert.deepEqual(
		names.filter((name) => !types.has(name)),
		[],
	);

	const test = async (type: 'veoApi' | 'veoJobTableApi', data = {}) =>
		await client.testCredential(await tables.credentialFor(type, data));
	const valid = await test('veoApi');
	assert.equal(valid.status, 'OK', valid.message);
	assert.match((await test('veoApi', { apiKey: 'not-a-key' })).message, /refused the key/);

	const table = await test('veoJobTableApi');
	if (!hasDataTables) {
		assert.equal(table.status, 'Error');
		assert.match(table.message, NO_DATA_TABLES);
		quote(`The test of the Veo Job Table API credential: "${table.message}"`);
		return YES;
	}
	assert.equal(table.status, 'OK', table.message);
	const { message } = await test('veoJobTableApi', { apiKey: 'not-a-key' });
	assert.match(message, /n8n refused the API key/);
	return YES;
}

/** Generate and Wait with the video file, in an active workflow and run from the editor. */
async function mainJob({ tables: { harness } }: Trial): Promise<string> {
	const workflow = (start: WorkflowNode, prompt: string) => {
		const parameters = { operation: 'generateAndWait', prompt, downloadVideo: true };
		return chain('Main job', start, harness.veo('Veo', parameters));
	};
	const assertVideo = async (execution: Execution, mode: string, prompt: string) => {
		assertSuccess(execution);
		assert.equal(execution.mode, mode);
		const out = itemsOf(execution, 'Veo');
		assert.deepEqual(uuidsOf(out), paidFor(harness, prompt));
		assert.equal(out.length, 1);
		const { json, binary } = out[0] ?? {};
		assert.equal(json?.status, 'completed');
		assert(binary?.data, 'no video file');
		const served = await fetch(text(json.videoUrl));
		assert.deepEqual(
			await harness.client.binary(binary.data),
			Buffer.from(await served.arrayBuffer()),
		);
	};
	const production = await harness.runInProduction(workflow(webhook(), 'A kite'));
	await assertVideo(production, 'webhook', 'A kite');
	const manual = await harness.runManually(workflow(manualTrigger(), 'A boat'));
	await assertVideo(manual, 'manual', 'A boat');
	return YES;
}

/**
 * Each tracked video starts another workflow once, and is reused for an identical request. Without Data Tables, the node
 * explains why not, and pays nothing.
 */
async function jobTable(trial: Trial): Promise<string> {
	const { tables, hasDataTables } = trial;
	const { harness } = tables;
	const submit = async (prompt: string, parameters = {}) =>
		await harness.runInProduction(
			chain('Submit', webhook(), tables.tracked(TABLE, { prompt, ...parameters })),
		);
	const before = '1 s, before the activation';
	const first = await submit(before);
	if (!hasDataTables) {
		assert.deepEqual(paidFor(harness, before), []);
		await assertRefusals(trial, first);
		return 'no, with a message';
	}

	assertSuccess(first);
	const watching = await tables.watch({ jobTableName: TABLE, events: ['completed', 'failed'] });
	const good = '20 s, after the activation';
	const bad = '30 s, after the activation, fails';
	assertSuccess(await submit(good));
	assertSuccess(await submit(bad));
	const delivered = await deliveredBy(tables, watching, 3);
	assert.deepEqual(
		delivered.map(({ json }) => [json.uuid, json.prompt, json.status]).sort(),
		[
			...paidFor(harness, before).map((uuid) => [uuid, before, 'completed']),
			...paidFor(harness, good).map((uuid) => [uuid, good, 'completed']),
			...paidFor(harness, bad).map((uuid) => [uuid, bad, 'failed']),
		].sort(),
	);

	const again = {
		operation: 'generateAndWait',
		downloadVideo: false,
		options: { reuseIdentical: true },
	};
	assert.deepEqual(uuidsOf(itemsOf(await submit(good, again), 'Veo')), paidFor(harness, good));
	return YES;
}

async function assertRefusals({ tables, quote }: Trial, tracked: Execution): Promise<void> {
	assert.equal(tracked.status, 'error');
	assert.match(shownFailure(tracked), NO_DATA_TABLES);
	quote(`Track Job: "${text(tracked.error?.message)}. ${text(tracked.error?.description)}"`);
	const refusal = await tables.activate(
		await tables.harness.save(tables.watching({ jobTableName: TABLE })),
	);
	assert.match(refusal, NO_DATA_TABLES);
	quote(`Activating the Veo Trigger on a job table: ${refusal}`);
}

/** The trigger without a job table and its credential. */
async function listedVideos({ tables }: Trial): Promise<string> {
	const prompts = ['1 s, listed', '30 s, listed'];
	const uuids: string[] = prompts.map(
		(prompt) => tables.harness.emulator.accept({ generationType: 'text_to_video', prompt }).uuid,
	);
	const workflow = tables.watching({ watch: 'uuids', uuids: uuids.join(', ') });
	delete workflow.nodes[0].credentials?.veoJobTableApi;
	const saved = await tables.harness.save(workflow);
	assert.equal(await tables.activate(saved), '');
	const delivered = await deliveredBy(tables, saved, uuids.length);
	assert.deepEqual(uuidsOf(delivered).sort(), uuids.sort());
	return YES;
}

/** Retry On Fail and Retry in the executions list submit only what was never accepted. */
async function retry(trial: Trial): Promise<string> {
	const one = new RetryScenario(trial.tables.harness, 'retry', 5);
	one.strike(3, { on: 'generate', do: { type: 'envelope', code: 1000 } });
	await one.set({ options: { maxRetries: 0 }, settings: threeTries });

	let execution = await one.run();
	for (const tries of [3, 6]) {
		assert.equal(execution.status, 'error');
		assert.deepEqual(one.paid, [1, 1, 1, 0, 1]);
		assert.deepEqual(one.sent, [1, 1, 1, tries, 1]);
		const { id } = execution;
		// n8n may write the highlighted data after the execution's status.
		const shown = await waitFor('the highlighted data', 10_000, async () => {
			const { customData } = await trial.tables.harness.client.execution(id);
			return text(customData.veo_uuid) || undefined;
		});
		assert.deepEqual(shown.split(',').sort(), one.jobs.map(({ uuid }) => uuid).sort());
		if (tries === 6) one.heal();
		execution = await one.retry(execution);
		assert.equal(execution.mode, 'retry');
	}
	assertSuccess(execution);
	assert.deepEqual(
		itemsOf(execution, 'Veo').map(({ json }) => [json.prompt, json.status]),
		one.prompts.map((prompt) => [prompt, 'completed']),
	);
	assert.deepEqual(one.paid, [1, 1, 1, 1, 1]);
	return YES;
}

/** n8n loses the data of a crashed execution, so its retry finds the video only in the job table. */
async function retryAfterCrash({ tables, hasDataTables }: Trial): Promise<string> {
	const { harness } = tables;
	const prompt = '20 s, n8n crashes';
	const start = webhook();
	const parameters = { operation: 'generateAndWait', prompt, downloadVideo: false };
	const veo = hasDataTables
		? tables.tracked('veo_crashed', parameters)
		: harness.veo('Veo', parameters);
	const { id } = await harness.save(chain('Crash', start, veo));
	await harness.client.activateWorkflow(id);
	const crashed = await harness.client.runByWebhook(id, start.webhookId ?? '');
	// A job is recorded in the table before its first check.
	await harness.waitUntil(() =>
		harness.emulator.jobs.some(
			({ request, statusChecks }) => request.prompt === prompt && statusChecks > 0,
		),
	);
	await harness.n8n.kill();
	await harness.n8n.start();
	assert.equal((await harness.client.execution(crashed)).status, 'crashed');
	const retried = await harness.client.retryExecution(crashed);
	assertSuccess(retried);
	const paid = paidFor(harness, prompt);
	assert.equal(paid.length, hasDataTables ? 1 : 2);
	assert.deepEqual(uuidsOf(itemsOf(retried, 'Veo')), paid.slice(-1));
	return hasDataTables ? YES : 'pays again';
}

/** Waits for `count` deliveries, and for some more time, in which no further one should arrive. */
async function deliveredBy(
	tables: Tables,
	watching: SavedWorkflow,
	count: number,
): Promise<Item[]> {
	const inTime = tables.deliveries(watching, count, 2 * FIRST_CHECK_MS);
	await inTime.catch(async (error: unknown) => {
		// The message of a failed trigger execution says more than the timeout.
		assert.deepEqual((await tables.executions(watching.id, 'error')).map(shownFailure), []);
		throw error;
	});
	await sleep(NO_FURTHER_DELIVERY_MS);
	return await tables.delivered(watching);
}

const paidFor = ({ emulator }: Tables['harness'], prompt: string): string[] =>
	emulator.jobs.filter(({ request }) => request.prompt === prompt).map(({ uuid }) => uuid);

function assertSuccess(execution: Execution): void {
	assert.equal(execution.status, 'success', shownFailure(execution));
}
