import { type Execution, itemsOf } from '../../harness/execution';
import { objectOr } from '../../harness/json';
import { waitFor } from '../../harness/waitFor';
import { parseDeliveries } from '../../nodes/Veo/trigger/deliveries';
import { JOB_COLUMNS } from '../../nodes/Veo/jobTable/jobTable';
import type { Audit } from '../crash/audit';
import { auditTrigger, tableOf, type Watching } from './queue/triggerAudit';
import { Cluster, CONCURRENCY, type Start } from './queue/cluster';
import { uuidsCheckedInOneRound } from './queue/refreshOnce';
import { missingPackages } from './queue/redisAndPostgres';
import { FIRST_CHECK_MS, uuidsOf } from '../../harness/jobTables';

const missing = missingPackages();
if (missing.length > 0) {
	process.stdout.write(
		`Queue mode is not tested: this machine lacks ${missing.join(' and ')}. ` +
			`On Debian: apt-get install --no-install-recommends ${missing.join(' ')}\n`,
	);
}

/** The job tables, and the prompts that are submitted to them: each execution has a name, and wishes of its own. */
const SPREAD = 'spread';
const SPREAD_NAMES = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'];
const SPREAD_WISHES = ['1 s', '2 s', '1 s, fails'];
const KILLED = 'killed';
const KILLED_NAMES = ['X', 'Y', 'Z'];
/** Long enough to be in the making when the worker is killed; the answer to the last request is then under way. */
const KILLED_WISHES = ['45 s, one', '45 s, two', '45 s, three', '45 s, under way'];
const ANSWERED_AFTER_MS = 40_000;

const promptsOf = (names: string[], wishes: string[]) =>
	names.flatMap((name) => wishes.map((wish) => `${name}: ${wish}`));
const SPREAD_PROMPTS = promptsOf(SPREAD_NAMES, SPREAD_WISHES);
const KILLED_PROMPTS = promptsOf(KILLED_NAMES, KILLED_WISHES);

let cluster: Cluster;
let triggers: Watching[] = [];

const jobsOf = (prompt: unknown) =>
	cluster.tables.harness.emulator.jobs.filter(({ request }) => request.prompt === prompt);
/** The one job that the API accepted for a prompt. */
function jobOf(prompt: unknown) {
	const [job, ...more] = jobsOf(prompt);
	if (!job || more.length > 0) throw new Error(`${more.length + 1} jobs for "${String(prompt)}"`);
	return job;
}
const rowsOf = async (table: string) => (await cluster.tables.rows(table)) ?? [];
const ms = (time: unknown) => Date.parse(String(time));

async function startsOf(executions: Array<{ id: string }>): Promise<Start[]> {
	const ids = executions.map(({ id }) => id);
	return (await cluster.starts()).filter(({ executionId }) => ids.includes(executionId));
}

async function watch(name: string, table: string, prompts: string[]): Promise<Watching> {
	const saved = await cluster.tables.watch({
		jobTableName: table,
		events: ['completed', 'failed'],
		options: { pollInterval: 5 },
	});
	return { name, table, prompts, saved };
}

/** What a trigger has delivered, once it is so many items and it has noted them all: it does not deliver those again. */
async function delivered({ name, saved }: Watching, count: number) {
	const items = await cluster.tables.deliveries(saved, count, 2 * FIRST_CHECK_MS);
	await waitFor(`${name} to note its deliveries`, 30_000, async () => {
		const notes = await rowsOf('veo_triggers');
		const row = notes.find(({ trigger }) => String(trigger).includes(`/${saved.id}/`));
		return parseDeliveries(row?.deliveries)?.delivered.length === count || undefined;
	});
	return items;
}

(missing.length > 0 ? describe.skip : describe)('Queue mode', () => {
	beforeAll(async () => {
		cluster = await Cluster.start();
	}, 240_000);

	afterAll(async () => {
		await cluster?.close();
	}, 60_000);

	it('runs Generate on both workers, which make one table with one right row for each job', async () => {
		const { tables } = cluster;
		const { options, jobs } = tables.harness.emulator;
		// Slow enough that one worker cannot do it all before the other has looked.
		options.latencyMs = 300;
		const workflowId = await cluster.startExecutions(
			tables.tracked(SPREAD, {}),
			SPREAD_NAMES,
			SPREAD_WISHES,
		);
		const executions = await cluster.ended(workflowId, SPREAD_NAMES.length);
		options.latencyMs = 0;
		expect(executions.map(({ status }) => status)).toEqual(SPREAD_NAMES.map(() => 'success'));

		const starts = await startsOf(executions);
		expect(starts).toHaveLength(SPREAD_NAMES.length);
		expect(new Set(starts.map(({ worker }) => worker)).size).toBe(2);

		const rows = await rowsOf(SPREAD);
		expect(jobs).toHaveLength(SPREAD_PROMPTS.length);
		expect(rows.map(({ prompt }) => prompt).sort()).toEqual([...SPREAD_PROMPTS].sort());
		for (const row of rows) {
			const { uuid, acceptedAt } = jobOf(row.prompt);
			expect(row).toMatchObject({ uuid, status: 'pending', workflowId, finishedAt: null });
			for (const time of [row.submittedAt, row.checkedAt]) {
				expect(new Date(String(time)).toISOString()).toBe(time);
			}
			expect(ms(row.submittedAt)).toBeLessThanOrEqual(acceptedAt);
			expect(ms(row.checkedAt)).toBeGreaterThanOrEqual(acceptedAt);
			expect(ms(row.checkedAt)).toBeLessThanOrEqual(Date.now());
		}
	});

	it('gives the trigger the rows of PostgreSQL that are due, and those that waited longest first', async () => {
		const { tables } = cluster;
		const { client, emulator } = tables.harness;
		const table = 'sorted';
		await client.createDataTable(table, JOB_COLUMNS);
		const accept = (prompt: string) =>
			emulator.accept({ generationType: 'text_to_video', prompt: `${prompt}: 3600 s` }).uuid;
		const never = accept('never');
		const hour = accept('an hour ago');
		const hourAndMs = accept('an hour and a millisecond ago');
		const yesterday = accept('yesterday');
		const neverEither = accept('never either');
		const now = Date.now();
		const ago = (forMs: number) => new Date(now - forMs).toISOString();
		await tables.insert(table, [
			{ uuid: hour, checkedAt: ago(3_600_000) },
			{ uuid: never },
			{ uuid: 'just now', checkedAt: ago(0) },
			{ uuid: yesterday, checkedAt: ago(86_400_000) },
			{ uuid: 'finished', checkedAt: ago(3_600_000), finishedAt: ago(3_600_000) },
			{ status: 'submitting', submittedAt: ago(0) },
			{ uuid: '', checkedAt: ago(3_600_000) },
			{ uuid: hourAndMs, checkedAt: ago(3_600_001) },
			{ uuid: neverEither },
		]);
		const asked = await uuidsCheckedInOneRound(tables.harness, table, 60_000);
		expect(asked).toEqual([never, neverEither, yesterday, hourAndMs, hour]);
		const checked = (await rowsOf(table)).filter(({ checkedAt }) => ms(checkedAt) > now);
		expect(checked.map(({ uuid }) => uuid).sort()).toEqual([...asked].sort());
	});

	it('delivers each job once to each trigger, by executions on the workers', async () => {
		await cluster.tables.harness.client.createDataTable(KILLED, JOB_COLUMNS);
		triggers = await Promise.all([
			watch('Trigger 1', SPREAD, SPREAD_PROMPTS),
			watch('Trigger 2', SPREAD, SPREAD_PROMPTS),
			watch('Trigger 3', KILLED, KILLED_PROMPTS),
		]);
		const uuids = SPREAD_PROMPTS.map((prompt) => jobOf(prompt).uuid).sort();
		for (const trigger of triggers.filter(({ table }) => table === SPREAD)) {
			const items = await delivered(trigger, uuids.length);
			expect(uuidsOf(items).sort()).toEqual(uuids);
			const executions = await cluster.tables.executions(trigger.saved.id, 'success');
			expect(await startsOf(executions)).toHaveLength(executions.length);
		}
		for (const { status, prompt, submittedAt, finishedAt } of await rowsOf(SPREAD)) {
			const { outcome, finalAt } = jobOf(prompt);
			expect(status).toBe(outcome);
			expect(ms(finishedAt)).toBeGreaterThanOrEqual(finalAt);
			expect(ms(finishedAt)).toBeGreaterThan(ms(submittedAt));
		}
	}, 300_000);

	describe('when a worker is killed in the middle of Generate and Wait', () => {
		/** Of the dead worker one execution is run again and one is not; the third belongs to the other worker. */
		let returned: Execution;
		let left: Execution;
		let spared: Execution;
		let starts: Start[];
		const jobsFor = (execution: Execution) =>
			itemsOf(execution, 'Veo').map(({ json }) => [json.prompt, json.uuid, json.status]);
		const completed = (name: string, wishes: string[]) =>
			promptsOf([name], wishes).map((prompt) => [prompt, jobOf(prompt).uuid, 'completed']);
		const nameOf = (execution: Execution) =>
			String(objectOr(itemsOf(execution, 'Webhook')[0]?.json.body).name);

		beforeAll(async () => {
			const { client, emulator } = cluster.tables.harness;
			emulator.options.faults = [
				{ on: 'generate', prompt: 'under way', do: { type: 'delay', ms: ANSWERED_AFTER_MS } },
			];
			const veo = cluster.tables.tracked(KILLED, { operation: 'generateAndWait' });
			const workflowId = await cluster.startExecutions(
				{ ...veo, onError: 'continueRegularOutput' },
				KILLED_NAMES,
				KILLED_WISHES,
			);
			await waitFor('all to be accepted, and all but the last ones noted', 30_000, async () => {
				const noted = (await rowsOf(KILLED)).filter(({ uuid }) => uuid !== null).length;
				const accepted = KILLED_PROMPTS.filter((prompt) => jobsOf(prompt).length > 0).length;
				const underWay = KILLED_NAMES.length;
				return (accepted === KILLED_PROMPTS.length && noted === accepted - underWay) || undefined;
			});

			const running = await startsOf(await client.executions({ workflowId }));
			const shares = cluster.workers.map((worker) =>
				running.filter((start) => start.worker === worker),
			);
			const dying = shares.find(({ length }) => length === CONCURRENCY) ?? [];
			const [first] = dying;
			if (!first) throw new Error(`Not shared as expected: ${JSON.stringify(shares)}`);
			await cluster.allowRestart(first);
			await first.worker.kill();

			const ended = await cluster.ended(workflowId, KILLED_NAMES.length, 150_000);
			starts = await startsOf(ended);
			const find = (is: (execution: Execution) => boolean) => {
				const found = ended.find(is);
				if (!found) throw new Error('One execution is missing');
				return found;
			};
			const died = ({ id }: Execution) => dying.some(({ executionId }) => executionId === id);
			returned = find(({ id }) => id === first.executionId);
			left = find((one) => died(one) && one !== returned);
			spared = find((one) => !died(one));
		}, 240_000);

		it('leaves the execution of the other worker alone', () => {
			expect(jobsFor(spared)).toEqual(completed(nameOf(spared), KILLED_WISHES));
		});

		it('takes up what was accepted, and says what is unclear, where the execution is run again', () => {
			const workers = starts.filter(({ executionId }) => executionId === returned.id);
			expect(new Set(workers.map(({ worker }) => worker)).size).toBe(2);
			expect(returned.status).toBe('success');
			expect(jobsFor(returned).slice(0, -1)).toEqual(
				completed(nameOf(returned), KILLED_WISHES.slice(0, -1)),
			);
			const last = itemsOf(returned, 'Veo').at(-1)?.json;
			expect(last?.uuid).toBeUndefined();
			expect(last?.error).toMatch(
				/^It is unclear whether the API accepted the video: .* It may have been accepted and billed, so it is not sent again automatically\./,
			);
		});

		it('ends as failed where n8n does not run the execution again, and a Retry pays for nothing', async () => {
			const { client, emulator } = cluster.tables.harness;
			expect(starts.filter(({ executionId }) => executionId === left.id)).toHaveLength(1);
			expect(left).toMatchObject({ status: 'error', runs: {} });
			expect(left.error?.message).toMatch(/^This execution failed to be processed too many times/);
			const requests = emulator.count('generate');
			expect(await client.retryExecution(left.id)).toMatchObject({ status: 'error', runs: {} });
			expect(emulator.count('generate')).toBe(requests);
		});

		it('delivers all that was noted, and the rest once a person has filled it in', async () => {
			const { client } = cluster.tables.harness;
			const trigger = triggers.find(({ table }) => table === KILLED);
			if (!trigger) throw new Error('No trigger watches the table');
			const unclear = (await rowsOf(KILLED)).filter(({ uuid }) => uuid === null);
			expect(unclear.map(({ status }) => status)).toEqual(['submitting', 'submitting']);
			await delivered(trigger, KILLED_PROMPTS.length - unclear.length);
			const id = (await client.dataTables()).get(KILLED);
			for (const { jobKey, prompt } of unclear) {
				const filters = [{ columnName: 'jobKey', condition: 'eq', value: jobKey }];
				const change = { filter: { type: 'and', filters }, data: { uuid: jobOf(prompt).uuid } };
				await client.api('PATCH', `/data-tables/${id}/rows/update`, change);
			}
			await delivered(trigger, KILLED_PROMPTS.length);
		}, 300_000);
	});

	it('has paid for each job once, and each trigger has delivered it once', async () => {
		const books = await Promise.all(
			triggers.map(async (one): Promise<[Watching, Audit]> => [
				one,
				await auditTrigger(cluster, one),
			]),
		);
		process.stdout.write(`\n${await tableOf(cluster, books)}\n`);
		for (const [{ prompts }, one] of books) {
			expect(one).toMatchObject({ paid: prompts.length, delivered: prompts.length });
			expect(one).toMatchObject({ paidTwice: [], deliveredTwice: [], unclear: [], lost: [] });
		}
	});
});
