import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ensureN8n, type InstalledN8n } from './installN8n';
import { N8nClient, type Credential, type SavedWorkflow } from './n8nClient';
import { startN8n, type RunningN8n } from './n8nProcess';
import { installPackage, packedPackage } from './package';
import { freePort } from './ports';
import { startEmulator, type Emulator, type EmulatorOptions } from '../emulator';
import type { Execution } from './execution';
import { waitFor } from './waitFor';
import { node, type NodeSettings, type TestWorkflow, type WorkflowNode } from './workflow';

export const emulatorKey = 'veo-emulator-key';
/** The owner of the n8n instance. */
export const owner = { email: 'tester@example.com', password: 'Veo-tests-1' };

const member = { email: 'member@example.com', password: 'Veo-tests-2' };

export interface N8nHarnessOptions {
	emulator?: EmulatorOptions;
	/** Default: the pinned n8n. */
	installed?: InstalledN8n;
	/** Additional settings for n8n. */
	n8nEnv?: Record<string, string>;
}

async function createVeoCredential(client: N8nClient, { url }: Emulator): Promise<Credential> {
	const data = { apiKey: emulatorKey, baseUrl: url };
	return await client.createCredential('Veo account', 'veoApi', data);
}

/** Starts n8n with the packed package, in a new folder. */
async function startWithPackage(
	options: Pick<Parameters<typeof startN8n>[0], 'port' | 'env' | 'worker'> &
		Pick<N8nHarnessOptions, 'installed'>,
): Promise<RunningN8n> {
	const userFolder = await mkdtemp(join(tmpdir(), 'veo-e2e-'));
	await installPackage(packedPackage(), userFolder);
	const installed = options.installed ?? (await ensureN8n());
	return await startN8n({ ...options, installed, userFolder });
}

/** A real n8n with the packed package, and an emulator of the Veo API. */
export class N8nHarness {
	private readonly workers: RunningN8n[] = [];

	private constructor(
		private readonly options: N8nHarnessOptions,
		readonly n8n: RunningN8n,
		readonly client: N8nClient,
		readonly emulator: Emulator,
		/** A valid `veoApi` credential. */
		readonly credential: Credential,
	) {}

	/** Takes 10 to 30 seconds. */
	static async start(options: N8nHarnessOptions = {}): Promise<N8nHarness> {
		const emulator = await startEmulator({ durationMs: 1000, ...options.emulator });
		let n8n: RunningN8n | undefined;
		try {
			const { n8nEnv: env, installed } = options;
			n8n = await startWithPackage({ port: await freePort(), env, installed });
			const client = new N8nClient(n8n.url);
			await client.signIn(owner);
			const credential = await createVeoCredential(client, emulator);
			return new N8nHarness(options, n8n, client, emulator, credential);
		} catch (error) {
			await n8n?.stop();
			await emulator.close();
			throw error;
		}
	}

	/** The same n8n and emulator for a member of the instance, who has a credential of their own. Close only the first one. */
	async asMember(): Promise<N8nHarness> {
		const { options, n8n, emulator } = this;
		const client = await this.client.addMember(member);
		const credential = await createVeoCredential(client, emulator);
		return new N8nHarness(options, n8n, client, emulator, credential);
	}

	/** Starts a worker of this n8n (queue mode), with its own folder, as in a separate container. */
	async startWorker(concurrency: number): Promise<RunningN8n> {
		const port = Number(new URL(this.n8n.url).port);
		const { n8nEnv: env, installed } = this.options;
		const worker = await startWithPackage({ installed, port, env, worker: { concurrency } });
		this.workers.push(worker);
		return worker;
	}

	/** With `VEO_E2E_KEEP` set, n8n's folder is kept for inspection. */
	async close(): Promise<void> {
		const all = [...this.workers, this.n8n];
		await Promise.all(all.map(async (one) => await one.stop()));
		await this.emulator.close();
		for (const { userFolder } of all) {
			if (process.env.VEO_E2E_KEEP) console.log(`Kept: ${userFolder}`);
			else await rm(userFolder, { recursive: true, force: true });
		}
	}

	/** A Veo node with the valid credential. */
	veo(name: string, parameters: object, settings: NodeSettings = {}): WorkflowNode {
		const { id, name: credentialName } = this.credential;
		const credentials = { veoApi: { id, name: credentialName } };
		return node(name, 'n8n-nodes-veo3o1.veo', 1, parameters, { credentials, ...settings });
	}

	async save(workflow: TestWorkflow): Promise<SavedWorkflow> {
		return await this.client.createWorkflow(workflow);
	}

	/** Saves the workflow, runs it from its first node as the editor does, and waits until it has ended. */
	async runManually(workflow: TestWorkflow, timeoutMs?: number): Promise<Execution> {
		const { id } = await this.save(workflow);
		const executionId = await this.client.runManually(id, workflow.nodes[0].name);
		return await this.client.waitForExecution(executionId, timeoutMs);
	}

	/** Saves and activates the workflow, calls the webhook that is its first node, and waits until it has ended. */
	async runInProduction(
		workflow: TestWorkflow,
		body: object = {},
		timeoutMs?: number,
	): Promise<Execution> {
		const { id } = await this.save(workflow);
		await this.client.activateWorkflow(id);
		const executionId = await this.client.runByWebhook(id, webhookPath(workflow), body);
		return await this.client.waitForExecution(executionId, timeoutMs);
	}

	/** Waits until a condition holds, for example at the emulator. */
	async waitUntil(condition: () => boolean, timeoutMs = 30_000): Promise<void> {
		await waitFor(String(condition), timeoutMs, () => condition() || undefined);
	}
}

function webhookPath(workflow: TestWorkflow): string {
	const { webhookId } = workflow.nodes[0];
	if (webhookId === undefined) throw new Error(`"${workflow.name}" does not start with a webhook`);
	return webhookId;
}
