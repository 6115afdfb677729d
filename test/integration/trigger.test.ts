import { setTimeout as sleep } from 'node:timers/promises';
import type { INodeParameters } from 'n8n-workflow';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../emulator';
import { nothingFinished } from '../../nodes/Veo/errors/messages';
import { always, credentialsFor, KEY, together, useN8n } from './support';
import { startTrigger, type Trigger, type TriggerOptions } from './triggerContext';
import { N8N_KEY, Tables } from './triggerTables';

const n8n = useN8n();
const scenario = together();

const TABLE = 'veo_jobs';
const TRIGGERS = 'veo_triggers';

interface Scene {
	emulator: Emulator;
	tables: Tables;
	/** A trigger that looks once at each poll, unless the test says otherwise. */
	start: (parameters?: INodeParameters, more?: Partial<TriggerOptions>) => Promise<Trigger>;
	/** A job at the API, with a row that a user inserted. */
	addJob: (prompt?: string, row?: object) => string;
}

async function withTables(options: EmulatorOptions, act: (scene: Scene) => Promise<void>) {
	const emulator = await startEmulator({ apiKeys: [KEY], durationMs: 0, ...options });
	const tables = await Tables.start();
	tables.insert(TABLE);
	const start: Scene['start'] = async (parameters, more) =>
		await startTrigger({
			parameters: {
				watch: 'jobTable',
				jobTableName: TABLE,
				events: ['completed', 'failed'],
				options: { keepChecking: false },
				...parameters,
			},
			credentials: {
				...credentialsFor(emulator.url),
				veoJobTableApi: { apiKey: N8N_KEY, baseUrl: tables.url },
			},
			...more,
		});
	const addJob: Scene['addJob'] = (prompt = 'A fox', row = {}) => {
		const { uuid } = emulator.accept({ generationType: 'text_to_video', prompt });
		tables.insert(TABLE, { uuid, ...row });
		return uuid;
	};
	try {
		await act({ emulator, tables, start, addJob });
	} finally {
		await tables.close();
		await emulator.close();
	}
}

const uuidsOf = ({ executions }: Trigger) =>
	executions.map((items) => items.map(({ json }) => json.uuid));

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

const finished = (uuid: string, finishedAt: string) => ({ uuid, status: 'completed', finishedAt });

async function times(count: number, act: () => Promise<unknown>): Promise<void> {
	for (let time = 0; time < count; time++) await act();
}

describe('The activation', () => {
	scenario('looks whether all is well, and no more', async () => {
		await withTables({}, async ({ emulator, tables, start, addJob }) => {
			const uuid = addJob();
			const trigger = await start();
			await trigger.poll();
			expect(trigger.executions).toEqual([]);
			expect(tables.rows(TABLE)).toEqual([expect.not.objectContaining({ status: 'completed' })]);
			expect(emulator.count('status')).toBe(1);
			await trigger.poll();
			expect(uuidsOf(trigger)).toEqual([[uuid]]);
		});
	});

	scenario('tells the user that n8n does not answer; at the start of n8n it goes on', async () => {
		await withTables({}, async ({ tables, start, addJob }) => {
			const uuid = addJob();
			tables.refuse = () => ({ status: 503 });
			const byUser = await start();
			await expect(byUser.poll()).rejects.toThrow(
				"The job table 'veo_jobs' could not be used: n8n could not be reached. Check 'Base URL' in the Veo Job Table API credential.",
			);
			const atStart = await start({}, { activation: 'init' });
			await atStart.poll();
			tables.refuse = () => undefined;
			await atStart.poll();
			expect(uuidsOf(atStart)).toEqual([[uuid]]);
		});
	});

	scenario('tells the user that the job table has no name', async () => {
		await withTables({}, async ({ tables, start }) => {
			for (const jobTableName of [' ', '={{ null }}']) {
				const trigger = await start({ jobTableName });
				await expect(trigger.poll()).rejects.toThrow("The 'Job Table Name' is blank. Fill in");
			}
			expect(tables.requests).toEqual([]);
		});
	});

	scenario('ends at a key that the API refuses, and goes on when the API is away', async () => {
		await withTables({}, async ({ emulator, start }) => {
			emulator.options.faults = [always('status', { type: 'envelope', code: 1002 })];
			await expect((await start()).poll()).rejects.toThrow('The API refused the key');
			emulator.options.faults = [always('status', { type: 'http', status: 502 })];
			await (await start()).poll();
		});
	});

	scenario('is not there for the durable scheduler, which limits each poll', async () => {
		await withTables({}, async ({ start, addJob }) => {
			const uuid = addJob();
			const trigger = await start({}, { budgetMs: 48_000 });
			await trigger.poll();
			expect(uuidsOf(trigger)).toEqual([[uuid]]);
		});
	});
});

describe('What n8n is given', () => {
	scenario('counts as delivered only once n8n has taken it', async () => {
		await withTables({}, async ({ tables, start, addJob }) => {
			const uuid = addJob();
			const trigger = await start();
			await trigger.poll();
			trigger.taking = 'refuses';
			await trigger.poll();
			expect(tables.rows(TRIGGERS)[0]?.deliveries).toMatch(/"delivered":\[\]/);
			trigger.taking = 'ends';
			await times(2, trigger.poll);
			trigger.restart();
			await times(2, trigger.poll);
			expect(uuidsOf(trigger)).toEqual([[uuid]]);
		});
	});

	scenario('counts as delivered while it still runs: its execution is there', async () => {
		await withTables({}, async ({ tables, start, addJob }) => {
			const trigger = await start({}, { onTaken: (items) => tables.executions.push(items) });
			trigger.taking = 'runs';
			await trigger.poll();
			const uuids = [addJob()];
			const startedMs = Date.now();
			await trigger.poll();
			expect(Date.now() - startedMs).toBeLessThan(5_000);
			uuids.push(addJob());
			await trigger.poll();
			expect(uuidsOf(trigger)).toEqual(uuids.map((uuid) => [uuid]));
		});
	});

	scenario('comes once even if n8n dies before it is noted that n8n took it', async () => {
		await withTables({}, async ({ tables, start, addJob }) => {
			let dead = false;
			tables.refuse = () => (dead ? { status: 503 } : undefined);
			const onTaken = (items: object[]) => {
				tables.executions.push('of another trigger', items);
				dead = true;
			};
			const trigger = await start({}, { onTaken });
			await trigger.poll();
			const uuid = addJob();
			await trigger.poll();
			expect(tables.rows(TRIGGERS)[0]?.deliveries).toMatch(/"delivered":\[\],"begun"/);

			dead = false;
			trigger.restart();
			await times(2, trigger.poll);
			expect(uuidsOf(trigger)).toEqual([[uuid]]);
		});
	});

	scenario('counts as delivered where n8n does not tell of its executions', async () => {
		await withTables({}, async ({ tables, start, addJob }) => {
			tables.refuse = (request) => (request === 'GET /executions' ? { status: 403 } : undefined);
			const trigger = await start();
			trigger.taking = 'runs';
			await trigger.poll();
			const uuid = addJob();
			await times(2, trigger.poll);
			expect(uuidsOf(trigger)).toEqual([[uuid]]);
		});
	});

	scenario('comes in the order of finishing, a hundred at a time, none left out', async () => {
		await withTables({}, async ({ tables, start }) => {
			const trigger = await start();
			await trigger.poll();
			const startMs = Date.now();
			const rows = Array.from({ length: 620 }, (_, index) =>
				finished(`video-${index}`, new Date(startMs + index).toISOString()),
			);
			tables.insert(TABLE, ...[...rows].reverse());
			await trigger.poll();
			const sizes = [100, 100, 100, 100, 100, 100, 20];
			expect(trigger.executions.map(({ length }) => length)).toEqual(sizes);
			expect(uuidsOf(trigger).flat()).toEqual(rows.map(({ uuid }) => uuid));
			await trigger.poll();
			expect(trigger.executions).toHaveLength(sizes.length);
		});
	});

	scenario('is what finished since the first activation, whatever times rows claim', async () => {
		await withTables({}, async ({ tables, start }) => {
			tables.insert(TABLE, finished('long-ago', minutesAgo(60)));
			const trigger = await start();
			await trigger.poll();
			tables.insert(TABLE, finished('in-the-future', minutesAgo(-60 * 24)));
			await trigger.poll();
			tables.insert(TABLE, finished('now', minutesAgo(0)));
			await times(2, trigger.poll);
			expect(uuidsOf(trigger)).toEqual([['in-the-future'], ['now']]);
		});
	});

	scenario('is told to each trigger of the table', async () => {
		await withTables({}, async ({ start, addJob }) => {
			const [one, other] = [await start(), await start()];
			const both = async () => await Promise.all([one.poll(), other.poll()]);
			await both();
			const uuid = addJob();
			await times(2, both);
			expect([uuidsOf(one), uuidsOf(other)]).toEqual([[[uuid]], [[uuid]]]);
		});
	});

	scenario('still comes when the user has spoilt the notes of what was delivered', async () => {
		await withTables({}, async ({ tables, start, addJob }) => {
			const trigger = await start();
			await trigger.poll();
			Object.assign(tables.rows(TRIGGERS)[0] ?? {}, { deliveries: '{"sinceMs":' });
			const uuid = addJob();
			await times(2, trigger.poll);
			expect(uuidsOf(trigger)).toEqual([[uuid]]);
		});
	});
});

describe('A bad job', () => {
	scenario('does not hold up the others', async () => {
		await withTables({}, async ({ tables, start, addJob }) => {
			const unknown = Array.from({ length: 15 }, (_, index) => ({ uuid: `nobody-knows-${index}` }));
			tables.insert(TABLE, ...unknown);
			const uuid = addJob();
			const trigger = await start();
			await times(3, trigger.poll);
			expect(uuidsOf(trigger)).toEqual([[uuid]]);
		});
	});

	scenario('is given up, and told of as one that failed', async () => {
		const faults = [
			always('status', { type: 'json', value: ['not an envelope'] }, { prompt: 'broken' }),
			always('status', { type: 'http', status: 500 }, { prompt: 'old' }),
		];
		await withTables({ faults, durationMs: 60_000 }, async ({ tables, start, addJob }) => {
			const submittedAt = minutesAgo(25 * 60);
			const broken = addJob('broken', { submittedAt });
			const pending = addJob('pending', { submittedAt });
			tables.insert(TABLE, { uuid: 'nobody-knows-it', createdAt: submittedAt });
			// A bad moment says nothing of the job: it gets twice the time.
			addJob('old', { submittedAt });
			const older = addJob('older', { submittedAt: minutesAgo(49 * 60) });
			const trigger = await start();
			await times(2, trigger.poll);
			const expected = [broken, pending, 'nobody-knows-it', older];
			expect(uuidsOf(trigger).flat().sort()).toEqual(expected.sort());
			expect(trigger.executions[0]?.[0]?.json).toMatchObject({
				status: 'expired',
				errorMessage:
					'Given up: not finished after 24 hours. Use Get Status to see whether it was finished later',
			});
		});
	});
});

describe('An outage', () => {
	scenario('of the API is logged, and does no harm', async () => {
		await withTables({}, async ({ emulator, start, addJob }) => {
			const uuids = Array.from({ length: 30 }, () => addJob());
			const trigger = await start({ options: { keepChecking: false, pollInterval: 5 } });
			await trigger.poll();
			emulator.options.faults = [always('status', { type: 'http', status: 503 })];
			const before = emulator.count('status');
			await trigger.poll();
			expect(emulator.count('status') - before).toBeLessThan(20);
			expect(await n8n.logged()).toContain('It will be checked again.');
			emulator.options.faults = [];
			await sleep(5_000);
			await trigger.poll();
			expect(uuidsOf(trigger).flat().sort()).toEqual(uuids.sort());
		});
	});

	scenario('of n8n itself is logged, and loses nothing', async () => {
		await withTables({}, async ({ tables, start, addJob }) => {
			const trigger = await start();
			await trigger.poll();
			const uuid = addJob();
			for (const method of ['GET', 'PATCH', 'POST']) {
				tables.refuse = (request) => (request.startsWith(method) ? { status: 500 } : undefined);
				await trigger.poll();
			}
			tables.refuse = () => undefined;
			await times(2, trigger.poll);
			expect(uuidsOf(trigger)).toEqual([[uuid]]);
		});
	});

	scenario('leaves the API alone for as long as it asks', async () => {
		const rateLimit = { requests: 3, perMs: 7_000, retryAfterSeconds: 7 };
		await withTables({ rateLimit }, async ({ emulator, start, addJob }) => {
			const uuids = Array.from({ length: 4 }, () => addJob());
			const trigger = await start();
			await times(2, trigger.poll);
			const sent = emulator.count('status');
			await times(2, trigger.poll);
			expect(emulator.count('status')).toBe(sent);
			await sleep(8_000);
			await trigger.poll();
			expect(uuidsOf(trigger).flat().sort()).toEqual(uuids.sort());
		});
	});

	scenario(
		'is not a key that is refused: that is thrown, and what is known delivered',
		async () => {
			await withTables({}, async ({ emulator, tables, start, addJob }) => {
				const trigger = await start();
				await trigger.poll();
				addJob();
				tables.insert(TABLE, finished('known', minutesAgo(0)));
				emulator.options.faults = [always('status', { type: 'http', status: 401 })];
				await expect(trigger.poll()).rejects.toThrow(
					/^The API refused the key.*Check 'API Key' in the Veo API credential\.$/,
				);
				expect(uuidsOf(trigger)).toEqual([['known']]);
			});
		},
	);
});

describe('Going on to check', () => {
	const options = { keepChecking: true, pollInterval: 5 };

	scenario('finds a finished job within its interval, and checks no more often', async () => {
		await withTables({ durationMs: 7_000 }, async ({ emulator, start, addJob }) => {
			const trigger = await start({ options });
			await trigger.poll();
			addJob();
			const polling = trigger.poll();
			await sleep(13_000);
			expect(trigger.executions).toHaveLength(1);
			expect(emulator.jobs[0]?.statusChecks).toBe(3);
			trigger.activateAnew();
			await trigger.poll();
			await polling;
		});
	});

	scenario(
		'is taken over by the next poll, and ends when the trigger is activated anew',
		async () => {
			await withTables({ durationMs: 60_000 }, async ({ emulator, start, addJob }) => {
				addJob();
				const trigger = await start({ options });
				await trigger.poll();
				const first = trigger.poll();
				await sleep(1_000);
				const before = emulator.count('status');
				const second = trigger.poll();
				await first;
				await sleep(1_000);
				expect(emulator.count('status')).toBe(before);
				const startedMs = Date.now();
				trigger.activateAnew();
				await trigger.poll();
				await second;
				expect(Date.now() - startedMs).toBeLessThan(3_000);
			});
		},
	);

	scenario('is off where an expression says so in text', async () => {
		await withTables({}, async ({ start, addJob }) => {
			addJob();
			const trigger = await start({ options: { keepChecking: 'false' }, downloadVideo: 'true' });
			const startedMs = Date.now();
			await times(2, trigger.poll);
			expect(Date.now() - startedMs).toBeLessThan(30_000);
			expect(trigger.executions).toMatchObject([[{ binary: { data: { mimeType: 'video/mp4' } } }]]);
		});
	});

	scenario('takes its options as the form does, whatever an expression gives', async () => {
		await withTables({ durationMs: 60_000 }, async ({ emulator, tables, start, addJob }) => {
			addJob();
			const odd = { keepChecking: true, pollInterval: 'often', giveUpAfter: 0 };
			const trigger = await start({ options: odd });
			await trigger.poll();
			const polling = trigger.poll();
			await sleep(3_000);
			expect(emulator.jobs[0]?.statusChecks).toBe(1);
			expect(tables.rows(TABLE)).toEqual([expect.not.objectContaining({ status: 'expired' })]);
			trigger.activateAnew();
			await trigger.poll();
			await polling;
		});
	});

	scenario('never overlaps itself, however long a round takes', async () => {
		await withTables({ latencyMs: 1_500 }, async ({ emulator, start, addJob }) => {
			const uuid = addJob();
			const trigger = await start();
			await trigger.poll();
			await Promise.all([trigger.poll(), trigger.poll(), trigger.poll()]);
			expect(uuidsOf(trigger)).toEqual([[uuid]]);
			expect(emulator.jobs[0]?.statusChecks).toBe(1);
		});
	});
});

describe('Fetch Test Event', () => {
	scenario('changes nothing', async () => {
		await withTables({}, async ({ emulator, tables, start, addJob }) => {
			addJob();
			tables.insert(TABLE, finished('older', minutesAgo(2)), finished('latest', minutesAgo(1)));
			const trigger = await start({}, { mode: 'manual' });
			expect(await trigger.poll()).toMatchObject([[{ json: { uuid: 'latest' } }]]);
			expect(tables.requests.filter((request) => !request.startsWith('GET'))).toEqual([]);
			expect(emulator.count('status')).toBe(0);
		});
	});

	for (const watch of ['jobTable', 'uuids']) {
		scenario(`says so where the API tells of no video: ${watch}`, async () => {
			const faults = [always('status', { type: 'http', status: 503 })];
			await withTables({ faults }, async ({ start, addJob }) => {
				const uuids = addJob();
				const trigger = await start({ watch, uuids }, { mode: 'manual' });
				await expect(trigger.poll()).rejects.toMatchObject({
					message: `The status of video ${uuids} could not be checked: the server answered with HTTP 503`,
					description: 'Try again later.',
				});
			});
		});
	}

	scenario('says what there is none of, and below that how to go on', async () => {
		await withTables({}, async ({ start }) => {
			const { message, description } = nothingFinished();
			const trigger = await start({}, { mode: 'manual' });
			const told = { message, description };
			await expect(trigger.poll()).rejects.toMatchObject(told);
		});
	});

	scenario(
		'is one that nobody has asked about since it was submitted, and changes nothing',
		async () => {
			await withTables({}, async ({ tables, start, addJob }) => {
				tables.insert(TABLE, { uuid: 'unknown' });
				const uuid = addJob();
				const before = structuredClone(tables.rows(TABLE));
				const trigger = await start({}, { mode: 'manual' });
				expect(await trigger.poll()).toMatchObject([[{ json: { uuid, status: 'completed' } }]]);
				expect(tables.rows(TABLE)).toEqual(before);
				expect(tables.requests.filter((request) => !request.startsWith('GET'))).toEqual([]);
			});
		},
	);
});

describe('Listed videos', () => {
	const listed = (...uuids: string[]) => ({ watch: 'uuids', uuids });
	const accept = (emulator: Emulator) =>
		emulator.accept({ generationType: 'text_to_video', prompt: 'A fox' }).uuid;

	scenario('come once; the last ones once more after a restart, and never again', async () => {
		await withTables({}, async ({ emulator, tables, start }) => {
			const uuid = accept(emulator);
			const trigger = await start(listed(uuid));
			await times(3, trigger.poll);
			expect(uuidsOf(trigger)).toEqual([[uuid]]);
			await times(3, async () => {
				trigger.restart();
				await times(3, trigger.poll);
			});
			expect(uuidsOf(trigger)).toEqual([[uuid], [uuid]]);
			expect(tables.requests).toEqual([]);
		});
	});

	scenario('are kept until n8n takes them', async () => {
		await withTables({}, async ({ emulator, start }) => {
			const uuid = accept(emulator);
			const trigger = await start(listed(uuid));
			trigger.taking = 'refuses';
			await times(3, trigger.poll);
			trigger.taking = 'ends';
			await times(3, trigger.poll);
			expect(uuidsOf(trigger)).toEqual([[uuid]]);
		});
	});
});
