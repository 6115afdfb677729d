import { DataTable } from '../../../nodes/Veo/jobTable/dataTable';
import { TriggerTable } from '../../../nodes/Veo/trigger/triggerTable';
import { FakeN8n, JOBS, TRIGGERS } from '../fakeN8n';
import { FakeClock, outcomeOf, REPLIES } from '../fakes';
import { at, fakeContext, SECOND_MS, START_MS, TRIGGER_KEY } from './fakes';

/** The table of all triggers of an n8n without one, beside a job table in this project. */
async function scene(projectId?: string) {
	const clock = new FakeClock(START_MS);
	const n8n = new FakeN8n();
	const table = new TriggerTable(n8n.send, fakeContext().context);
	/** Puts it beside a job table of this name. */
	const beside = async (name: string) => {
		const jobs = new DataTable(n8n.send, { name }, {});
		await jobs.exists();
		table.beside(jobs);
		return jobs.info?.id;
	};
	n8n.drop(JOBS);
	n8n.make(JOBS, projectId);
	await beside(JOBS);
	n8n.sent.length = 0;
	return { beside, clock, n8n, table };
}

describe('The table of all triggers', () => {
	it('is made in the project of the job table once it is needed', async () => {
		const { n8n, table } = await scene('project-1');
		expect(n8n.sent).toEqual([]);
		expect(await table.store.load()).toBeUndefined();
		expect(n8n.to('POST /data-tables').map(({ json }) => json)).toEqual([
			{
				name: 'veo_triggers',
				projectId: 'project-1',
				columns: [
					{ name: 'trigger', type: 'string' },
					{ name: 'tableId', type: 'string' },
					{ name: 'deliveries', type: 'string' },
				],
			},
		]);
	});

	it('is looked for once', async () => {
		const { n8n, table, beside } = await scene('project-1');
		await table.store.save('a');
		const { length } = n8n.lines('GET /data-tables');
		await beside(JOBS);
		await table.store.save('b');
		// That of the job table.
		expect(n8n.lines('GET /data-tables')).toHaveLength(length + 1);
	});

	it('is another one where the job table lies in another project', async () => {
		const { n8n, table, beside } = await scene('project-1');
		await table.store.save('a');
		n8n.make('other_jobs', 'project-2');
		await beside('other_jobs');
		expect(await table.store.load()).toBeUndefined();
		expect(n8n.to('POST /data-tables').map(({ json }) => json.projectId)).toEqual(
			expect.arrayContaining(['project-1', 'project-2']),
		);
	});

	it('is made again where a user has deleted it', async () => {
		const { n8n, table } = await scene();
		await table.store.save('a');
		n8n.drop(TRIGGERS);
		await table.store.save('b');
		expect(n8n.rows(TRIGGERS)).toMatchObject([{ deliveries: 'b' }]);
		n8n.drop(TRIGGERS);
		expect(await table.store.load()).toBeUndefined();
	});

	it('is asked once more, not for ever, where it cannot be found', async () => {
		const { n8n, table } = await scene();
		n8n.refuse = (line) => (line.endsWith('/rows/upsert') ? REPLIES.http4xx : undefined);
		expect(await outcomeOf(table.store.save('a'))).toMatchObject({ httpStatus: 404 });
		expect(n8n.lines('POST').filter((line) => line.endsWith('/upsert'))).toHaveLength(2);
	});

	it('is not asked again where n8n refuses or is away', async () => {
		const { n8n, table } = await scene();
		await table.store.save('a');
		n8n.refuse = () => REPLIES.http5xx;
		const { length } = n8n.sent;
		expect(await outcomeOf(table.store.save('b'))).toMatchObject({ name: 'http5xx' });
		expect(n8n.sent).toHaveLength(length + 1);
	});
});

describe('The row of a trigger', () => {
	it('holds what it delivered, and for which table', async () => {
		const { n8n, table, beside } = await scene();
		const tableId = await beside(JOBS);
		n8n.make(TRIGGERS);
		n8n.insert(TRIGGERS, { trigger: 'another', deliveries: 'of another' });
		await table.store.save('a');
		await table.store.save('b');
		expect(n8n.rows(TRIGGERS)).toMatchObject([
			{ trigger: 'another', deliveries: 'of another' },
			{ trigger: TRIGGER_KEY, deliveries: 'b', tableId },
		]);
		expect(await table.store.load()).toBe('b');
		const [load] = n8n.to('GET').slice(-1);
		expect(load?.query).toMatchObject({ sortBy: 'id:asc', limit: '1' });
	});

	it('names no table before there is one', async () => {
		const n8n = new FakeN8n();
		const table = new TriggerTable(n8n.send, fakeContext().context);
		await table.store.save('a');
		expect(n8n.rows(TRIGGERS)).toMatchObject([{ tableId: '' }]);
		table.beside(new DataTable(n8n.send, { name: JOBS }, {}));
		await table.store.save('a');
		expect(n8n.rows(TRIGGERS)).toMatchObject([{ tableId: '' }]);
	});

	it('says from the start that nothing earlier is delivered, and is kept if it is there', async () => {
		const { n8n, table, clock } = await scene();
		await table.recordStart();
		const start = JSON.stringify({ sinceMs: START_MS, delivered: [], begun: [] });
		expect(await table.store.load()).toBe(start);
		await clock.advance(SECOND_MS);
		await table.recordStart();
		expect(n8n.rows(TRIGGERS)).toMatchObject([{ deliveries: start }]);
	});
});

describe('The rows of all triggers', () => {
	it('are read from all pages, with when each trigger was last seen', async () => {
		const { n8n, table } = await scene();
		n8n.make(TRIGGERS);
		for (let id = 1; id <= 101; id++) {
			const updatedAt = at(id);
			n8n.insert(TRIGGERS, { trigger: `t-${id}`, deliveries: `d-${id}`, tableId: 'x', updatedAt });
		}
		const rows = await table.rows();
		expect(rows).toHaveLength(101);
		expect(rows[100]).toEqual({
			...{ trigger: 't-101', deliveries: 'd-101', tableId: 'x', seenMs: START_MS + 101 },
		});
	});

	it('are none in a table that is made only now', async () => {
		expect(await (await scene()).table.rows()).toEqual([]);
	});
});

describe('The executions of a workflow', () => {
	it('are asked for by its ID', async () => {
		const { n8n, table } = await scene();
		n8n.executions = [
			{ id: '7', mode: 'trigger' },
			{ id: '6', mode: 'manual' },
		];
		const { store } = table;
		expect(await store.newestExecution?.()).toBe(7);
		expect(await store.hasNewerExecution?.(6)).toBe(true);
		expect(await store.hasNewerExecution?.(7)).toBe(false);
		for (const { query } of n8n.sent) expect(query.workflowId).toBe('workflow-1');
	});

	it('are asked for without one where the workflow has none yet', async () => {
		const n8n = new FakeN8n();
		const { context } = fakeContext();
		jest.spyOn(context, 'getWorkflow').mockReturnValue({ id: undefined, active: true });
		await new TriggerTable(n8n.send, context).store.newestExecution?.();
		expect(n8n.sent[0]?.query.workflowId).toBe('');
	});
});
