import { type Execution, type Item, itemsOf } from './execution';
import { arrayOr, type JsonObject, objectOr } from './json';
import type { Credential, SavedWorkflow } from './n8nClient';
import { N8nHarness, type N8nHarnessOptions } from './n8nHarness';
import { waitFor } from './waitFor';
import { chain, manualTrigger, node, type TestWorkflow, type WorkflowNode } from './workflow';

/** A trigger checks its jobs for the first time within this time after activation. */
export const FIRST_CHECK_MS = 90_000;
/** n8n activates five workflows at a time, and retries each failed activation for 15 seconds. */
const ACTIVATION_MS = 100_000;

type Credentials = Record<string, { id: string; name: string }>;

/** A real n8n with a valid credential for its own Data Tables. */
export class Tables {
	private constructor(
		readonly harness: N8nHarness,
		/** A valid `veoJobTableApi` credential. */
		readonly tableCredential: Credential,
	) {}

	/** The prompt controls the job: "20 s" sets its duration (default 1 s), "fails" makes it fail. */
	static async start(
		n8nEnv?: N8nHarnessOptions['n8nEnv'],
		installed?: N8nHarnessOptions['installed'],
	): Promise<Tables> {
		const harness = await N8nHarness.start({
			n8nEnv,
			installed,
			emulator: {
				durationMs: ({ prompt }) => Number(/(\d+) s/.exec(prompt)?.[1] ?? 1) * 1000,
				outcome: ({ prompt }) => (prompt.includes('fails') ? 'failed' : 'completed'),
			},
		});
		return await Tables.of(harness);
	}

	/** The tables that the harness's user sees. */
	static async of(harness: N8nHarness): Promise<Tables> {
		const data = { apiKey: harness.client.apiKey, baseUrl: `${harness.n8n.url}/api/v1` };
		const credential = await harness.client.createCredential('Table', 'veoJobTableApi', data);
		return new Tables(harness, credential);
	}

	async credentialFor(type: 'veoApi' | 'veoJobTableApi', data: JsonObject): Promise<Credential> {
		const valid = type === 'veoApi' ? this.harness.credential : this.tableCredential;
		return await this.harness.client.createCredential('Other', type, { ...valid.data, ...data });
	}

	/** A Veo node that records its jobs in the table. */
	tracked(jobTableName: unknown, parameters: object): WorkflowNode {
		const veo = this.harness.veo('Veo', {
			operation: 'generate',
			trackJob: true,
			jobTableName,
			...parameters,
		});
		return { ...veo, credentials: { ...veo.credentials, veoJobTableApi: this.tableCredential } };
	}

	trigger(parameters: object, credentials?: Credentials): WorkflowNode {
		return node('Finished', 'n8n-nodes-veo3o1.veoTrigger', 1, parameters, {
			credentials: {
				veoApi: this.harness.credential,
				veoJobTableApi: this.tableCredential,
				...credentials,
			},
		});
	}

	/** A workflow that starts with the trigger. */
	watching(parameters: object, credentials?: Credentials): TestWorkflow {
		const next = node('Next', 'n8n-nodes-base.noOp', 1, {});
		return chain('Watch', this.trigger(parameters, credentials), next);
	}

	/** Runs a Veo node that records its job in the table. */
	async submit(jobTableName: unknown, prompt: string, parameters: object = {}): Promise<Execution> {
		const veo = this.tracked(jobTableName, { prompt, ...parameters });
		return await this.harness.runManually(chain('Submit', manualTrigger(), veo));
	}

	/** Activates the workflow. Returns n8n's message if that fails, otherwise an empty string. */
	async activate({ id }: SavedWorkflow): Promise<string> {
		return await this.harness.client.tryToActivate(id, ACTIVATION_MS);
	}

	/** Saves and activates a workflow that starts with the trigger. */
	async watch(parameters: object, credentials?: Credentials): Promise<SavedWorkflow> {
		const saved = await this.harness.save(this.watching(parameters, credentials));
		const refusal = await this.activate(saved);
		if (refusal !== '') throw new Error(refusal);
		return saved;
	}

	/** The items that the trigger has emitted so far, the oldest first. */
	async delivered({ id: workflowId }: SavedWorkflow): Promise<Item[]> {
		const executions = await this.executions(workflowId, 'success');
		return executions.flatMap((one) => itemsOf(one, 'Finished'));
	}

	/** Waits until the trigger has emitted at least `count` items, and returns all of them. */
	async deliveries(
		saved: SavedWorkflow,
		count: number,
		timeoutMs = FIRST_CHECK_MS,
	): Promise<Item[]> {
		return await waitFor(`${count} deliveries`, timeoutMs, async () => {
			const items = await this.delivered(saved);
			return items.length >= count ? items : undefined;
		});
	}

	async executions(workflowId: string, status: string): Promise<Execution[]> {
		const { client } = this.harness;
		const summaries = await client.executions({ workflowId, status: [status] });
		return await Promise.all(summaries.reverse().map(async ({ id }) => await client.execution(id)));
	}

	/** The rows of a table, or undefined if the table does not exist. */
	async rows(name: string): Promise<JsonObject[] | undefined> {
		const id = await this.tableId(name);
		if (id === undefined) return undefined;
		const answer = await this.harness.client.api('GET', `/data-tables/${id}/rows?limit=250`);
		return arrayOr(objectOr(answer).data).map(objectOr);
	}

	/** Inserts rows, as a user would. */
	async insert(name: string, data: JsonObject[]): Promise<void> {
		const id = await this.tableId(name);
		await this.harness.client.api('POST', `/data-tables/${id}/rows`, { data, returnType: 'count' });
	}

	private async tableId(name: string): Promise<string | undefined> {
		return (await this.harness.client.dataTables()).get(name);
	}
}

export const uuidsOf = (items: Item[]): string[] => items.map(({ json }) => String(json.uuid));
