import { readdir } from 'node:fs/promises';

import {
	addByHand,
	executeButton,
	putExamples,
	putJobTable,
	submitOnSchedule,
	textToVideo,
	whenFinished,
} from '../../demo/lib/examples';
import { itemsOf, type Execution, type Item } from '../../demo/lib/execution';
import { arrayOr, objectOr } from '../../demo/lib/json';
import { eventually } from '../../demo/lib/n8nClient';
import { workflowsFolder } from '../../demo/lib/paths';
import { Harness } from './harness';

let harness: Harness;
let workflows: Map<string, string>;

beforeAll(async () => {
	harness = await Harness.start({
		emulator: {
			durationMs: ({ prompt }) => (isBarista(prompt) ? 8_000 : 4_000),
			outcome: ({ prompt }) => (isBarista(prompt) ? 'failed' : 'completed'),
			failureMessage: 'The heart came out square',
		},
	});
	const { client, credential, n8n } = harness;
	const jobTable = await client.createCredential('Veo Job Table account', 'veoJobTableApi', {
		apiKey: client.apiKey,
		baseUrl: `${n8n.url}/api/v1`,
	});
	const tables = await putJobTable(client);
	workflows = await putExamples(client, { credentials: [credential, jobTable], tables });
});

afterAll(async () => {
	await harness.close();
});

/** One of the prompts in the example of many: its video cannot be made. */
const isBarista = (prompt: string) => prompt.startsWith('A barista');

const idOf = (name: string) => workflows.get(name) ?? '';

/** As a person does with the editor's button. */
async function run(name: string): Promise<Execution> {
	const id = await harness.client.runManually(idOf(name), executeButton);
	const execution = await harness.client.waitForExecution(id);
	expect(execution.error).toBeUndefined();
	expect(execution.status).toBe('success');
	return execution;
}

/** What the trigger's workflow has put out so far. */
async function finished(): Promise<Item[]> {
	const { client } = harness;
	const done = await client.executions({ workflowId: idOf(whenFinished), status: ['success'] });
	const executions = await Promise.all(done.map(async ({ id }) => await client.execution(id)));
	return executions.flatMap((one) =>
		(one.runs['Send it on'] ?? []).flatMap(({ outputs }) => outputs.flat()),
	);
}

it('are all tried here', async () => {
	expect([...workflows.keys()].sort()).toEqual(
		[addByHand, submitOnSchedule, textToVideo, whenFinished].sort(),
	);
	expect(await readdir(workflowsFolder)).toHaveLength(workflows.size);
});

it('say in a note what they are', async () => {
	for (const id of workflows.values()) {
		const { name, nodes } = objectOr(await harness.client.rest('GET', `/workflows/${id}`));
		const note = arrayOr(nodes)
			.map(objectOr)
			.find(({ type }) => type === 'n8n-nodes-base.stickyNote');
		expect(objectOr(note?.parameters).content).toMatch(new RegExp(`^## ${String(name)}\n`));
	}
});

it('make a video and attach the film', async () => {
	const [item] = itemsOf(await run(textToVideo), 'Veo');
	expect(item?.json.status).toBe('completed');
	expect(item?.binary.data?.mimeType).toBe('video/mp4');
});

it('submit, and start another workflow for each video when it is finished', async () => {
	const { client, emulator } = harness;
	await client.activateFully(idOf(whenFinished));
	await client.activateFully(idOf(submitOnSchedule));
	const submitted = itemsOf(await run(submitOnSchedule), 'Veo');
	expect(submitted.map(({ json }) => json.status)).toEqual(['pending', 'pending']);
	const byHand = itemsOf(await run(addByHand), 'Veo')[0]?.json.uuid;

	const items = await eventually('three executions', 90_000, async () => {
		const items = await finished();
		return items.length >= 3 ? items : undefined;
	});
	const uuids = [...submitted.map(({ json }) => json.uuid), byHand].sort();
	expect(items.map(({ json }) => json.uuid).sort()).toEqual(uuids);
	for (const { json, binary } of items) {
		const job = emulator.jobs.find(({ uuid }) => uuid === json.uuid);
		// Of the row that was made by hand the table knows no more than the ID.
		const prompt = json.uuid === byHand ? undefined : job?.request.prompt;
		expect(json.prompt).toBe(prompt);
		const failed = isBarista(prompt ?? '');
		expect(json.status).toBe(failed ? 'failed' : 'completed');
		expect(json.message).toBe(
			`The video "${prompt ?? String(json.uuid)}" ` +
				(failed
					? 'could not be made: The heart came out square'
					: `is ready: ${String(json.videoUrl)}`),
		);
		expect(binary.data?.mimeType).toBe(failed ? undefined : 'video/mp4');
	}
	expect(items.filter(({ json }) => json.status === 'failed')).toHaveLength(1);
	// Only what was submitted here, and once each: the schedule is for tomorrow at 9.
	expect(emulator.jobs).toHaveLength(1 + uuids.length);
}, 150_000);
