/** The message of a failed execution, followed word by word in n8n's editor. */
import { type Fault, failing, lostAnswer } from '../../emulator';
import { type Execution, itemsOf } from '../../harness/execution';
import { arrayOr, objectOr } from '../../harness/json';
import { shownFailure } from '../../harness/retryScenario';
import { waitFor } from '../../harness/waitFor';
import { chain, items, webhook } from '../../harness/workflow';
import { chromiumPath } from './chromium';
import { Editor } from './editor';

/** As in the message. n8n's own labels are the same, or begin with it. */
const ON_ERROR = 'On Error';
const CONTINUE = 'Continue';
const RETRY = 'Retry with currently saved workflow';
const PROMPTS = ['A kite', 'A lost answer', 'A red door'];

let editor: Editor;

/** Runs a workflow of three items in production. Returns its ID and the failed execution. */
async function runInProduction(): Promise<{ id: string; execution: Execution }> {
	const { client } = editor.harness;
	const rows = PROMPTS.map((prompt) => ({ prompt }));
	const parameters = { prompt: '={{ $json.prompt }}', options: { maxRetries: 0 } };
	const nodes = [
		webhook(),
		items('Prompts', rows),
		editor.harness.veo('Veo', { ...parameters, downloadVideo: false }),
	] as const;
	const [first, ...others] = nodes;
	const spread = others.map((node, index): typeof node => ({
		...node,
		position: [(index + 1) * 260, 0],
	}));
	const workflow = chain('Follow the message', first, ...spread);
	const { id } = await editor.harness.save(workflow);
	await client.activateWorkflow(id);
	const executionId = await client.runByWebhook(id, String(first.webhookId));
	return { id, execution: await client.waitForExecution(executionId) };
}

/** "set 'On Error' in the node's settings to 'Continue', save" */
async function setOnError(id: string): Promise<void> {
	const { page, form, harness } = editor;
	await page.goto(`${harness.n8n.url}/workflow/${id}`);
	await page.locator('[data-node-name="Veo"]').first().dblclick();
	await form.waitFor();
	await page.getByTestId('tab-settings').click();
	await form.getByText(ON_ERROR, { exact: true }).waitFor();
	await editor.choose('onError', CONTINUE);
	await page.keyboard.press('Escape');
	await page.keyboard.press('Control+s');
	await waitFor('the workflow to be saved', 30_000, async () => {
		const { nodes } = objectOr(await harness.client.rest('GET', `/workflows/${id}`));
		const veo = arrayOr(nodes)
			.map(objectOr)
			.find(({ name }) => name === 'Veo');
		return veo?.onError === 'continueRegularOutput' || undefined;
	});
}

/** "use 'Retry with currently saved workflow' in the executions list". Returns the new execution. */
async function retryInList(id: string): Promise<Execution> {
	const { page, harness } = editor;
	await page.goto(`${harness.n8n.url}/home/executions`);
	const row = page.getByTestId('global-execution-list-item').first();
	await row.waitFor();
	await row.getByRole('button').last().click();
	await page
		.getByText(new RegExp(`^\\s*${RETRY}`))
		.first()
		.click();
	const retry = await waitFor('the retry to start', 30_000, async () => {
		const [newest, ...earlier] = await harness.client.executions({ workflowId: id });
		return earlier.length > 0 ? newest : undefined;
	});
	return await harness.client.waitForExecution(retry.id);
}

(chromiumPath === undefined ? describe.skip : describe)('The message of a failed item', () => {
	beforeAll(async () => {
		editor = await Editor.start();
	});

	afterAll(async () => {
		await editor.close();
	});

	beforeEach(() => {
		editor.harness.emulator.reset();
	});

	it.each<[string, { faults?: Fault[]; outcome?: ReturnType<typeof failing> }]>([
		['unclear', { faults: [{ ...lostAnswer('every'), prompt: PROMPTS[1] }] }],
		['failed', { outcome: failing({ prompt: PROMPTS[1] }) }],
	])('says how to get the other videos at no further cost: %s', async (_, behaviour) => {
		const { emulator } = editor.harness;
		Object.assign(emulator.options, behaviour);
		const { id, execution } = await runInProduction();
		expect(execution.status).toBe('error');
		expect(shownFailure(execution)).toContain(
			`set '${ON_ERROR}' in the node's settings to '${CONTINUE}', save, and use '${RETRY}' in the executions list`,
		);
		const paid = emulator.jobs.length;

		const follow = async () => {
			await setOnError(id);
			return await retryInList(id);
		};
		const retry = await follow().catch(async (thrown: unknown) => {
			await editor.picture('failed to follow the message');
			throw thrown;
		});
		expect(retry.status).toBe('success');
		const out = itemsOf(retry, 'Veo').map(({ json }) => json);
		expect(out.map(({ status }) => status)).toEqual(['completed', undefined, 'completed']);
		expect(out[1]?.error).toEqual(expect.stringContaining('[item 1]'));
		expect(emulator.jobs).toHaveLength(paid);
		expect(paid).toBe(3);
	});
});
