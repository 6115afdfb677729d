import { itemsOf } from '../../harness/execution';
import type { Fault } from '../../emulator';
import { Tables, uuidsOf } from '../../harness/jobTables';
import { chain, items, type TestWorkflow, webhook } from '../../harness/workflow';

let tables: Tables;
beforeAll(async () => {
	tables = await Tables.start();
});
afterAll(async () => {
	await tables.harness.close();
});

const jobsOf = (prompts: string[]) =>
	tables.harness.emulator.jobs.filter(({ request }) => prompts.includes(request.prompt));

/** Webhook -> items -> Veo, which records its jobs in a table. */
function workflowFor(prompts: string[], options: object): TestWorkflow {
	const list = items(
		'Items',
		prompts.map((prompt) => ({ prompt })),
	);
	const parameters = { operation: 'generateAndWait', prompt: '={{ $json.prompt }}', options };
	const veo = tables.tracked('veo_jobs', { ...parameters, downloadVideo: true });
	return chain('Tracked', webhook(), list, veo);
}

// n8n starts a second retry of the first execution with the memory of that one, and the retry of a stopped execution with none.
describe('Track Job pays once', () => {
	it('when the first execution is retried twice, instead of its retry', async () => {
		const prompts = ['1 s, accepted at once', '1 s, refused at first, with failing checks'];
		const faults: Fault[] = [
			{ on: 'generate', prompt: prompts[1], occurrence: 1, do: { type: 'envelope', code: 1000 } },
			{ on: 'status', prompt: prompts[1], do: { type: 'http', status: 401 } },
		];
		tables.harness.emulator.options.faults = faults;
		const options = { maxRetries: 0, maxConcurrentJobs: 1 };
		const { client } = tables.harness;
		const first = await tables.harness.runInProduction(workflowFor(prompts, options));
		expect(first.status).toBe('error');
		expect(jobsOf(prompts)).toHaveLength(1);
		expect((await client.retryExecution(first.id)).status).toBe('error');
		expect(jobsOf(prompts)).toHaveLength(2);

		tables.harness.emulator.options.faults = [];
		const second = await client.retryExecution(first.id);
		expect(uuidsOf(itemsOf(second, 'Veo'))).toEqual(jobsOf(prompts).map(({ uuid }) => uuid));
		expect(jobsOf(prompts)).toHaveLength(2);
	});

	it('when an execution that was stopped is retried', async () => {
		const prompts = ['20 s, one', '20 s, two'];
		const { client } = tables.harness;
		const workflow = workflowFor(prompts, {});
		const { id } = await tables.harness.save(workflow);
		await client.activateWorkflow(id);
		const stopped = await client.runByWebhook(id, String(workflow.nodes[0].webhookId), {});
		// The row of a job is written before its first check.
		await tables.harness.waitUntil(
			() => jobsOf(prompts).filter(({ statusChecks }) => statusChecks > 0).length === 2,
		);
		await client.stopExecution(stopped);
		expect((await client.waitForExecution(stopped)).status).toBe('canceled');

		const retry = await client.retryExecution(stopped);
		expect(uuidsOf(itemsOf(retry, 'Veo')).sort()).toEqual(
			jobsOf(prompts)
				.map(({ uuid }) => uuid)
				.sort(),
		);
		expect(jobsOf(prompts)).toHaveLength(2);
	});
});
