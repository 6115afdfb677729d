import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { itemsOf } from '../../harness/execution';
import { waitFor } from '../../harness/waitFor';
import type { Fault } from '../../emulator';
import { FIRST_CHECK_MS, Tables, uuidsOf } from '../../harness/jobTables';
import { chain, items, manualTrigger } from '../../harness/workflow';

const WAIT = { operation: 'generateAndWait', downloadVideo: false };

let tables: Tables;

/** Each mostly waits for videos: so they are under way side by side. */
const scenarios: Array<() => Promise<void>> = [];
function scenario(name: string, body: () => Promise<void>): void {
	let done: Promise<void> | undefined;
	scenarios.push(async () => await (done = body()));
	it(name, async () => await done, 300_000);
}

beforeAll(async () => {
	tables = await Tables.start();
	// A failure is told by its own test.
	for (const begin of scenarios) begin().catch(() => undefined);
});

afterAll(async () => {
	await tables.harness.close();
});

/** What the trigger of a workflow has recorded. */
const recordOf = async ({ id }: { id: string }) =>
	(await tables.rows('veo_triggers'))?.find(({ trigger }) => String(trigger).startsWith(`${id}/`));

const jobOf = (prompt: string) => {
	const job = tables.harness.emulator.jobs.find(({ request }) => request.prompt === prompt);
	if (!job) throw new Error(`No job was accepted for "${prompt}"`);
	return job;
};

const accept = (prompt: string) =>
	tables.harness.emulator.accept({ generationType: 'text_to_video', prompt });

const strike = (prompt: string, action: Fault['do']) => {
	const { options } = tables.harness.emulator;
	const fault: Fault = { on: 'status', prompt, do: action };
	options.faults = [...(options.faults ?? []), fault];
	return () => (options.faults = options.faults?.filter((one) => one !== fault));
};

const latencies: Record<string, number> = {};

describe('Veo Trigger on the job table', () => {
	scenario('starts the workflow seconds after a video is finished, once for each', async () => {
		const table = 'finished';
		await tables.submit(table, 'before', WAIT);
		const watching = await tables.watch({ jobTableName: table, options: { pollInterval: 5 } });
		const prompts = ['62 s one', '64 s two', '75 s three'];
		await tables.harness.runManually(
			chain(
				'Submit',
				manualTrigger(),
				items(
					'Prompts',
					prompts.map((prompt) => ({ prompt })),
				),
				tables.tracked(table, { prompt: '={{ $json.prompt }}' }),
			),
		);
		await tables.deliveries(watching, 3, 150_000);
		for (const one of await tables.executions(watching.id, 'success')) {
			for (const { json } of itemsOf(one, 'Finished')) {
				const prompt = String(json.prompt);
				latencies[prompt] = Date.parse(String(one.startedAt)) - jobOf(prompt).finalAt;
				// By correct estimates.
				expect(latencies[prompt]).toBeLessThan(4_000);
			}
		}
		await sleep(12_000);
		const delivered = await tables.delivered(watching);
		expect(uuidsOf(delivered).sort()).toEqual(prompts.map((prompt) => jobOf(prompt).uuid).sort());
		expect(delivered.find(({ json }) => json.prompt === '62 s one')?.json).toMatchObject({
			status: 'completed',
			progress: 100,
			generationType: 'text_to_video',
			aspectRatio: 'auto',
			videoUrl: expect.stringMatching(/^http.*mp4$/) as string,
		});
	});

	scenario(
		'checks at once after it was published, and no more after it was unpublished',
		async () => {
			const table = 'at once';
			await tables.submit(table, '3600 s at once');
			const { uuid } = jobOf('3600 s at once');
			await sleep(12_000);
			const checks = () =>
				tables.harness.emulator.requests.filter((request) => request.uuid === uuid).length;
			const before = checks();
			const publishedMs = Date.now();
			const watching = await tables.watch({ jobTableName: table, options: { pollInterval: 5 } });
			await waitFor('a check', 10_000, () => checks() > before || undefined);
			latencies['first check'] = Date.now() - publishedMs;
			await tables.harness.client.deactivateWorkflow(watching.id);
			const after = checks();
			await sleep(11_000);
			expect(checks()).toBe(after);
		},
	);

	scenario('delivers what finished while it was switched off, once', async () => {
		const table = 'off';
		await tables.submit(table, 'before off', WAIT);
		const watching = await tables.watch({ jobTableName: table });
		await tables.harness.client.deactivateWorkflow(watching.id);
		await tables.submit(table, 'while off', WAIT);
		expect(await tables.activate(watching)).toBe('');
		const items = await tables.deliveries(watching, 1);
		await sleep(15_000);
		expect(uuidsOf(await tables.delivered(watching))).toEqual(uuidsOf(items));
		expect(items.map(({ json }) => json.prompt)).toEqual(['while off']);
	});

	scenario(
		'tells every trigger what it wants to hear, and lets no job hold up another',
		async () => {
			const table = 'two';
			const twoHoursAgo = new Date(Date.now() - 2 * 60 * 60_000).toISOString();
			await tables.submit(table, 'before two', WAIT);
			const watch = async (events: string[]) =>
				await tables.watch({ jobTableName: table, events, options: { giveUpAfter: 1 } });
			const [all, failed] = await Promise.all([watch(['completed', 'failed']), watch(['failed'])]);
			// Only now: what ends before a trigger is published for the first time is not delivered by it.
			await tables.submit(table, 'fails for two');
			await tables.insert(table, [
				{ uuid: 'nobody-knows-it', submittedAt: twoHoursAgo },
				{ uuid: accept('inserted by a user').uuid },
			]);
			await Promise.all([tables.deliveries(all, 3), tables.deliveries(failed, 2)]);
			await sleep(12_000);
			const told = async (workflow: typeof all) =>
				(await tables.delivered(workflow)).map(({ json }) => [json.uuid, json.status]).sort();
			const bad = [
				[jobOf('fails for two').uuid, 'failed'],
				['nobody-knows-it', 'expired'],
			];
			expect(await told(failed)).toEqual([...bad].sort());
			expect(await told(all)).toEqual(
				[...bad, [jobOf('inserted by a user').uuid, 'completed']].sort(),
			);
			const rows = await tables.rows(table);
			expect(rows?.find(({ uuid }) => uuid === 'nobody-knows-it')).toMatchObject({
				errorMessage: expect.stringMatching(/^Given up/) as string,
			});
		},
	);

	scenario('attaches the video as a file', async () => {
		const table = 'file';
		await tables.submit(table, 'as a file');
		const watching = await tables.watch({ jobTableName: table, downloadVideo: true });
		const [item] = await tables.deliveries(watching, 1);
		expect(item?.binary.data).toMatchObject({
			fileName: `${jobOf('as a file').uuid}.mp4`,
			mimeType: 'video/mp4',
		});
	});

	scenario('goes on after an outage, without failed executions', async () => {
		const table = 'outage';
		await tables.submit(table, '1 s outage');
		const end = strike('1 s outage', { type: 'http', status: 503 });
		const watching = await tables.watch({ jobTableName: table });
		const { uuid } = jobOf('1 s outage');
		await waitFor('a failed check to be logged', FIRST_CHECK_MS, async () => {
			const log = await readFile(tables.harness.n8n.logFile, 'utf8');
			return (
				log.includes(
					`The status of video ${uuid} could not be checked: the server answered with HTTP 503`,
				) || undefined
			);
		});
		await sleep(12_000);
		end();
		const [item] = await tables.deliveries(watching, 1);
		expect(item?.json.uuid).toBe(uuid);
		expect(await tables.executions(watching.id, 'error')).toEqual([]);
	});

	scenario(
		'says in a failed execution that the key is refused, and delivers the rest',
		async () => {
			const table = 'refused';
			await tables.submit(table, '1 s refused');
			const end = strike('1 s refused', { type: 'envelope', code: 1002, msg: 'No such key' });
			const watching = await tables.watch({ jobTableName: table });
			await tables.submit(table, 'finished meanwhile', WAIT);
			const [execution] = await waitFor('a failed execution', FIRST_CHECK_MS, async () => {
				const failed = await tables.executions(watching.id, 'error');
				return failed.length > 0 ? failed : undefined;
			});
			end();
			expect(execution?.error?.message).toBe(
				"The API refused the key: No such key. Check 'API Key' in the Veo API credential.",
			);
			const delivered = await tables.deliveries(watching, 1);
			expect(delivered[0]?.json.prompt).toBe('finished meanwhile');
		},
	);
});

describe('Switching the Veo Trigger on', () => {
	const words = async (parameters: object, credentials?: Parameters<Tables['watching']>[1]) => {
		const saved = await tables.harness.save(tables.watching(parameters, credentials));
		const told = await tables.activate(saved);
		await tables.harness.client.deactivateWorkflow(saved.id);
		return told;
	};

	scenario('says in words that there is no table, and makes none', async () => {
		expect(await words({ jobTableName: 'nowhere' })).toContain(
			"There is no Data Table named 'nowhere'. Run Generate with 'Track Job' once to create it, or correct 'Job Table Name'.",
		);
		expect(await tables.rows('nowhere')).toBeUndefined();
	});

	scenario('says in words that n8n refuses its key', async () => {
		const refused = await tables.credentialFor('veoJobTableApi', { apiKey: 'not-a-key' });
		expect(await words({ jobTableName: 'any' }, { veoJobTableApi: refused })).toContain(
			"The job table 'any' could not be used: n8n refused the API key, or its public API is disabled. Check 'API Key' in the Veo Job Table API credential",
		);
	});

	scenario('says in words that n8n is not where the credential says', async () => {
		const nowhere = await tables.credentialFor('veoJobTableApi', {
			baseUrl: 'http://127.0.0.1:1/api/v1',
		});
		expect(await words({ jobTableName: 'any' }, { veoJobTableApi: nowhere })).toContain(
			"The job table 'any' could not be used: n8n could not be reached. Check 'Base URL' in the Veo Job Table API credential.",
		);
	});

	scenario('says in words that the API refuses the key', async () => {
		await tables.submit('key', 'for the key');
		const refused = await tables.credentialFor('veoApi', { apiKey: 'another-key' });
		expect(await words({ jobTableName: 'key' }, { veoApi: refused })).toMatch(
			/The API refused the key.* Check 'API Key' in the Veo API credential\./,
		);
	});
});

describe('Fetch Test Event', () => {
	scenario(
		'shows the latest finished video, or says that there is none, and changes nothing',
		async () => {
			const table = 'sample';
			await tables.submit(table, '3600 s sample');
			const none = await tables.harness.runManually(tables.watching({ jobTableName: table }));
			expect(none.error).toMatchObject({
				message: 'There is no finished video yet',
				description:
					'Create one with Generate, wait until it is finished, and fetch the test event again.',
			});
			await tables.submit(table, 'sample one', WAIT);
			await tables.submit(table, 'sample two', WAIT);
			const before = await tables.rows(table);
			const shown = await tables.harness.runManually(tables.watching({ jobTableName: table }));
			expect(shown.error).toBeUndefined();
			expect(itemsOf(shown, 'Finished').map(({ json }) => json.prompt)).toEqual(['sample two']);
			expect(await tables.rows(table)).toEqual(before);
		},
	);

	scenario('says that there is no table', async () => {
		const run = await tables.harness.runManually(tables.watching({ jobTableName: 'nowhere' }));
		expect(run.error?.message).toContain("There is no Data Table named 'nowhere'");
	});
});

describe('Veo Trigger on listed videos', () => {
	scenario('needs no table and no second credential', async () => {
		const uuids = [accept('1 s listed').uuid, accept('30 s listed').uuid, 'nobody-knows-it-either'];
		const watching = tables.watching({ watch: 'uuids', uuids: uuids.join(',\n') });
		delete watching.nodes[0].credentials?.veoJobTableApi;
		const saved = await tables.harness.save(watching);
		expect(await tables.activate(saved)).toBe('');
		await tables.deliveries(saved, 2);
		await sleep(12_000);
		expect(uuidsOf(await tables.delivered(saved)).sort()).toEqual(uuids.slice(0, 2).sort());
	});
});

describe('Reuse Identical', () => {
	scenario('gives a finished video again, and pays for nothing', async () => {
		const request = { ...WAIT, options: { reuseIdentical: true } };
		const first = await tables.submit('again', 'the same fox', request);
		const second = await tables.submit('again', 'the same fox', request);
		const [one] = itemsOf(first, 'Veo');
		const [other] = itemsOf(second, 'Veo');
		expect(other?.json).toMatchObject({ uuid: one?.json.uuid, videoUrl: one?.json.videoUrl });
		const { jobs } = tables.harness.emulator;
		expect(jobs.filter(({ request }) => request.prompt === 'the same fox')).toHaveLength(1);
	});
});

// The last one: it ends n8n.
it('delivers all of it, and nothing twice, when n8n is killed in between', async () => {
	const table = 'killed';
	await tables.submit(table, '1 s early');
	const watching = await tables.watch({ jobTableName: table });
	await tables.submit(table, '80 s late');
	await tables.deliveries(watching, 1);
	// Killed in the instant before this, it would deliver the first one again.
	await waitFor('the delivery to be remembered', 10_000, async () => {
		const row = await recordOf(watching);
		return String(row?.deliveries).includes('"delivered":[[') || undefined;
	});
	await tables.harness.n8n.kill();
	await tables.harness.n8n.start();
	await tables.harness.client.login({ email: 'tester@example.com', password: 'Veo-tests-1' });
	const items = await tables.deliveries(watching, 2, 2 * FIRST_CHECK_MS);
	await sleep(12_000);
	expect(uuidsOf(await tables.delivered(watching))).toEqual(uuidsOf(items));
	expect(items.map(({ json }) => json.prompt)).toEqual(['1 s early', '80 s late']);
	console.log('From finished to started, in ms:', latencies);
}, 300_000);
