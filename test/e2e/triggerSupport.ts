/** What the tests of the job table and the trigger have in common. */
import { type Execution, type Item, itemsOf } from '../../harness/execution';
import { arrayOr, type JsonObject, objectOr, optionalString } from '../../harness/json';
import { type Credential, eventually, type SavedWorkflow } from '../../harness/n8nClient';
import { Harness, type HarnessOptions } from './harness';
import { chain, manualTrigger, node, type TestWorkflow, type WorkflowNode } from './workflow';

/** A trigger that is switched on has its first poll within a minute. */
export const A_POLL_MS = 90_000;
/** n8n switches on five at a time, and tries each that refuses again for a quarter of a minute. */
const PUBLISHING_MS = 100_000;

type Credentials = Record<string, { id: string; name: string }>;

/** A real n8n with a good credential for its own Data Tables. */
export class Tables {
	private constructor(
		readonly harness: Harness,
		private readonly credential: Credential,
	) {}

	/** A job takes as many seconds as its prompt says, and fails where that says so. */
	static async start(
		n8nEnv?: HarnessOptions['n8nEnv'],
		installed?: HarnessOptions['installed'],
	): Promise<Tables> {
		const harness = await Harness.start({
			n8nEnv,
			installed,
			emulator: {
				durationMs: ({ prompt }) => Number(/(\d+) s/.exec(prompt)?.[1] ?? 1) * 1000,
				outcome: ({ prompt }) => (prompt.includes('fails') ? 'failed' : 'completed'),
			},
		});
		const data = { apiKey: harness.client.apiKey, baseUrl: `${harness.n8n.url}/api/v1` };
		const credential = await harness.client.createCredential('Table', 'veoJobTableApi', data);
		return new Tables(harness, credential);
	}

	async credentialFor(type: 'veoApi' | 'veoJobTableApi', data: JsonObject): Promise<Credential> {
		const good = type === 'veoApi' ? this.harness.credential : this.credential;
		return await this.harness.client.createCredential('Other', type, { ...good.data, ...data });
	}

	/** A Veo node that notes its jobs in the table. */
	tracked(jobTableName: string, parameters: object): WorkflowNode {
		const veo = this.harness.veo('Veo', {
			operation: 'generate',
			trackJob: true,
			jobTableName,
			...parameters,
		});
		return { ...veo, credentials: { ...veo.credentials, veoJobTableApi: this.credential } };
	}

	trigger(parameters: object, credentials?: Credentials): WorkflowNode {
		return node('Finished', 'n8n-nodes-veo3o1.veoTrigger', 1, parameters, {
			credentials: {
				veoApi: this.harness.credential,
				veoJobTableApi: this.credential,
				...credentials,
			},
		});
	}

	/** A workflow that the trigger starts. */
	watching(parameters: object, credentials?: Credentials): TestWorkflow {
		const next = node('Next', 'n8n-nodes-base.noOp', 1, {});
		return chain('Watch', this.trigger(parameters, credentials), next);
	}

	/** Runs a Veo node that notes its job in the table. */
	async submit(jobTableName: string, prompt: string, parameters: object = {}): Promise<Execution> {
		const veo = this.tracked(jobTableName, { prompt, ...parameters });
		return await this.harness.runManually(chain('Submit', manualTrigger(), veo));
	}

	/** Switches it on, and waits until n8n has done so; gives the words with which n8n did not, if any. */
	async activate({ id }: SavedWorkflow): Promise<string> {
		return await this.harness.client.switchOn(id, PUBLISHING_MS);
	}

	/** Saves and switches on a workflow that the trigger starts. */
	async watch(parameters: object, credentials?: Credentials): Promise<SavedWorkflow> {
		const saved = await this.harness.save(this.watching(parameters, credentials));
		const words = await this.activate(saved);
		if (words !== '') throw new Error(words);
		return saved;
	}

	/** What the trigger has started the workflow with so far, the first first. */
	async delivered({ id: workflowId }: SavedWorkflow): Promise<Item[]> {
		const executions = await this.executions(workflowId, 'success');
		return executions.flatMap((one) => itemsOf(one, 'Finished'));
	}

	/** Waits for so many items, and for a while more, in which no further one should come. */
	async deliveries(saved: SavedWorkflow, count: number, timeoutMs = A_POLL_MS): Promise<Item[]> {
		return await eventually(`${count} deliveries`, timeoutMs, async () => {
			const items = await this.delivered(saved);
			return items.length >= count ? items : undefined;
		});
	}

	async executions(workflowId: string, status: string): Promise<Execution[]> {
		const { client } = this.harness;
		const summaries = await client.executions({ workflowId, status: [status] });
		return await Promise.all(summaries.reverse().map(async ({ id }) => await client.execution(id)));
	}

	/** The rows of a table; nothing where there is no such table. */
	async rows(name: string): Promise<JsonObject[] | undefined> {
		const id = await this.tableId(name);
		if (id === undefined) return undefined;
		const answer = await this.harness.client.api('GET', `/data-tables/${id}/rows?limit=250`);
		return arrayOr(objectOr(answer).data).map(objectOr);
	}

	/** Inserts rows as a user would. */
	async insert(name: string, data: JsonObject[]): Promise<void> {
		const id = await this.tableId(name);
		await this.harness.client.api('POST', `/data-tables/${id}/rows`, { data, returnType: 'count' });
	}

	private async tableId(name: string): Promise<string | undefined> {
		const answer = await this.harness.client.api('GET', '/data-tables?limit=250');
		const tables = arrayOr(objectOr(answer).data).map(objectOr);
		return optionalString(tables.find((table) => table.name === name)?.id);
	}
}

export const uuidsOf = (items: Item[]): string[] => items.map(({ json }) => String(json.uuid));
