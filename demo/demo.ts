import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { startEmulator } from '../emulator';
import { buildPackage } from '../harness/build';
import { ensureN8n } from '../harness/installN8n';
import { beforeEnd } from './main';
import { N8nClient } from '../harness/n8nClient';
import { refuseSecond, startN8n, type RunningN8n } from '../harness/n8nProcess';
import { installPackage, packPackage } from '../harness/package';
import { runFolder } from '../harness/paths';
import { freePort, isPortFree } from '../harness/ports';
import { step } from '../harness/progress';
import { startReceiver, type Receiver } from '../harness/receiver';
import { putCredential, putJobTable, putTemplates } from '../harness/templates';

/** The login of the demo's n8n, which only this machine can reach. */
export const owner = { email: 'demo@example.com', password: 'Veo-demo-1' };

const usualPort = 5678;

export interface Demo {
	n8n: RunningN8n;
	client: N8nClient;
	/** The templates' ids by name. */
	workflows: Map<string, string>;
	api: Api;
	/** Where the templates post results to. */
	receiver: Receiver;
}

/** The API for which the workflows run. */
interface Api {
	words: string;
	/** Whether each video costs money. */
	bills: boolean;
	credential: { apiKey: string; baseUrl: string };
	/** When the video was finished, in milliseconds since the epoch, where the API tells. */
	finishedAt: (uuid: string) => number | undefined;
}

interface DemoOptions {
	/** The port that was asked for by name. */
	port?: number;
	env?: Record<string, string>;
}

/** Builds the package and opens n8n with it, an API to talk to, and the templates. */
export async function openDemo(options: DemoOptions): Promise<Demo> {
	const userFolder = join(runFolder, 'n8n');
	await refuseSecond(userFolder);
	await mkdir(runFolder, { recursive: true });
	await step('Building the package', buildPackage);
	const installed = await ensureN8n();
	const port = await choosePort(options.port);
	const api = await chooseApi();
	const receiver = await startReceiver();
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
	return { n8n, client, workflows, api, receiver };
}

async function setUp(
	client: N8nClient,
	api: Api,
	webhookUrl: string,
): Promise<Map<string, string>> {
	await client.signIn(owner);
	const jobTable = { apiKey: client.apiKey, baseUrl: `${client.url}/api/v1` };
	const credentials = [
		await putCredential(client, 'Veo API account', 'veoApi', api.credential),
		await putCredential(client, 'Veo Job Table account', 'veoJobTableApi', jobTable),
	];
	const tables = await putJobTable(client);
	return await putTemplates(client, { credentials, tables, webhookUrl });
}

/** The port that was asked for, or nothing; otherwise the usual one, or the next best. */
async function choosePort(asked: number | undefined): Promise<number> {
	const port = asked ?? usualPort;
	if (await isPortFree(port)) return port;
	if (asked !== undefined) {
		throw new Error(`Port ${asked} is taken by another program. Name a free one with --port.`);
	}
	const free = await freePort();
	console.log(
		`Port ${port} is taken by another program; n8n gets ${free} (choose one with --port).`,
	);
	return free;
}

async function chooseApi(): Promise<Api> {
	const apiKey = process.env.VEO_API_KEY;
	if (apiKey) {
		const baseUrl = 'https://veo3o1.com/api';
		return {
			words: `${baseUrl}, the real service, which bills each video`,
			bills: true,
			credential: { apiKey, baseUrl },
			finishedAt: () => undefined,
		};
	}
	const emulator = await startEmulator({ durationMs: 12_000, queuedMs: 2_000 });
	beforeEnd(async () => await emulator.close());
	return {
		words: `${emulator.url}, the emulator, which costs nothing`,
		bills: false,
		credential: { apiKey: 'veo-emulator-key', baseUrl: emulator.url },
		finishedAt: (uuid) => emulator.jobs.find((job) => job.uuid === uuid)?.finalAt,
	};
}
