import { z } from 'zod';

import {
	executionSchema,
	hasEnded,
	idSchema,
	summarySchema,
	type BinaryFile,
	type Execution,
	type ExecutionSummary,
} from './execution';
import { isObject, type JsonObject } from './json';
import { waitFor } from './waitFor';

export interface Owner {
	email: string;
	password: string;
}

export interface Credential {
	id: string;
	name: string;
	type: string;
	data: JsonObject;
}

/** A workflow as in an exported file. */
export interface Workflow {
	name: string;
	nodes: readonly object[];
	connections: object;
	settings?: object;
}

/** A schema whose output is a T. */
type Schema<T> = z.ZodType<T, z.ZodTypeDef, unknown>;

const withId = z.object({ id: idSchema });
const savedCredential = withId.extend({ name: z.string(), type: z.string() });
const savedWorkflow = withId.extend({ name: z.string(), active: z.boolean() });
const dataTables = z.object({ data: z.array(withId.extend({ name: z.string() })) });
const publicationStatus = z.object({
	status: z.string().optional(),
	triggers: z.array(z.object({ errorMessage: z.string().nullish() })).nullish(),
});

export type SavedCredential = z.infer<typeof savedCredential>;
export type SavedWorkflow = z.infer<typeof savedWorkflow>;

export class N8nRequestFailed extends Error {
	constructor(
		request: string,
		readonly status: number,
		readonly body: string,
	) {
		super(`n8n answered ${request} with HTTP ${status}: ${body.slice(0, 1000)}`);
	}

	/** The message that n8n shows to the user. */
	get apiMessage(): string {
		return z.object({ message: z.string() }).parse(JSON.parse(this.body)).message;
	}
}

/**
 * A client of n8n's REST APIs: the editor's (`/rest`), and the public one (`/api/v1`) for what only that returns as plain
 * JSON. It can still be used after n8n has been restarted on the same folder.
 */
export class N8nClient {
	private cookie = '';

	/** A key of n8n's public API, created by `signIn`. */
	apiKey = '';

	constructor(readonly url: string) {}

	/** Creates the owner if there is none yet, logs in, and creates an API key. Replaces an older key of that label. */
	async signIn(owner: Owner, apiKeyLabel = 'demo'): Promise<void> {
		const settings = z.object({
			userManagement: z.object({ showSetupOnFirstLoad: z.boolean().optional() }),
		});
		const { userManagement } = await this.restAs(settings, 'GET', '/settings');
		if (userManagement.showSetupOnFirstLoad) {
			await this.rest('POST', '/owner/setup', { ...owner, firstName: 'Veo', lastName: 'Demo' });
		}
		await this.login(owner);
		const apiKeys = z.union([
			z.object({ items: z.array(withId.extend({ label: z.string() })) }),
			// Older versions return the list itself.
			z.array(withId.extend({ label: z.string() })).transform((items) => ({ items })),
		]);
		for (const { id, label } of (await this.restAs(apiKeys, 'GET', '/api-keys')).items) {
			if (label === apiKeyLabel) await this.rest('DELETE', `/api-keys/${id}`);
		}
		const scopes = await this.restAs(z.array(z.string()), 'GET', '/api-keys/scopes');
		this.apiKey = await this.createApiKey(apiKeyLabel, scopes);
	}

	/** Returns a key of n8n's public API with these scopes. */
	async createApiKey(label: string, scopes: readonly string[]): Promise<string> {
		const created = z.object({ rawApiKey: z.string() });
		const body = { label, scopes, expiresAt: null };
		return (await this.restAs(created, 'POST', '/api-keys', body)).rawApiKey;
	}

	/** Adds a user who is not the owner, and returns a client that is logged in as that user. */
	async addMember({ email, password }: Owner): Promise<N8nClient> {
		const invited = z.array(z.object({ user: z.object({ inviteAcceptUrl: z.string() }) }));
		const body = [{ email, role: 'global:member' }];
		const [invitation] = await this.restAs(invited, 'POST', '/invitations', body);
		const token = new URL(invitation?.user.inviteAcceptUrl ?? '').searchParams.get('token');
		const member = new N8nClient(this.url);
		const names = { firstName: 'Veo', lastName: 'Member' };
		await member.rest('POST', '/invitations/accept', { token, password, ...names });
		await member.signIn({ email, password });
		return member;
	}

	async login({ email, password }: Owner): Promise<void> {
		await this.rest('POST', '/login', { emailOrLdapLoginId: email, password });
	}

	/** The descriptions of all node types, by name, as the editor loads them. */
	async nodeTypes(): Promise<Map<string, JsonObject>> {
		const path = '/types/nodes.json';
		const types = z.array(z.object({ name: z.string() }).passthrough());
		const body: unknown = await (await this.get(path)).json();
		return new Map(parse(types, body, `GET ${path}`).map((type) => [type.name, type]));
	}

	async credentials(): Promise<SavedCredential[]> {
		return await this.restAs(z.array(savedCredential), 'GET', '/credentials');
	}

	async createCredential(name: string, type: string, data: JsonObject): Promise<Credential> {
		const { id } = await this.restAs(withId, 'POST', '/credentials', { name, type, data });
		return { id, name, type, data };
	}

	async updateCredential(credential: Credential): Promise<void> {
		await this.rest('PATCH', `/credentials/${credential.id}`, { ...credential });
	}

	/** The result that the editor shows when a credential is saved. */
	async testCredential(credentials: Credential): Promise<{ status: string; message: string }> {
		const result = z.object({ status: z.string(), message: z.string() });
		return await this.restAs(result, 'POST', '/credentials/test', { credentials });
	}

	async workflows(): Promise<SavedWorkflow[]> {
		return await this.restAs(z.array(savedWorkflow), 'GET', '/workflows');
	}

	async createWorkflow(workflow: Workflow): Promise<SavedWorkflow> {
		// n8n 1.x and 2.0 require `active`.
		const body = { settings: {}, active: false, ...workflow };
		return await this.restAs(savedWorkflow, 'POST', '/workflows', body);
	}

	async updateWorkflow(id: string, workflow: Workflow): Promise<void> {
		await this.rest('PATCH', `/workflows/${id}?forceSave=true`, { settings: {}, ...workflow });
	}

	/** Publishes the workflow. Its webhooks and triggers may be registered some seconds later. */
	async activateWorkflow(id: string): Promise<void> {
		const version = z.object({ versionId: z.string().optional() });
		const { versionId } = await this.restAs(version, 'GET', `/workflows/${id}`);
		await this.rest('POST', `/workflows/${id}/activate`, { versionId });
	}

	/** Publishes the workflow and waits until its triggers are registered. Throws n8n's message if that fails. */
	async activateAndWait(id: string): Promise<void> {
		const refusal = await this.tryToActivate(id, 60_000);
		if (refusal !== '') throw new Error(refusal);
	}

	/** Like `activateAndWait`, but returns n8n's message if that fails, otherwise an empty string. */
	async tryToActivate(id: string, timeoutMs: number): Promise<string> {
		try {
			await this.activateWorkflow(id);
		} catch (error) {
			if (error instanceof N8nRequestFailed) return error.apiMessage;
			throw error;
		}
		return await waitFor('the workflow to be active', timeoutMs, async () => {
			const { status, triggers } = await this.publicationStatus(id);
			if (status === 'published') return '';
			return triggers?.map(({ errorMessage }) => errorMessage).find(isText);
		});
	}

	private async publicationStatus(id: string): Promise<z.infer<typeof publicationStatus>> {
		try {
			return await this.restAs(publicationStatus, 'GET', `/workflows/${id}/publication-status`);
		} catch (error) {
			// Older versions lack this route. They answer the activation when all triggers are registered.
			if (error instanceof N8nRequestFailed && error.status === 404) return { status: 'published' };
			throw error;
		}
	}

	async deactivateWorkflow(id: string): Promise<void> {
		await this.rest('POST', `/workflows/${id}/deactivate`, {});
	}

	/** Starts the workflow from the named trigger, as the editor's button does. Returns the execution's ID. */
	async runManually(workflowId: string, trigger: string): Promise<string> {
		// Older versions run the workflow in the request, newer ones the saved one.
		const workflowData = await this.rest('GET', `/workflows/${workflowId}`);
		const body = { workflowData, triggerToStartFrom: { name: trigger } };
		const started = z.object({ executionId: idSchema });
		return (await this.restAs(started, 'POST', `/workflows/${workflowId}/run`, body)).executionId;
	}

	/**
	 * Calls the webhook of an active workflow, once it is registered, and returns the ID of the execution that this started.
	 * The Webhook node must respond immediately. Make one call at a time per workflow.
	 */
	async runByWebhook(workflowId: string, path: string, body: object = {}): Promise<string> {
		const [latest] = await this.executions({ workflowId });
		await this.callWebhook(path, body);
		return await waitFor('the execution to appear', 30_000, async () => {
			const [newest] = await this.executions({ workflowId });
			return newest?.id === latest?.id ? undefined : newest?.id;
		});
	}

	/** Calls the webhook of an active workflow, once it is registered. */
	async callWebhook(path: string, body: object): Promise<void> {
		await waitFor(`the webhook ${path} to be registered`, 30_000, async () => {
			const response = await fetch(`${this.url}/webhook/${path}`, {
				method: 'POST',
				headers: { 'content-type': 'application/json' },
				body: JSON.stringify(body),
			});
			if (response.status === 404) return undefined;
			if (!response.ok) throw await failure(`POST /webhook/${path}`, response);
			return true;
		});
	}

	/** Executions, the newest first. */
	async executions(filter: {
		workflowId?: string;
		status?: string[];
		limit?: number;
	}): Promise<ExecutionSummary[]> {
		const { limit = 100, ...wanted } = filter;
		const query = new URLSearchParams({ filter: JSON.stringify(wanted), limit: String(limit) });
		const list = z.object({ results: z.array(summarySchema) });
		return (await this.restAs(list, 'GET', `/executions?${query.toString()}`)).results;
	}

	async execution(id: string): Promise<Execution> {
		return await this.apiAs(executionSchema, 'GET', `/executions/${id}?includeData=true`);
	}

	async waitForExecution(id: string, timeoutMs = 60_000): Promise<Execution> {
		await waitFor(`execution ${id} to end`, timeoutMs, async () => {
			const { status } = await this.apiAs(summarySchema, 'GET', `/executions/${id}`);
			return hasEnded(status) || undefined;
		});
		return await this.execution(id);
	}

	/** "Retry" in the executions list, with the original or the currently saved workflow. Returns when it has ended. */
	async retryExecution(id: string, withSavedWorkflow = false): Promise<Execution> {
		const body = { loadWorkflow: withSavedWorkflow };
		const retry = await this.restAs(withId, 'POST', `/executions/${id}/retry`, body);
		return await this.waitForExecution(retry.id);
	}

	async stopExecution(id: string): Promise<void> {
		await this.rest('POST', `/executions/${id}/stop`);
	}

	/** The content of a file that an execution produced. */
	async binary(file: BinaryFile): Promise<Buffer> {
		if (file.id === undefined) return Buffer.from(file.data ?? '', 'base64');
		const query = new URLSearchParams({ id: file.id, action: 'download' });
		const response = await this.get(`/rest/binary-data?${query.toString()}`);
		return Buffer.from(await response.arrayBuffer());
	}

	/** The IDs of the Data Tables, by name. */
	async dataTables(): Promise<Map<string, string>> {
		const { data } = await this.apiAs(dataTables, 'GET', '/data-tables?limit=250');
		return new Map(data.map(({ name, id }) => [name, id]));
	}

	/** Creates a Data Table. `columnTypes` has the type of each column by name. Returns the table's ID. */
	async createDataTable(name: string, columnTypes: Record<string, string>): Promise<string> {
		const columns = Object.entries(columnTypes).map(([name, type]) => ({ name, type }));
		return (await this.apiAs(withId, 'POST', '/data-tables', { name, columns })).id;
	}

	/** A request of the editor. Returns the `data` of the answer. */
	async rest(method: string, path: string, body?: object): Promise<unknown> {
		const answer = await this.send(method, `/rest${path}`, { cookie: this.cookie }, body);
		return isObject(answer) && 'data' in answer ? answer.data : answer;
	}

	/** A request to n8n's public API. */
	async api(method: string, path: string, body?: object): Promise<unknown> {
		return await this.send(method, `/api/v1${path}`, { 'x-n8n-api-key': this.apiKey }, body);
	}

	private async restAs<T>(
		schema: Schema<T>,
		...request: Parameters<N8nClient['rest']>
	): Promise<T> {
		const [method, path] = request;
		return parse(schema, await this.rest(...request), `${method} /rest${path}`);
	}

	private async apiAs<T>(schema: Schema<T>, ...request: Parameters<N8nClient['api']>): Promise<T> {
		const [method, path] = request;
		return parse(schema, await this.api(...request), `${method} /api/v1${path}`);
	}

	private async send(
		method: string,
		path: string,
		headers: Record<string, string>,
		body?: object,
	): Promise<unknown> {
		const response = await fetch(this.url + path, {
			method,
			headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
			body: body === undefined ? undefined : JSON.stringify(body),
		});
		if (!response.ok) throw await failure(`${method} ${path}`, response);
		for (const cookie of response.headers.getSetCookie()) {
			if (cookie.startsWith('n8n-auth=')) this.cookie = cookie.split(';')[0] ?? '';
		}
		const text = await response.text();
		const answer: unknown = text === '' ? undefined : JSON.parse(text);
		return answer;
	}

	private async get(path: string): Promise<Response> {
		const response = await fetch(this.url + path, { headers: { cookie: this.cookie } });
		if (!response.ok) throw await failure(`GET ${path}`, response);
		return response;
	}
}

function parse<T>(schema: Schema<T>, answer: unknown, request: string): T {
	const { success, data, error } = schema.safeParse(answer);
	if (success) return data;
	const issues = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
	const body = JSON.stringify(answer)?.slice(0, 500);
	throw new Error(`Unexpected answer of n8n to ${request}. ${issues.join('; ')}\n${body}`);
}

async function failure(request: string, response: Response): Promise<N8nRequestFailed> {
	return new N8nRequestFailed(request, response.status, await response.text());
}

const isText = (value: unknown): value is string => typeof value === 'string';
