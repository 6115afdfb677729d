import { VeoClient } from '../../../nodes/Veo/api/client';
import { Backoff } from '../../../nodes/Veo/api/backoff';
import type { Transport } from '../../../nodes/Veo/api/transport';
import { jobTable } from '../../../nodes/Veo/jobTable/jobTable';
import { refreshJobs } from '../../../nodes/Veo/trigger/refresh';
import { emulatorKey, type N8nHarness } from '../../../harness/n8nHarness';

/**
 * Runs the trigger's code on a job table for one round, outside n8n. Returns the `uuid`s that it requested from the API, in
 * order: a trigger inside n8n does not show them.
 */
export async function uuidsCheckedInOneRound(
	{ client, emulator, n8n }: N8nHarness,
	tableName: string,
	intervalMs: number,
): Promise<string[]> {
	const n8nApi = sendTo(`${n8n.url}/api/v1`, { 'x-n8n-api-key': client.apiKey });
	const veoApi = sendTo(emulator.url, { authorization: `Bearer ${emulatorKey}` });
	const table = jobTable(n8nApi, tableName);
	if (!(await table.exists())) throw new Error(`The table ${tableName} does not exist`);
	const requested: string[] = [];
	const recording: Transport = async (request) => {
		requested.push(request.path.replace('/video-status/', ''));
		return await veoApi(request);
	};
	const checks = {
		client: new VeoClient(recording),
		backoff: new Backoff(),
		log: (message: string) => requested.push(message),
	};
	await refreshJobs(table, checks, {
		intervalMs,
		giveUpAfterMs: Infinity,
		untilMs: Infinity,
		onFinal: () => undefined,
	});
	return requested;
}

function sendTo(baseUrl: string, headers: Record<string, string>): Transport {
	return async ({ method, path, json }) => {
		const response = await fetch(baseUrl + path, {
			method,
			headers: { ...headers, 'content-type': 'application/json' },
			body: json && JSON.stringify(json),
		});
		return { httpStatus: response.status, body: await response.text() };
	};
}
