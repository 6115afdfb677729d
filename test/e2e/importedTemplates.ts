import type { Execution } from '../../harness/execution';
import { arrayOr, objectOr, requiredString, type JsonObject } from '../../harness/json';
import type { Credential } from '../../harness/n8nClient';
import { waitFor } from '../../harness/waitFor';
import { startWebhookReceiver, type WebhookReceiver } from '../../harness/webhookReceiver';
import { executeButton, putJobTable, putTemplates } from '../../harness/templates';
import type { EmulatorOptions } from '../../emulator';
import { N8nHarness } from '../../harness/n8nHarness';

/** Who may use the templates' pages and webhooks. */
const visitor = { user: 'visitor', password: 'Veo-visitor-1' };
const authorization = `Basic ${btoa(`${visitor.user}:${visitor.password}`)}`;

/** A real n8n with all templates imported, and a webhook that they post to. */
export class Templates {
	private constructor(
		readonly harness: N8nHarness,
		readonly receiver: WebhookReceiver,
		private readonly ids: Map<string, string>,
		private readonly credentials: Credential[],
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
			await client.createCredential('Basic Auth account', 'httpBasicAuth', { ...visitor }),
		];
		for (const { name, type, data } of others) {
			credentials.push(await client.createCredential(name, type, data));
		}
		const receiver = await startWebhookReceiver();
		await putJobTable(client);
		const ids = await putTemplates(client, { credentials, webhookUrl: receiver.url });
		return new Templates(harness, receiver, ids, credentials);
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

	/** Changes fields of a node, and chooses the credential of the type that they ask for. */
	async change(
		name: string,
		nodeName: string,
		fields: JsonObject,
		credentialType: string,
	): Promise<void> {
		const { client } = this.harness;
		const workflow = objectOr(await client.rest('GET', `/workflows/${this.id(name)}`));
		const chosen = this.credentials.find(({ type }) => type === credentialType);
		if (chosen === undefined) throw new Error(`There is no credential of type ${credentialType}`);
		const { id, name: credentialName } = chosen;
		const credentials = { [credentialType]: { id, name: credentialName } };
		const nodes = arrayOr(workflow.nodes)
			.map(objectOr)
			.map((node) =>
				node.name === nodeName
					? { ...node, credentials, parameters: { ...objectOr(node.parameters), ...fields } }
					: node,
			);
		const { connections, settings } = workflow;
		await client.updateWorkflow(this.id(name), {
			name,
			nodes,
			connections: objectOr(connections),
			settings: objectOr(settings),
		});
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

	/** Requests a page, form or webhook of an active template, with the password unless `headers` has another one. */
	async request(path: string, init: RequestInit = {}): Promise<Response> {
		const headers = { authorization, ...init.headers };
		return await fetch(`${this.harness.n8n.url}/${path}`, { ...init, headers });
	}

	/** Posts to a webhook or form of an active template. */
	async post(path: string, body: FormData | object): Promise<Response> {
		return await this.request(path, {
			method: 'POST',
			...(body instanceof FormData
				? { body }
				: { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
		});
	}

	/** Whether requests without a password, and with a wrong one, are refused. */
	async isClosed(path: string, init: RequestInit): Promise<boolean> {
		const wrong = `Basic ${btoa(`${visitor.user}:wrong`)}`;
		const statuses = await Promise.all(
			['', wrong].map(
				async (authorization) =>
					(await this.request(path, { ...init, headers: { authorization } })).status,
			),
		);
		return statuses.every((status) => [401, 403].includes(status));
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
