import { type Execution, itemsOf } from '../../harness/execution';
import { objectOr } from '../../harness/json';
import { waitFor } from '../../harness/waitFor';
import { Deliveries } from '../../nodes/Veo/trigger/deliveries';
import { JOB_COLUMNS } from '../../nodes/Veo/jobTable/jobTable';
import type { Audit } from '../crash/audit';
import { auditTrigger, tableOf, type Watching } from './queue/triggerAudit';
import { Cluster, CONCURRENCY, type Start } from './queue/cluster';
import { missingPackages } from './queue/redisAndPostgres';
import { FIRST_CHECK_MS, uuidsOf } from '../../harness/jobTables';

const missing = missingPackages();
if (missing.length > 0) {
	process.stdout.write(
		`Queue mode is not tested: this machine lacks ${missing.join(' and ')}. ` +
			`On Debian: apt-get install --no-install-recommends ${missing.join(' ')}\n`,
	);
}

/** The job tables. Each execution has a name, which starts its prompts. */
const SPREAD = 'spread';
const SPREAD_NAMES = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'];
const SPREAD_ENDINGS = ['1 s', '2 s', '1 s, fails'];
const KILLED = 'killed';
const KILLED_NAMES = ['X', 'Y', 'Z'];
/** When the worker is killed, these videos are still being made, and the last request has no answer yet. */
const KILLED_ENDINGS = ['45 s, one', '45 s, two', '45 s, three', '45 s, no answer yet'];
const ANSWERED_AFTER_MS = 40_000;

const promptsOf = (names: string[], endings: string[]) =>
	names.flatMap((name) => endings.map((ending) => `${name}: ${ending}`));
const SPREAD_PROMPTS = promptsOf(SPREAD_NAMES, SPREAD_ENDINGS);
const KILLED_PROMPTS = promptsOf(KILLED_NAMES, KILLED_ENDINGS);

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

/** What a trigger has delivered, once it has delivered and recorded `count` items. */
async function delivered({ name, saved }: Watching, count: number) {
	const items = await cluster.tables.deliveries(saved, count, 2 * FIRST_CHECK_MS);
	await waitFor(`${name} to record its deliveries`, 30_000, async () => {
		const records = await rowsOf('veo_triggers');
		const row = records.find(({ trigger }) => String(trigger).startsWith(`${saved.id}/`));
		return Deliveries.parse(row?.deliveries)?.size === count || undefined;
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

	it('runs Generate on both workers, which create one table with one correct row per job', async () => {
		const { tables } = cluster;
		const { options, jobs } = tables.harness.emulator;
		// Slow enough that one worker cannot finish before the other one starts.
		options.latencyMs = 300;
		const workflowId = await cluster.startExecutions(
			tables.tracked(SPREAD, {}),
			SPREAD_NAMES,
			SPREAD_ENDINGS,
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

	it('checks all unfinished jobs in PostgreSQL, whatever their times', async () => {
		const { tables } = cluster;
		const { client, emulator } = tables.harness;
		const table = 'sorted';
		await client.createDataTable(table, JOB_COLUMNS);
		const accept = (prompt: string) =>
			emulator.accept({ generationType: 'text_to_video', prompt: `${prompt}: 3600 s` }).uuid;
		const pending = ['never', 'an hour ago', 'yesterday', 'never either'].map(accept);
		const finished = accept('finished');
		const ago = (forMs: number) => new Date(Date.now() - forMs).toISOString();
		await tables.insert(table, [
			{ uuid: pending[1], checkedAt: ago(3_600_000) },
			{ uuid: pending[0] },
			{ uuid: pending[2], checkedAt: ago(86_400_000) },
			{ uuid: finished, checkedAt: ago(3_600_000), finishedAt: ago(3_600_000) },
			{ status: 'submitting', submittedAt: ago(0) },
			{ uuid: '', checkedAt: ago(3_600_000) },
			{ uuid: pending[3] },
		]);
		const watching = await watch('Sorted', table, []);
		const checked = () => emulator.requests.filter(({ kind }) => kind === 'status');
		const isChecked = (uuid: string) => checked().some((request) => request.uuid === uuid);
		await waitFor(
			'all pending jobs to be checked',
			30_000,
			async () => await Promise.resolve(pending.every(isChecked) || undefined),
		);
		expect(isChecked(finished)).toBe(false);
		await client.deactivateWorkflow(watching.saved.id);
	});

	it('delivers videos whose answers have characters that PostgreSQL cannot store', async () => {
		const { tables } = cluster;
		const { client, emulator } = tables.harness;
		const table = 'odd';
		await client.createDataTable(table, JOB_COLUMNS);
		const text = 'before \0 and \ud800 after';
		const data = { prompt: text, errorMessage: text };
		emulator.options.faults = [{ on: 'status', prompt: 'odd', do: { type: 'alter', data } }];
		const endings = ['odd 1', 'odd 2', 'odd 3', 'odd 4', 'odd 5', 'plain'];
		const uuids = endings.map(
			(ending) =>
				emulator.accept({ generationType: 'text_to_video', prompt: `1 s, ${ending}` }).uuid,
		);
		await tables.insert(
			table,
			uuids.map((uuid) => ({ uuid })),
		);
		const watching = await watch('Odd', table, []);
		const items = await delivered(watching, uuids.length);
		expect(uuidsOf(items).sort()).toEqual([...uuids].sort());
		const rows = await rowsOf(table);
		expect(rows.map(({ status }) => status)).toEqual(uuids.map(() => 'completed'));
		expect(rows.filter(({ errorMessage }) => errorMessage === 'before  and  after')).toHaveLength(
			5,
		);
		emulator.options.faults = [];
		await client.deactivateWorkflow(watching.saved.id);
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
		/** n8n restarts one of the two executions of the killed worker. The third execution is the other worker's. */
		let restarted: Execution;
		let failed: Execution;
		let unaffected: Execution;
		let starts: Start[];
		const jobsFor = (execution: Execution) =>
			itemsOf(execution, 'Veo').map(({ json }) => [json.prompt, json.uuid, json.status]);
		const completed = (name: string, endings: string[]) =>
			promptsOf([name], endings).map((prompt) => [prompt, jobOf(prompt).uuid, 'completed']);
		const nameOf = (execution: Execution) =>
			String(objectOr(itemsOf(execution, 'Webhook')[0]?.json.body).name);

		beforeAll(async () => {
			const { client, emulator } = cluster.tables.harness;
			emulator.options.faults = [
				{ on: 'generate', prompt: 'no answer yet', do: { type: 'delay', ms: ANSWERED_AFTER_MS } },
			];
			const veo = cluster.tables.tracked(KILLED, {
				operation: 'generateAndWait',
				downloadVideo: false,
			});
			const workflowId = await cluster.startExecutions(
				{ ...veo, onError: 'continueRegularOutput' },
				KILLED_NAMES,
				KILLED_ENDINGS,
			);
			await waitFor(
				'all jobs to be accepted, and all but the unanswered ones to be recorded',
				30_000,
				async () => {
					const recorded = (await rowsOf(KILLED)).filter(({ uuid }) => uuid !== null).length;
					const accepted = KILLED_PROMPTS.filter((prompt) => jobsOf(prompt).length > 0).length;
					const unanswered = KILLED_NAMES.length;
					return (
						(accepted === KILLED_PROMPTS.length && recorded === accepted - unanswered) || undefined
					);
				},
			);

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
				if (!found) throw new Error('An execution is missing');
				return found;
			};
			const died = ({ id }: Execution) => dying.some(({ executionId }) => executionId === id);
			restarted = find(({ id }) => id === first.executionId);
			failed = find((one) => died(one) && one !== restarted);
			unaffected = find((one) => !died(one));
		}, 240_000);

		it('does not affect the execution of the other worker', () => {
			expect(jobsFor(unaffected)).toEqual(completed(nameOf(unaffected), KILLED_ENDINGS));
		});

		it('takes up accepted jobs and reports unclear ones in the restarted execution', () => {
			const workers = starts.filter(({ executionId }) => executionId === restarted.id);
			expect(new Set(workers.map(({ worker }) => worker)).size).toBe(2);
			expect(restarted.status).toBe('success');
			expect(jobsFor(restarted).slice(0, -1)).toEqual(
				completed(nameOf(restarted), KILLED_ENDINGS.slice(0, -1)),
			);
			const last = itemsOf(restarted, 'Veo').at(-1)?.json;
			expect(last?.uuid).toBeUndefined();
			expect(last?.error).toMatch(
				/^It is unclear whether the API accepted the video: .* It may have been accepted and billed, so it is not sent again automatically\./,
			);
		});

		it('fails an execution that n8n does not restart, and a Retry pays for nothing', async () => {
			const { client, emulator } = cluster.tables.harness;
			expect(starts.filter(({ executionId }) => executionId === failed.id)).toHaveLength(1);
			expect(failed).toMatchObject({ status: 'error', runs: {} });
			expect(failed.error?.message).toMatch(
				/^This execution failed to be processed too many times/,
			);
			const requests = emulator.count('generate');
			expect(await client.retryExecution(failed.id)).toMatchObject({ status: 'error', runs: {} });
			expect(emulator.count('generate')).toBe(requests);
		});

		it('delivers all recorded jobs, and the others once a user has added their IDs', async () => {
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
		const audits = await Promise.all(
			triggers.map(async (one): Promise<[Watching, Audit]> => [
				one,
				await auditTrigger(cluster, one),
			]),
		);
		process.stdout.write(`\n${await tableOf(cluster, audits)}\n`);
		for (const [{ prompts }, one] of audits) {
			expect(one).toMatchObject({ paid: prompts.length, delivered: prompts.length });
			expect(one).toMatchObject({ paidTwice: [], deliveredTwice: [], unclear: [], lost: [] });
		}
	});
});
