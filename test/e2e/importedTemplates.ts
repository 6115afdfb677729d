import type { Execution } from '../../harness/execution';
import { arrayOr, objectOr, requiredString, type JsonObject } from '../../harness/json';
import type { Credential } from '../../harness/n8nClient';
import { waitFor } from '../../harness/waitFor';
import { startWebhookReceiver, type WebhookReceiver } from '../../harness/webhookReceiver';
import { executeButton, putJobTable, putTemplates } from '../../harness/templates';
import type { EmulatorOptions } from '../../emulator';
import { N8nHarness } from '../../harness/n8nHarness';

/** A real n8n with all templates imported, and a webhook that they post to. */
export class Templates {
	private constructor(
		readonly harness: N8nHarness,
		readonly receiver: WebhookReceiver,
		private readonly ids: Map<string, string>,
	) {}

	static async start(
		emulator: EmulatorOptions,
		others: Array<Omit<Credential, 'id'>> = [],
	): Promise<Templates> {
		const harness = await N8nHarness.start({ emulator });
		const { client, credential, n8n } = harness;
		const jobTable = { apiKey: client.apiKey, baseUrl: `${n8n.url}/api/v1` };
		const credentials = [
			credential,
			await client.createCredential('Veo Job Table account', 'veoJobTableApi', jobTable),
		];
		for (const { name, type, data } of others) {
			credentials.push(await client.createCredential(name, type, data));
		}
		const receiver = await startWebhookReceiver();
		const links = { credentials, tables: await putJobTable(client), webhookUrl: receiver.url };
		return new Templates(harness, receiver, await putTemplates(client, links));
	}

	async close(): Promise<void> {
		await this.receiver.close();
		await this.harness.close();
	}

	get names(): string[] {
		return [...this.ids.keys()];
	}

	id(name: string): string {
		const id = this.ids.get(name);
		if (id === undefined) throw new Error(`There is no template "${name}"`);
		return id;
	}

	async nodes(name: string): Promise<JsonObject[]> {
		const workflow = await this.harness.client.rest('GET', `/workflows/${this.id(name)}`);
		return arrayOr(objectOr(workflow).nodes).map(objectOr);
	}

	/** Runs the template as the editor's button does. */
	async run(name: string): Promise<Execution> {
		const { client } = this.harness;
		const execution = await client.waitForExecution(
			await client.runManually(this.id(name), executeButton),
		);
		expect(execution.error).toBeUndefined();
		expect(execution.status).toBe('success');
		return execution;
	}

	/** Activates the template, which registers its webhooks and forms. */
	async activate(name: string): Promise<void> {
		await this.harness.client.activateAndWait(this.id(name));
	}

	/** Posts to a webhook or form of an active template. */
	async post(path: string, body: FormData | object): Promise<Response> {
		const isForm = body instanceof FormData;
		return await fetch(`${this.harness.n8n.url}/${path}`, {
			method: 'POST',
			...(isForm
				? { body }
				: { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
		});
	}

	/** The template's executions with this status so far, the newest first. */
	async ended(name: string, status: string): Promise<Execution[]> {
		const { client } = this.harness;
		const found = await client.executions({ workflowId: this.id(name), status: [status] });
		return await Promise.all(found.map(async ({ id }) => await client.execution(id)));
	}

	/** Waits for what is posted to the receiver about this video. */
	async posted(uuid: string, timeoutMs = 150_000): Promise<JsonObject> {
		return await waitFor(`a post about ${uuid}`, timeoutMs, () =>
			this.receiver.received.map(objectOr).find((body) => body.uuid === uuid),
		);
	}
}

/** The `uuid` in a response. */
export async function uuidIn(response: Response): Promise<string> {
	return requiredString(await response.json(), 'uuid');
}
