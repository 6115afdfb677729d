import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { startEmulator } from '../emulator';
import { beforeEnd } from '../harness/cli/main';
import { step } from '../harness/cli/progress';
import { ensureN8n } from '../harness/installN8n';
import { N8nClient } from '../harness/n8nClient';
import { assertFolderIsFree, startN8n, type RunningN8n } from '../harness/n8nProcess';
import { installPackage, packPackage } from '../harness/package';
import { freePort } from '../harness/ports';
import { dashboard, putCredential, putJobTable, putTemplates } from '../harness/templates';
import { startWebhookReceiver, type WebhookReceiver } from '../harness/webhookReceiver';
import { buildPackage } from './build';
import { readJobs, writeJobs } from './jobs';
import { runFolder } from './paths';

/** The login of the demo's n8n, which is reachable from this machine only. */
export const owner = { email: 'demo@example.com', password: 'Veo-demo-1' };

const N8N_PORT = 5678;
/** The neighbours of n8n's port, up to this one, are for other demos. */
const EMULATOR_PORT = 5688;

/** The login of the templates' pages and webhooks. */
const visitor = { user: 'demo', password: owner.password };

export interface Demo {
	n8n: RunningN8n;
	client: N8nClient;
	/** The IDs of the templates, by name. */
	workflows: Map<string, string>;
	api: Api;
	/** Where the templates post results. */
	receiver: WebhookReceiver;
}

/** The Veo API that the workflows use. */
interface Api {
	description: string;
	/** Whether each video costs money. */
	bills: boolean;
	credential: { apiKey: string; baseUrl: string };
	/** When the video was finished, in milliseconds since the epoch, if the API reports it. */
	finishedAt: (uuid: string) => number | undefined;
	/** When a status answer first said so, likewise. */
	toldAt: (uuid: string) => number | undefined;
}

interface DemoOptions {
	/** Default: 5678, or the next free port if that is in use. */
	port?: number;
	env?: Record<string, string>;
}

/** Builds the package and starts n8n with it, with a Veo API and the templates. */
export async function openDemo(options: DemoOptions): Promise<Demo> {
	const userFolder = join(runFolder, 'n8n');
	await assertFolderIsFree(userFolder);
	await mkdir(runFolder, { recursive: true });
	await step('Building the package', buildPackage);
	const installed = await ensureN8n();
	const port = await choosePort(options.port);
	const api = await chooseApi();
	const receiver = await startWebhookReceiver();
	beforeEnd(async () => await receiver.close());

	const n8n = await step('Starting n8n, 10 to 60 seconds', async () => {
		await installPackage(await packPackage(join(runFolder, 'pack')), userFolder);
		return await startN8n({ installed, userFolder, port, env: options.env });
	});
	beforeEnd(async () => await n8n.stop());

	const client = new N8nClient(n8n.url);
	const workflows = await step(
		'Setting up the login, the credentials and the templates',
		async () => await setUp(client, api, receiver.url),
	);
	await client.activateAndWait(workflows.get(dashboard.name) ?? '');
	return { n8n, client, workflows, api, receiver };
}

/** How to open n8n and the dashboard in the browser. */
export function accessText({ n8n, workflows }: Demo): string {
	const workflow = workflows.get(dashboard.name);
	return `
n8n is open:  ${n8n.url}/workflow/${workflow}
Email         ${owner.email}
Password      ${owner.password}

Dashboard     ${n8n.url}/${dashboard.path}
User          ${visitor.user}
Password      ${visitor.password}`;
}

async function setUp(
	client: N8nClient,
	api: Api,
	webhookUrl: string,
): Promise<Map<string, string>> {
	await client.signIn(owner);
	const jobTable = { apiKey: client.apiKey, baseUrl: `${client.url}/api/v1` };
	const credentials = [
		await putCredential(client, 'Veo account', 'veoApi', api.credential),
		await putCredential(client, 'Veo Job Table account', 'veoJobTableApi', jobTable),
		await putCredential(client, 'Basic Auth account', 'httpBasicAuth', { ...visitor }),
	];
	await putJobTable(client);
	return await putTemplates(client, { credentials, webhookUrl });
}

async function choosePort(requested: number | undefined): Promise<number> {
	const preferred = requested ?? N8N_PORT;
	const port = await freePort(preferred);
	if (port === preferred) return port;
	if (requested !== undefined) {
		throw new Error(`Port ${requested} is in use. Choose a free port with --port.`);
	}
	console.log(`Port ${preferred} is in use, so n8n uses ${port}. Use --port to choose another.`);
	return port;
}

async function chooseApi(): Promise<Api> {
	const apiKey = process.env.VEO_API_KEY;
	if (apiKey) {
		const baseUrl = 'https://veo3o1.com/api';
		return {
			description: `${baseUrl} (the real service, which bills each video)`,
			bills: true,
			credential: { apiKey, baseUrl },
			finishedAt: () => undefined,
			toldAt: () => undefined,
		};
	}
	const emulator = await startEmulator({
		durationMs: 12_000,
		queuedMs: 2_000,
		port: await freePort(EMULATOR_PORT),
	});
	beforeEnd(async () => await emulator.close());
	emulator.restore(await readJobs());
	beforeEnd(async () => await writeJobs(emulator.jobs));
	const jobOf = (uuid: string) => emulator.jobs.find((job) => job.uuid === uuid);
	return {
		description: `${emulator.url} (the emulator, free of charge)`,
		bills: false,
		credential: { apiKey: 'veo-emulator-key', baseUrl: emulator.url },
		finishedAt: (uuid) => jobOf(uuid)?.finalAt,
		toldAt: (uuid) => jobOf(uuid)?.firstToldFinalAt,
	};
}
