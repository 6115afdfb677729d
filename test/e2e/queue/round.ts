import { VeoClient } from '../../../nodes/Veo/api/client';
import { Backoff } from '../../../nodes/Veo/api/backoff';
import type { Transport } from '../../../nodes/Veo/api/transport';
import { jobTable } from '../../../nodes/Veo/jobTable/jobTable';
import { refreshJobs } from '../../../nodes/Veo/trigger/refresh';
import { emulatorKey, type Harness } from '../harness';

/**
 * Has the trigger's own code look at a job table once, and gives the `uuid`s that it asked the API about, in their order,
 * which a trigger in n8n does not show.
 */
export async function askedInARound(
	{ client, emulator, n8n }: Harness,
	tableName: string,
	intervalMs: number,
): Promise<string[]> {
	const n8nApi = sendTo(`${n8n.url}/api/v1`, { 'x-n8n-api-key': client.apiKey });
	const veoApi = sendTo(emulator.url, { authorization: `Bearer ${emulatorKey}` });
	const table = jobTable(n8nApi, tableName);
	if (!(await table.exists())) throw new Error(`There is no table ${tableName}`);
	const asked: string[] = [];
	const noting: Transport = async (request) => {
		asked.push(request.path.replace('/video-status/', ''));
		return await veoApi(request);
	};
	const checks = {
		client: new VeoClient(noting),
		backoff: new Backoff(),
		log: (message: string) => asked.push(message),
	};
	await refreshJobs(table, checks, {
		intervalMs,
		giveUpAfterMs: Infinity,
		untilMs: Infinity,
		onFinal: () => undefined,
	});
	return asked;
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
