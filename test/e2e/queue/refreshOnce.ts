import { setTimeout as sleep } from 'node:timers/promises';

import { VeoClient } from '../../../nodes/Veo/api/client';
import { Pace } from '../../../nodes/Veo/api/backoff';
import type { Transport } from '../../../nodes/Veo/api/transport';
import { jobTable } from '../../../nodes/Veo/jobTable/jobTable';
import { refreshJobs } from '../../../nodes/Veo/trigger/refresh';
import { emulatorKey, type N8nHarness } from '../../../harness/n8nHarness';

const clock = {
	now: Date.now,
	random: Math.random,
	sleep: async (forMs: number) => await sleep(forMs),
};

/**
 * Has the trigger's own code look at a job table once, and gives the `uuid`s that it asked the API about, in their order,
 * which a trigger in n8n does not show.
 */
export async function askedInARound(
	{ client, emulator, n8n }: N8nHarness,
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
	await refreshJobs({
		table,
		client: new VeoClient(noting, clock.now),
		clock,
		pace: new Pace(clock),
		intervalMs,
		giveUpAfterMs: Infinity,
		untilMs: Infinity,
		log: (words) => asked.push(words),
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
