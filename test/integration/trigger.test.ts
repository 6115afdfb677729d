import { setTimeout as sleep } from 'node:timers/promises';
import type { Emulator, EmulatorOptions } from '../../emulator';
import { nothingFinished } from '../../nodes/Veo/errors/messages';
import { always, together, until, useN8n } from './support';
import { deliveredBy as uuidsOf, type JobTableScene, TABLE, withJobTable } from './jobTableScene';
import type { Trigger } from './triggerContext';
import type { Tables } from './triggerTables';

const n8n = useN8n();
const scenario = together();

const TRIGGERS = 'veo_triggers';

/** With an empty job table. */
async function withTables(options: EmulatorOptions, act: (scene: JobTableScene) => Promise<void>) {
	await withJobTable(options, async (scene) => {
		scene.tables.insert(TABLE);
		await act(scene);
	});
}

const deliveredBy = (trigger: Trigger) => uuidsOf(trigger).flat();

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

const finished = (uuid: string, finishedAt: string) => ({ uuid, ...finishedRow(finishedAt) });

const finishedRow = (finishedAt: string) => ({ status: 'completed', finishedAt });

/** Longer than a round. */
const aRound = async () => await sleep(7_000);

const recorded = (tables: Tables) =>
	tables.requests.includes('POST /data-tables') ? String(tables.rows(TRIGGERS)[0]?.deliveries) : '';

describe('The activation', () => {
	scenario('checks at once, and delivers', async () => {
		await withTables({}, async ({ publish, addJob }) => {
			const uuid = addJob();
			const startedMs = Date.now();
			const trigger = await publish();
			await until(() => trigger.executions.length > 0);
			// Well before the first interval is over, also on a busy machine.
			expect(Date.now() - startedMs).toBeLessThan(4_000);
			expect(uuidsOf(trigger)).toEqual([[uuid]]);
		});
	});

	scenario('tells the user that n8n does not answer; at the start of n8n it goes on', async () => {
		await withTables({}, async ({ tables, create, addJob }) => {
			const uuid = addJob();
			tables.refuse = () => ({ status: 503 });
			await expect((await create()).activate()).rejects.toThrow(
				"The job table 'veo_jobs' could not be used: n8n could not serve the request. Try again later. n8n may be busy, or the Data Table very large.",
			);
			const atStart = await create();
			await atStart.activate('init');
			await sleep(300);
			tables.refuse = () => undefined;
			await until(() => atStart.executions.length > 0);
			expect(uuidsOf(atStart)).toEqual([[uuid]]);
		});
	});

	scenario('tells the user that the job table has no name', async () => {
		await withTables({}, async ({ tables, create }) => {
			const blank = { __rl: true, mode: 'name', value: ' ' };
			for (const jobTableName of [' ', '={{ null }}', blank]) {
				const trigger = await create({ jobTableName });
				await expect(trigger.activate()).rejects.toThrow("The 'Job Table Name' is blank. Fill in");
			}
			expect(tables.requests).toEqual([]);
		});
	});

	scenario('ends at a key that the API refuses, and goes on when the API is away', async () => {
		await withTables({}, async ({ emulator, create }) => {
			emulator.options.faults = [always('status', { type: 'envelope', code: 1002 })];
			await expect((await create()).activate()).rejects.toThrow('The API refused the key');
			emulator.options.faults = [always('status', { type: 'http', status: 502 })];
			await (await create()).activate();
		});
	});

	scenario('leaves one loop, however often it comes without a deactivation', async () => {
		await withTables({ durationMs: 60_000 }, async ({ emulator, create, addJob }) => {
			addJob();
			const trigger = await create();
			for (let time = 0; time < 4; time++) await trigger.activate();
			await sleep(1_000);
			const before = emulator.jobs[0]?.statusChecks ?? NaN;
			await sleep(11_000);
			expect((emulator.jobs[0]?.statusChecks ?? NaN) - before).toBeLessThanOrEqual(3);
		});
	});
});

describe('The deactivation', () => {
	scenario('ends all requests within a second', async () => {
		await withTables({ durationMs: 60_000, latencyMs: 3_000 }, async (scene) => {
			const { emulator, publish, addJob } = scene;
			addJob();
			const trigger = await publish();
			// The first request is that of the activation.
			await until(() => emulator.requests.length === 2);
			await trigger.deactivate();
			// The emulator records a request once its answer would have been sent.
			await sleep(3_500);
			expect(emulator.requests.at(-1)?.answered).toBe('aborted');
			const before = emulator.requests.length;
			await aRound();
			expect(emulator.requests).toHaveLength(before);
			expect(trigger.executions).toEqual([]);
		});
	});

	scenario(
		'and another activation deliver nothing twice, and what finished in between once',
		async () => {
			await withTables({}, async ({ publish, addJob }) => {
				const uuids = [addJob()];
				const trigger = await publish();
				await until(() => trigger.executions.length === 1);
				await trigger.deactivate();
				uuids.push(addJob());
				await sleep(1_000);
				expect(trigger.executions).toHaveLength(1);
				await trigger.activate();
				await until(() => trigger.executions.length === 2);
				await aRound();
				expect(deliveredBy(trigger)).toEqual(uuids);
			});
		},
	);

	scenario(
		'right after the activation loses nothing that finishes before the next one',
		async () => {
			await withTables({}, async ({ publish, addJob }) => {
				const trigger = await publish();
				await trigger.deactivate();
				const uuid = addJob('A fox', finishedRow(new Date().toISOString()));
				await sleep(100);
				await trigger.activate();
				await until(() => trigger.executions.length > 0);
				expect(deliveredBy(trigger)).toEqual([uuid]);
			});
		},
	);
});

describe('What n8n is given', () => {
	scenario('counts as delivered only once n8n has taken it', async () => {
		await withTables({}, async ({ tables, publish, addJob }) => {
			const trigger = await publish();
			trigger.taking = 'refuses';
			const uuid = addJob();
			await aRound();
			expect(recorded(tables)).toMatch(/"delivered":\[\],"begun":\[\]/);
			trigger.taking = 'ends';
			await until(() => trigger.executions.length > 0);
			await until(() => recorded(tables).includes('"begun":[]'));
			await trigger.restart();
			await aRound();
			expect(uuidsOf(trigger)).toEqual([[uuid]]);
		});
	});

	for (const hasKeys of [true, false]) {
		const version = hasKeys ? 'with deduplication keys' : 'without deduplication keys';

		scenario(`counts as delivered while it still runs, ${version}`, async () => {
			await withTables({}, async ({ tables, publish, addJob }) => {
				const onTaken = (items: object[]) => tables.executions.push(items);
				const trigger = await publish({}, { onTaken, hasKeys });
				trigger.taking = 'runs';
				const uuids = [addJob()];
				await until(() => trigger.executions.length === 1);
				await until(() => /"delivered":\[\[.*"begun":\[\]/.test(recorded(tables)));
				uuids.push(addJob());
				await until(() => trigger.executions.length === 2);
				expect(deliveredBy(trigger)).toEqual(uuids);
			});
		});

		scenario(`comes once even if n8n dies before that is recorded, ${version}`, async () => {
			await withTables({}, async ({ tables, publish, addJob }) => {
				let isDead = false;
				tables.refuse = () => (isDead ? { status: 503 } : undefined);
				const onTaken = (items: object[]) => {
					// Above the bound for answers of n8n, so it is not read.
					tables.executions.push({ items, file: 'x'.repeat(2_000_000) });
					isDead = true;
				};
				const trigger = await publish({}, { onTaken, hasKeys });
				const uuid = addJob();
				await until(() => trigger.executions.length > 0);
				expect(recorded(tables)).toMatch(/"delivered":\[\],"begun":\[{/);

				isDead = false;
				await trigger.restart();
				await aRound();
				expect(uuidsOf(trigger)).toEqual([[uuid]]);
				expect(tables.requests.filter((line) => line.startsWith('GET /executions/'))).toEqual([]);
			});
		});
	}

	scenario('is passed again after a crash in which n8n did not take it', async () => {
		await withTables({}, async ({ tables, publish, addJob }) => {
			const trigger = await publish();
			trigger.taking = 'refuses';
			const uuid = addJob();
			await until(() => tables.requests.includes('POST /data-tables/veo_triggers/rows/upsert'));
			await sleep(1_000);
			trigger.taking = 'ends';
			await trigger.restart();
			await until(() => trigger.executions.length > 0);
			expect(uuidsOf(trigger)).toEqual([[uuid]]);
		});
	});

	scenario('counts as delivered where n8n does not return its executions', async () => {
		await withTables({}, async ({ tables, publish, addJob }) => {
			tables.refuse = (request) => (request === 'GET /executions' ? { status: 403 } : undefined);
			const trigger = await publish({}, { hasKeys: false });
			trigger.taking = 'runs';
			const uuid = addJob();
			await until(() => trigger.executions.length > 0);
			await sleep(12_000);
			await aRound();
			expect(uuidsOf(trigger)).toEqual([[uuid]]);
		});
	});

	scenario(
		'comes in the order of finishing, at most a hundred at a time, none left out',
		async () => {
			await withTables({}, async ({ tables, publish }) => {
				const trigger = await publish();
				await sleep(1_000);
				const startMs = Date.now() - 1_000;
				const rows = Array.from({ length: 220 }, (_, index) =>
					finished(`video-${index}`, new Date(startMs + index).toISOString()),
				);
				tables.insert(TABLE, ...[...rows].reverse());
				await until(() => deliveredBy(trigger).length >= rows.length);
				expect(Math.max(...trigger.executions.map(({ length }) => length))).toBeLessThanOrEqual(
					100,
				);
				expect(trigger.executions.length).toBeLessThan(100);
				expect(deliveredBy(trigger).sort()).toEqual(rows.map(({ uuid }) => uuid).sort());
				for (const items of trigger.executions) {
					const times = items.map(({ json }) => json.finishedAt as string);
					expect(times).toEqual([...times].sort());
				}
			});
		},
	);

	scenario('is what finished since the first activation, whatever times rows claim', async () => {
		await withTables({}, async ({ tables, publish }) => {
			tables.insert(TABLE, finished('long-ago', minutesAgo(60)));
			const trigger = await publish();
			await sleep(500);
			tables.insert(TABLE, finished('in-the-future', minutesAgo(-60 * 24)));
			await until(() => trigger.executions.length === 1);
			tables.insert(TABLE, finished('now', minutesAgo(0)));
			await until(() => trigger.executions.length === 2);
			await aRound();
			expect(uuidsOf(trigger)).toEqual([['in-the-future'], ['now']]);
		});
	});

	scenario('is told to each trigger of the table', async () => {
		await withTables({}, async ({ publish, addJob }) => {
			const [one, other] = [await publish(), await publish()];
			const uuid = addJob();
			await until(() => one.executions.length > 0 && other.executions.length > 0);
			await aRound();
			expect([uuidsOf(one), uuidsOf(other)]).toEqual([[[uuid]], [[uuid]]]);
		});
	});

	scenario('still comes when the user has spoilt the record of what was delivered', async () => {
		await withTables({}, async ({ tables, publish, addJob }) => {
			const trigger = await publish();
			await until(() => recorded(tables).includes('sinceMs'));
			Object.assign(tables.rows(TRIGGERS)[0] ?? {}, { deliveries: '{"sinceMs":' });
			const uuid = addJob();
			await until(() => trigger.executions.length > 0);
			expect(uuidsOf(trigger)).toEqual([[uuid]]);
		});
	});

	scenario('is one item for all rows of a video', async () => {
		await withTables({}, async ({ tables, publish, addJob }) => {
			const uuid = addJob();
			tables.insert(TABLE, { uuid }, { uuid: ` ${uuid}\n` });
			const trigger = await publish();
			await aRound();
			expect(uuidsOf(trigger)).toEqual([[uuid]]);
			for (const row of tables.rows(TABLE)) expect(row.status).toBe('completed');
		});
	});
});

describe('A table that is', () => {
	const changes: Array<[string, (tables: Tables) => void]> = [
		['cleared', (tables) => tables.clear(TABLE)],
		[
			'deleted and made again',
			(tables) => {
				tables.drop(TABLE);
				tables.addTable({ name: TABLE, id: 'made-again' });
			},
		],
	];
	for (const [name, change] of changes) {
		scenario(`${name} loses nothing, though its row ids begin again`, async () => {
			await withTables({}, async ({ tables, publish, addJob }) => {
				const uuids = [addJob('one'), addJob('two')];
				const trigger = await publish();
				await until(() => deliveredBy(trigger).length === 2);
				change(tables);
				uuids.push(addJob('three'), addJob('four'));
				await until(() => deliveredBy(trigger).length === 4);
				await trigger.restart();
				await aRound();
				expect(deliveredBy(trigger).sort()).toEqual(uuids.sort());
			});
		});
	}

	scenario('pinned and renamed is still watched, and nothing comes twice', async () => {
		await withTables({}, async ({ tables, publish, addJob }) => {
			const jobTableName = { __rl: true, mode: 'list', value: TABLE, cachedResultName: TABLE };
			const uuids = [addJob()];
			const trigger = await publish({ jobTableName });
			await until(() => trigger.executions.length === 1);
			tables.rename(TABLE, 'renamed');
			uuids.push(addJob());
			await until(() => trigger.executions.length === 2);
			expect(deliveredBy(trigger)).toEqual(uuids);
		});
	});

	scenario('pinned and gone is reported, and never made again', async () => {
		await withTables({}, async ({ tables, publish }) => {
			const jobTableName = { __rl: true, mode: 'list', value: TABLE, cachedResultName: 'Jobs' };
			const trigger = await publish({ jobTableName });
			const before = tables.requests.length;
			tables.drop(TABLE);
			await until(() => trigger.failures.length > 0);
			await aRound();
			expect(trigger.failures).toEqual([
				expect.stringContaining("There is no Data Table named 'Jobs'") as string,
			]);
			expect(tables.requests.slice(before)).not.toContain('POST /data-tables');
		});
	});

	scenario(
		'one of several with its name is refused with their ids, and found by its id',
		async () => {
			await withTables({}, async ({ tables, create, addJob }) => {
				tables.addTable({ name: TABLE, id: 'of-another', projectId: 'project-2' });
				const uuid = addJob();
				tables.insert('of-another', { uuid: 'of-another-user' });
				await expect((await create()).activate()).rejects.toThrow(
					/^The n8n API key has access to 2 Data Tables named 'veo_jobs': veo_jobs, project own-project, created 2026.*of-another, project project-2, created 2026.*from the list/,
				);
				const trigger = await create({ jobTableName: { __rl: true, mode: 'list', value: TABLE } });
				await trigger.activate();
				await until(() => trigger.executions.length > 0);
				await aRound();
				expect(uuidsOf(trigger)).toEqual([[uuid]]);
			});
		},
	);

	scenario('without one of the columns is named with them', async () => {
		await withTables({}, async ({ tables, create }) => {
			tables.addTable({ name: 'own_columns', columns: [{ name: 'uuid', type: 'string' }] });
			await expect((await create({ jobTableName: 'own_columns' })).activate()).rejects.toThrow(
				/^The Data Table 'own_columns' has no column "status", "progress".*Add them/,
			);
		});
	});
});

describe('A bad job', () => {
	scenario('does not hold up the others', async () => {
		await withTables({}, async ({ tables, publish, addJob }) => {
			const unknown = Array.from({ length: 15 }, (_, index) => ({ uuid: `nobody-knows-${index}` }));
			tables.insert(TABLE, ...unknown);
			const uuid = addJob();
			const trigger = await publish();
			await until(() => trigger.executions.length > 0);
			expect(uuidsOf(trigger)).toEqual([[uuid]]);
		});
	});

	scenario('is given up, and told of as one that failed', async () => {
		const faults = [
			always('status', { type: 'json', value: ['not an envelope'] }, { prompt: 'broken' }),
			always('status', { type: 'http', status: 500 }, { prompt: 'old' }),
		];
		await withTables({ faults, durationMs: 60_000 }, async ({ tables, publish, addJob }) => {
			const submittedAt = minutesAgo(25 * 60);
			const broken = addJob('broken', { submittedAt });
			const pending = addJob('pending', { submittedAt });
			tables.insert(TABLE, { uuid: 'nobody-knows-it', createdAt: submittedAt });
			// A bad moment says nothing of the job: it gets twice the time.
			addJob('old', { submittedAt });
			const older = addJob('older', { submittedAt: minutesAgo(49 * 60) });
			const trigger = await publish();
			await until(() => deliveredBy(trigger).length >= 4);
			await aRound();
			const expected = [broken, pending, 'nobody-knows-it', older];
			expect(deliveredBy(trigger).sort()).toEqual(expected.sort());
			expect(trigger.executions[0]?.[0]?.json).toMatchObject({
				status: 'expired',
				errorMessage:
					'Given up: not finished after 24 hours. Use Get Status to see whether it was finished later',
			});
		});
	});

	scenario(
		'whose row holds no video ID is marked in its row, and no request is made of it',
		async () => {
			await withTables({}, async ({ emulator, tables, publish }) => {
				tables.insert(TABLE, { uuid: '..' }, { uuid: 'two words' }, { uuid: 'x'.repeat(201) });
				const trigger = await publish();
				await until(() => tables.rows(TABLE).every(({ status }) => status === 'failed'));
				for (const row of tables.rows(TABLE)) {
					expect(row.errorMessage).toMatch(
						/^Not checked: the 'uuid' of this row is not a video ID/,
					);
				}
				await aRound();
				// That of the activation.
				expect(emulator.requests).toHaveLength(1);
				expect(trigger.executions.flat()).toHaveLength(3);
			});
		},
	);

	scenario('whose row n8n refuses to write holds up no other', async () => {
		await withTables({}, async ({ emulator, tables, publish, addJob }) => {
			const bad = Array.from({ length: 5 }, () => addJob('bad'));
			const good = addJob('good');
			tables.refuseBody = (request, body) => {
				const isBad = bad.some((uuid) => String(JSON.stringify(body)).includes(uuid));
				if (!request.includes('/rows/update') || !isBad) return undefined;
				return { status: 400, body: { message: 'invalid byte sequence' } };
			};
			const trigger = await publish();
			await until(() => deliveredBy(trigger).length >= 6);
			await sleep(15_000);
			expect(deliveredBy(trigger).sort()).toEqual([...bad, good].sort());
			for (const job of emulator.jobs) expect(job.statusChecks).toBeLessThanOrEqual(2);
			expect(await n8n.logged()).toContain(`The row of video ${bad[0]} could not be written`);
		});
	});
});

describe('A row that somebody else wrote as finished', () => {
	scenario('is checked at the API, from which alone its URL comes', async () => {
		await withTables({}, async ({ emulator, publish, addJob }) => {
			const trigger = await publish();
			await sleep(500);
			const uuid = addJob('A fox', {
				...finishedRow(minutesAgo(0)),
				videoUrl: 'https://attacker.example/v.mp4',
			});
			await until(() => trigger.executions.length > 0);
			expect(emulator.jobs[0]?.statusChecks).toBe(1);
			expect(JSON.stringify(trigger.executions)).not.toContain('attacker');
			expect(trigger.executions[0]?.[0]?.json).toMatchObject({
				uuid,
				videoUrl: expect.stringContaining(emulator.url.replace('/api', '')) as string,
			});
		});
	});

	scenario('and is not, is delivered when it really is', async () => {
		await withTables({ durationMs: 8_000 }, async ({ publish, addJob }) => {
			const trigger = await publish();
			await sleep(500);
			const uuid = addJob('A fox', finishedRow(minutesAgo(0)));
			await sleep(5_000);
			expect(trigger.executions).toEqual([]);
			await until(() => trigger.executions.length > 0);
			expect(uuidsOf(trigger)).toEqual([[uuid]]);
		});
	});
});

describe('A video without a URL', () => {
	scenario('is checked again before it is delivered', async () => {
		const faults = [
			always(
				'status',
				{ type: 'json', value: { code: 0, data: { status: 'completed' } } },
				{ prompt: 'late', occurrence: 1 },
			),
		];
		await withTables({ faults }, async ({ publish, addJob }) => {
			addJob('late');
			const trigger = await publish();
			await sleep(3_000);
			expect(trigger.executions).toEqual([]);
			await until(() => trigger.executions.length > 0);
			expect(trigger.executions[0]?.[0]?.json.videoUrl).toMatch(/^http/);
		});
	});
});

describe('An outage', () => {
	scenario('of the API is logged, and does no harm', async () => {
		await withTables({}, async ({ emulator, publish, addJob }) => {
			const trigger = await publish();
			emulator.options.faults = [always('status', { type: 'http', status: 503 })];
			const uuids = Array.from({ length: 30 }, () => addJob());
			const before = emulator.count('status');
			await sleep(10_000);
			expect(emulator.count('status') - before).toBeLessThan(40);
			expect(await n8n.logged()).toContain('It will be checked again.');
			expect(trigger.failures).toEqual([]);
			emulator.options.faults = [];
			await until(() => deliveredBy(trigger).length >= uuids.length);
			expect(deliveredBy(trigger).sort()).toEqual(uuids.sort());
		});
	});

	scenario('of n8n itself is logged, and loses nothing', async () => {
		await withTables({}, async ({ tables, publish, addJob }) => {
			const trigger = await publish();
			await sleep(500);
			const uuid = addJob();
			for (const method of ['GET', 'PATCH', 'POST']) {
				tables.refuse = (request) => (request.startsWith(method) ? { status: 500 } : undefined);
				await sleep(5_500);
			}
			tables.refuse = () => undefined;
			await until(() => trigger.executions.length > 0);
			await aRound();
			expect(uuidsOf(trigger)).toEqual([[uuid]]);
			expect(trigger.failures).toEqual([]);
			expect(tables.rows(TABLE)).toMatchObject([{ status: 'completed' }]);
		});
	});

	scenario('of n8n while videos finish costs no second check of any', async () => {
		await withTables({ durationMs: 2_000 }, async ({ emulator, tables, publish, addJob }) => {
			const uuids = Array.from({ length: 4 }, () => addJob());
			tables.refuse = (request) => (request.startsWith('PATCH') ? { status: 500 } : undefined);
			const trigger = await publish();
			await until(() => deliveredBy(trigger).length >= uuids.length);
			const checks = emulator.count('status');
			tables.refuse = () => undefined;
			await until(() => tables.rows(TABLE).every(({ status }) => status === 'completed'));
			expect(emulator.count('status')).toBe(checks);
		});
	});

	scenario('leaves the API alone for as long as it asks', async () => {
		const rateLimit = { requests: 3, perMs: 7_000, retryAfterSeconds: 7 };
		await withTables({ rateLimit }, async ({ emulator, publish, addJob }) => {
			const uuids = Array.from({ length: 4 }, () => addJob());
			const trigger = await publish();
			await sleep(2_000);
			const sent = emulator.count('status');
			await sleep(3_500);
			expect(emulator.count('status')).toBe(sent);
			await until(() => deliveredBy(trigger).length >= uuids.length);
			expect(deliveredBy(trigger).sort()).toEqual(uuids.sort());
		});
	});

	for (const savesFailures of [true, false]) {
		const version = savesFailures ? 'in a failed execution' : 'in the log of an older n8n';
		scenario(`is not a key that is refused: that is told once, ${version}`, async () => {
			await withTables({}, async ({ emulator, tables, publish, addJob }) => {
				const trigger = await publish({}, { savesFailures });
				await sleep(500);
				emulator.options.faults = [
					always('status', { type: 'http', status: 401 }, { prompt: 'refused' }),
				];
				const uuid = addJob('refused');
				const expected = /^The API refused the key.*Check 'API Key' in the Veo API credential\.$/;
				await aRound();
				await aRound();
				if (savesFailures) {
					expect(trigger.failures).toEqual([expect.stringMatching(expected) as string]);
				} else expect(await n8n.logged()).toContain('The API refused the key');
				emulator.options.faults = [];
				await until(() => trigger.executions.length > 0);
				expect(uuidsOf(trigger)).toEqual([[uuid]]);
				expect(tables.rows(TABLE)).toMatchObject([{ status: 'completed' }]);
			});
		});
	}
});

describe('The form', () => {
	scenario('may hold text where an expression gives it', async () => {
		await withTables({}, async ({ publish, addJob }) => {
			addJob();
			const trigger = await publish({ downloadVideo: 'true' });
			await until(() => trigger.executions.length > 0);
			expect(trigger.executions).toMatchObject([[{ binary: { data: { mimeType: 'video/mp4' } } }]]);
		});
	});

	scenario('counts as it is, whatever an expression gives for its options', async () => {
		await withTables({ durationMs: 60_000 }, async ({ emulator, tables, publish, addJob }) => {
			addJob();
			await publish({ options: { pollInterval: 'often', giveUpAfter: 0 } });
			await sleep(3_000);
			expect(emulator.jobs[0]?.statusChecks).toBe(1);
			expect(tables.rows(TABLE)).toEqual([expect.not.objectContaining({ status: 'expired' })]);
		});
	});
});

describe('Few writes', () => {
	scenario('stamp rows without news together, and rows of the same progress', async () => {
		await withTables({ durationMs: 3_600_000 }, async ({ emulator, tables, publish, addJob }) => {
			for (let i = 0; i < 100; i++) addJob(`job ${i}`, { status: 'processing' });
			await publish();
			await until(() => emulator.count('status') >= 100);
			const before = tables.requests.length;
			await aRound();
			const requests = tables.requests.slice(before);
			expect(requests.filter((line) => line.startsWith('PATCH')).length).toBeLessThanOrEqual(11);
			expect(requests.length).toBeLessThanOrEqual(20);
			for (const row of tables.rows(TABLE)) expect(row.checkedAt).toBeDefined();
		});
	});
});

describe('Delete After', () => {
	scenario(
		'deletes what every trigger has dealt with, and keeps keys and what is new',
		async () => {
			await withTables({}, async ({ tables, publish }) => {
				const old = minutesAgo(3 * 24 * 60);
				tables.insert(
					TABLE,
					finished('old', old),
					{ ...finished('old-with-key', old), idempotencyKey: 'order 7' },
					finished('new', minutesAgo(60)),
					{ uuid: 'pending' },
				);
				const other = {
					trigger: 'w/n',
					tableId: TABLE,
					deliveries: '{"sinceMs":0,"delivered":[],"begun":[]}',
				};
				tables.insert(TRIGGERS, other);
				await publish({ options: { pollInterval: 5, deleteAfter: 2 } });
				await aRound();
				expect(tables.rows(TABLE)).toHaveLength(4);
				const dealtWith = `{"sinceMs":${Date.now()},"delivered":[],"begun":[]}`;
				Object.assign(tables.rows(TRIGGERS)[0] ?? {}, { deliveries: dealtWith });
				await publish({ options: { pollInterval: 5, deleteAfter: 2 } });
				await until(() => tables.rows(TABLE).length === 3);
				await aRound();
				expect(tables.rows(TABLE).map(({ uuid }) => uuid)).toEqual([
					'old-with-key',
					'new',
					'pending',
				]);
			});
		},
	);
});

describe('A webhook call', () => {
	scenario(
		'makes the trigger check the video that it names, and starts nothing by itself',
		async () => {
			const durationMs = 8_000;
			const options: EmulatorOptions = { durationMs, estimates: 'none' };
			await withTables(options, async ({ emulator, publish, addJob }) => {
				const trigger = await publish({ options: { pollInterval: 60, listenForWebhook: true } });
				await sleep(500);
				const uuid = addJob();
				// Unknown to the trigger: it looks into the table.
				const answer = await trigger.callWebhook({ data: { uuid, status: 'completed' } });
				await until(() => emulator.jobs[0]?.statusChecks === 1);
				expect(answer).not.toHaveProperty('workflowData');
				await sleep(durationMs);
				expect(trigger.executions).toEqual([]);
				expect(await trigger.callWebhook({ uuid })).toEqual(answer);
				const calledMs = Date.now();
				await until(() => trigger.executions.length > 0);
				// The interval is a minute.
				expect(Date.now() - calledMs).toBeLessThan(10_000);
				expect(uuidsOf(trigger)).toEqual([[uuid]]);
			});
		},
	);

	scenario('costs no status check where it is junk, however many come', async () => {
		await withTables({ durationMs: 60_000 }, async ({ emulator, tables, publish, addJob }) => {
			addJob();
			const trigger = await publish({ options: { pollInterval: 60, listenForWebhook: true } });
			await until(() => emulator.jobs[0]?.statusChecks === 1);
			const [checks, looks] = [emulator.count('status'), tables.requests.length];
			for (let call = 0; call < 1_000; call++) await trigger.callWebhook({ uuid: `junk-${call}` });
			await sleep(1_000);
			expect(emulator.count('status')).toBe(checks);
			// One look into the table.
			expect(tables.requests.length - looks).toBeLessThan(10);
		});
	});
});

describe('Fetch Test Event', () => {
	scenario('shows the latest finished video as the API knows it, and changes nothing', async () => {
		await withTables({}, async ({ tables, create, addJob }) => {
			addJob();
			tables.insert(TABLE, finished('older', minutesAgo(2)));
			const latest = addJob('latest', finishedRow(minutesAgo(1)));
			const trigger = await create();
			expect(await trigger.fetchTestEvent()).toMatchObject([[{ json: { uuid: latest } }]]);
			expect(tables.requests.filter((request) => !request.startsWith('GET'))).toEqual([]);
		});
	});

	for (const watch of ['jobTable', 'uuids']) {
		scenario(`says so where the API tells of no video: ${watch}`, async () => {
			const faults = [always('status', { type: 'http', status: 503 })];
			await withTables({ faults }, async ({ create, addJob }) => {
				const uuids = addJob();
				const trigger = await create({ watch, uuids });
				await expect(trigger.fetchTestEvent()).rejects.toMatchObject({
					message: `The status of video ${uuids} could not be checked: the server answered with HTTP 503`,
					description: 'Try again later.',
				});
			});
		});
	}

	scenario('says what there is none of, and below that how to go on', async () => {
		await withTables({}, async ({ create }) => {
			const { message, description } = nothingFinished();
			const trigger = await create();
			await expect(trigger.fetchTestEvent()).rejects.toMatchObject({ message, description });
		});
	});

	scenario(
		'is one that nobody has asked about since it was submitted, and changes nothing',
		async () => {
			await withTables({}, async ({ tables, create, addJob }) => {
				tables.insert(TABLE, { uuid: 'unknown' });
				const uuid = addJob();
				const before = structuredClone(tables.rows(TABLE));
				const trigger = await create();
				expect(await trigger.fetchTestEvent()).toMatchObject([
					[{ json: { uuid, status: 'completed' } }],
				]);
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

	for (const hasKeys of [true, false]) {
		const version = hasKeys ? 'with deduplication keys' : 'without deduplication keys';
		scenario(`come once, off and on again, ${version}`, async () => {
			await withTables({}, async ({ emulator, tables, publish }) => {
				const uuid = accept(emulator);
				const trigger = await publish(listed(uuid), { hasKeys });
				await until(() => trigger.executions.length > 0);
				for (let time = 0; time < 2; time++) {
					await sleep(1_000);
					await trigger.deactivate();
					await trigger.activate();
				}
				await aRound();
				expect(uuidsOf(trigger)).toEqual([[uuid]]);
				expect(tables.requests).toEqual([]);
			});
		});
	}

	scenario('are kept until n8n takes them', async () => {
		await withTables({}, async ({ emulator, publish }) => {
			const uuid = accept(emulator);
			const trigger = await publish(listed(uuid));
			trigger.taking = 'refuses';
			await aRound();
			trigger.taking = 'ends';
			await until(() => trigger.executions.length > 0);
			await aRound();
			expect(uuidsOf(trigger)).toEqual([[uuid]]);
		});
	});
});
