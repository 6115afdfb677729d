import { itemsOf } from '../../demo/lib/execution';
import { type Credential, eventually, type SavedWorkflow } from '../../demo/lib/n8nClient';
import { Harness } from './harness';
import { chain, items, manualTrigger, node, type WorkflowNode } from './workflow';

let harness: Harness;
let table: Credential;

beforeAll(async () => {
	harness = await Harness.start({ emulator: { durationMs: 8000 } });
	table = await harness.client.createCredential('Job table', 'veoJobTableApi', {
		apiKey: harness.client.apiKey,
		baseUrl: `${harness.n8n.url}/api/v1`,
	});
});

afterAll(async () => {
	await harness.close();
});

const tracked = (name: string, parameters: object): WorkflowNode => {
	const veo = harness.veo(name, { trackJob: true, ...parameters });
	return { ...veo, credentials: { ...veo.credentials, veoJobTableApi: table } };
};

const trigger = (parameters: object): WorkflowNode =>
	node('Finished', 'n8n-nodes-veo3o1.veoTrigger', 1, parameters, {
		credentials: { veoApi: harness.credential, veoJobTableApi: table },
	});

const next = () => node('Next', 'n8n-nodes-base.noOp', 1, {});

async function delivered({ id }: SavedWorkflow): Promise<string[]> {
	const summaries = await harness.client.executions({ workflowId: id, status: ['success'] });
	const executions = await Promise.all(
		summaries.map(async (one) => await harness.client.execution(one.id)),
	);
	return executions.flatMap((one) => itemsOf(one, 'Finished').map(({ json }) => String(json.uuid)));
}

describe('Veo Trigger on the job table', () => {
	it('starts the workflow for each tracked video that is finished', async () => {
		await harness.runManually(
			chain(
				'Submit one',
				manualTrigger(),
				tracked('Veo', { operation: 'generate', prompt: 'before the trigger' }),
			),
		);
		const watching = await harness.save(
			chain('Watch', trigger({ watch: 'jobTable', events: ['completed'] }), next()),
		);
		await harness.client.activateWorkflow(watching.id);
		const submitted = await harness.runManually(
			chain(
				'Submit two',
				manualTrigger(),
				items('Prompts', [{ prompt: 'one' }, { prompt: 'two' }]),
				tracked('Veo', { operation: 'generate', prompt: '={{ $json.prompt }}' }),
			),
		);
		expect(submitted.error).toBeUndefined();

		const uuids = await eventually('three deliveries', 70_000, async () => {
			const found = await delivered(watching);
			return found.length >= 3 ? found : undefined;
		});
		expect(uuids.sort()).toEqual(harness.emulator.jobs.map(({ uuid }) => uuid).sort());
	}, 180_000);
});
