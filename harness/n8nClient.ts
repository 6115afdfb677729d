import { setTimeout as sleep } from 'node:timers/promises';

import {
	hasEnded,
	readExecution,
	readSummary,
	type BinaryFile,
	type Execution,
	type ExecutionSummary,
} from './execution';
import {
	arrayOr,
	isObject,
	objectOr,
	optionalString,
	requiredString,
	type JsonObject,
} from './json';

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

/** What n8n stores of a workflow, as in an exported file. */
export interface Workflow {
	name: string;
	nodes: readonly object[];
	connections: object;
	settings?: object;
}

export interface SavedWorkflow {
	id: string;
	name: string;
	active: boolean;
}

export class N8nRequestFailed extends Error {
	constructor(
		request: string,
		readonly status: number,
		readonly answer: string,
	) {
		super(`n8n answered ${request} with HTTP ${status}: ${answer.slice(0, 1000)}`);
	}

	/** What n8n says to the user. */
	get words(): string {
		return requiredString(JSON.parse(this.answer), 'message');
	}
}

/**
 * A person in n8n's editor, over HTTP: what the editor asks for through `/rest`, and what only the public API gives in
 * plain JSON through `/api/v1`. It stays good when n8n starts again on the same folder.
 */
export class N8nClient {
	private cookie = '';

	/** A key of n8n's public API, made by `signIn`. */
	apiKey = '';

	constructor(readonly url: string) {}

	/** Sets up the owner if there is none yet, logs in, and makes an API key (an older one of that label goes). */
	async signIn(owner: Owner, apiKeyLabel = 'demo'): Promise<void> {
		const settings = objectOr(objectOr(await this.rest('GET', '/settings')).userManagement);
		if (settings.showSetupOnFirstLoad === true) {
			await this.rest('POST', '/owner/setup', { ...owner, firstName: 'Veo', lastName: 'Demo' });
		}
		await this.login(owner);
		for (const key of arrayOr(objectOr(await this.rest('GET', '/api-keys')).items)) {
			if (objectOr(key).label !== apiKeyLabel) continue;
			await this.rest('DELETE', `/api-keys/${requiredString(key, 'id')}`);
		}
		const scopes = await this.rest('GET', '/api-keys/scopes');
		const key = await this.rest('POST', '/api-keys', {
			label: apiKeyLabel,
			scopes,
			expiresAt: null,
		});
		this.apiKey = requiredString(key, 'rawApiKey');
	}

	async login({ email, password }: Owner): Promise<void> {
		await this.rest('POST', '/login', { emailOrLdapLoginId: email, password });
	}

	/** What the editor knows of every node, by type. */
	async nodeTypes(): Promise<Map<string, JsonObject>> {
		const answer: unknown = await (await this.get('/types/nodes.json')).json();
		return new Map(arrayOr(answer).map((type) => [requiredString(type, 'name'), objectOr(type)]));
	}

	async credentials(): Promise<Array<{ id: string; name: string; type: string }>> {
		return arrayOr(await this.rest('GET', '/credentials')).map((credential) => ({
			id: requiredString(credential, 'id'),
			name: requiredString(credential, 'name'),
			type: requiredString(credential, 'type'),
		}));
	}

	async createCredential(name: string, type: string, data: JsonObject): Promise<Credential> {
		const created = await this.rest('POST', '/credentials', { name, type, data });
		return { id: requiredString(created, 'id'), name, type, data };
	}

	async updateCredential(credential: Credential): Promise<void> {
		await this.rest('PATCH', `/credentials/${credential.id}`, { ...credential });
	}

	/** What the editor shows beside a credential when it is saved. */
	async testCredential(credential: Credential): Promise<{ status: string; message: string }> {
		const result = objectOr(
			await this.rest('POST', '/credentials/test', { credentials: credential }),
		);
		return { status: requiredString(result, 'status'), message: requiredString(result, 'message') };
	}

	async workflows(): Promise<SavedWorkflow[]> {
		return arrayOr(await this.rest('GET', '/workflows')).map(readSavedWorkflow);
	}

	async createWorkflow(workflow: Workflow): Promise<SavedWorkflow> {
		// n8n 1.x and 2.0 want to be told that it is not active.
		const body = { settings: {}, active: false, ...workflow };
		return readSavedWorkflow(await this.rest('POST', '/workflows', body));
	}

	async updateWorkflow(id: string, workflow: Workflow): Promise<void> {
		await this.rest('PATCH', `/workflows/${id}?forceSave=true`, { settings: {}, ...workflow });
	}

	/** Publishes the workflow; its webhooks and polls may be registered only some seconds later. */
	async activateWorkflow(id: string): Promise<void> {
		const { versionId } = objectOr(await this.rest('GET', `/workflows/${id}`));
		await this.rest('POST', `/workflows/${id}/activate`, { versionId });
	}

	/** The same, and waits until they are. Throws, in n8n's words, where n8n could not do it. */
	async activateFully(id: string): Promise<void> {
		const refusal = await this.switchOn(id, 60_000);
		if (refusal !== '') throw new Error(refusal);
	}

	/** The same, but gives the words with which n8n could not do it; none where it could. */
	async switchOn(id: string, timeoutMs: number): Promise<string> {
		try {
			await this.activateWorkflow(id);
		} catch (error) {
			if (error instanceof N8nRequestFailed) return error.words;
			throw error;
		}
		return await eventually('the workflow to be active', timeoutMs, async () => {
			const { status, triggers } = await this.publicationStatus(id);
			if (status === 'published') return '';
			return arrayOr(triggers)
				.map((trigger) => optionalString(objectOr(trigger).errorMessage))
				.find((words) => words !== undefined);
		});
	}

	private async publicationStatus(id: string): Promise<JsonObject> {
		try {
			return objectOr(await this.rest('GET', `/workflows/${id}/publication-status`));
		} catch (error) {
			// Older versions, which do not know this, answer the activation only once all is registered.
			if (error instanceof N8nRequestFailed && error.status === 404) return { status: 'published' };
			throw error;
		}
	}

	async deactivateWorkflow(id: string): Promise<void> {
		await this.rest('POST', `/workflows/${id}/deactivate`, {});
	}

	async deleteWorkflow(id: string): Promise<void> {
		await this.rest('POST', `/workflows/${id}/archive`, {});
		await this.rest('DELETE', `/workflows/${id}`);
	}

	/** Starts the workflow from the named trigger, as the editor's button does; gives the execution's id. */
	async runManually(workflowId: string, trigger: string): Promise<string> {
		// Older versions run the workflow that they are sent, newer ones the saved one.
		const workflowData = await this.rest('GET', `/workflows/${workflowId}`);
		const body = { workflowData, triggerToStartFrom: { name: trigger } };
		const answer = await this.rest('POST', `/workflows/${workflowId}/run`, body);
		return requiredString(answer, 'executionId');
	}

	/**
	 * Calls the webhook of an active workflow, once it is registered, and gives the id of the execution that it started.
	 * Its Webhook node must answer at once; one call at a time for each workflow.
	 */
	async runByWebhook(workflowId: string, path: string, body: object = {}): Promise<string> {
		const [latest] = await this.executions({ workflowId });
		await this.callWebhook(path, body);
		return await eventually('the execution to appear', 30_000, async () => {
			const [newest] = await this.executions({ workflowId });
			return newest?.id === latest?.id ? undefined : newest?.id;
		});
	}

	/** Calls the webhook of an active workflow, once it is registered. */
	async callWebhook(path: string, body: object): Promise<void> {
		await eventually(`the webhook ${path} to be registered`, 30_000, async () => {
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
		const answer = objectOr(await this.rest('GET', `/executions?${query.toString()}`));
		return arrayOr(answer.results).map(readSummary);
	}

	async execution(id: string): Promise<Execution> {
		return readExecution(await this.api('GET', `/executions/${id}?includeData=true`));
	}

	async waitForExecution(id: string, timeoutMs = 60_000): Promise<Execution> {
		await eventually(`execution ${id} to end`, timeoutMs, async () => {
			const summary = readSummary(await this.api('GET', `/executions/${id}`));
			return hasEnded(summary.status) ? true : undefined;
		});
		return await this.execution(id);
	}

	/** "Retry" in the executions list, with the workflow as it ran or as it is saved now; comes back when it has ended. */
	async retryExecution(id: string, withSavedWorkflow = false): Promise<Execution> {
		const body = { loadWorkflow: withSavedWorkflow };
		const answer = await this.rest('POST', `/executions/${id}/retry`, body);
		return await this.waitForExecution(requiredString(answer, 'id'));
	}

	async stopExecution(id: string): Promise<void> {
		await this.rest('POST', `/executions/${id}/stop`);
	}

	/** The content of a file that an execution put out. */
	async binary(file: BinaryFile): Promise<Buffer> {
		if (file.id === undefined) return Buffer.from(file.data ?? '', 'base64');
		const query = new URLSearchParams({ id: file.id, action: 'download' });
		const response = await this.get(`/rest/binary-data?${query.toString()}`);
		return Buffer.from(await response.arrayBuffer());
	}

	/** The ids of the Data Tables, by name. */
	async dataTables(): Promise<Map<string, string>> {
		const answer = objectOr(await this.api('GET', '/data-tables?limit=250'));
		return new Map(
			arrayOr(answer.data).map((table) => [
				requiredString(table, 'name'),
				requiredString(table, 'id'),
			]),
		);
	}

	/** Makes a Data Table of columns whose types are given by name; gives its id. */
	async createDataTable(name: string, columnTypes: Record<string, string>): Promise<string> {
		const columns = Object.entries(columnTypes).map(([name, type]) => ({ name, type }));
		return requiredString(await this.api('POST', '/data-tables', { name, columns }), 'id');
	}

	/** A request of the editor. Gives what is in the answer's `data`. */
	async rest(method: string, path: string, body?: object): Promise<unknown> {
		const answer = await this.send(method, `/rest${path}`, { cookie: this.cookie }, body);
		return isObject(answer) && 'data' in answer ? answer.data : answer;
	}

	/** A request to n8n's public API. */
	async api(method: string, path: string, body?: object): Promise<unknown> {
		return await this.send(method, `/api/v1${path}`, { 'x-n8n-api-key': this.apiKey }, body);
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

async function failure(request: string, response: Response): Promise<N8nRequestFailed> {
	return new N8nRequestFailed(request, response.status, await response.text());
}

function readSavedWorkflow(answer: unknown): SavedWorkflow {
	return {
		id: requiredString(answer, 'id'),
		name: requiredString(answer, 'name'),
		active: objectOr(answer).active === true,
	};
}

/** Tries until there is an answer, a few times a second. */
export async function eventually<T>(
	what: string,
	timeoutMs: number,
	attempt: () => Promise<T | undefined>,
): Promise<T> {
	const deadline = Date.now() + timeoutMs;
	for (;;) {
		const answer = await attempt();
		if (answer !== undefined) return answer;
		if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs / 1000} s for ${what}`);
		await sleep(250);
	}
}
