/** Which of the tables that the key sees is the one that the user means. */
import type { RequestError } from '../../../nodes/Veo/errors/outcome';
import { VeoError } from '../../../nodes/Veo/errors/VeoError';
import {
	DataTable,
	listTables,
	requestN8n,
	type TableRef,
} from '../../../nodes/Veo/jobTable/dataTable';
import { checkTableRef, jobTable } from '../../../nodes/Veo/jobTable/jobTable';
import { json, type Reply, rejectionOf, scripted, transportOf } from '../fakes';

const list = (...tables: unknown[]) => json(200, { data: tables });
const named = (id: string, more: object = {}) => ({ id, name: 'jobs', ...more });

function table(ref: TableRef, projectId: string | undefined, ...replies: Reply[]) {
	const { send, sent } = scripted(...replies);
	const lines = () =>
		sent.map(({ request: { method, path } }) => `${method} ${decodeURIComponent(path)}`);
	return { table: new DataTable(send, ref, { uuid: 'string' }, projectId), sent, lines };
}

async function messageOf(work: Promise<unknown>): Promise<string> {
	const thrown = await rejectionOf(work);
	expect(thrown).toBeInstanceOf(VeoError);
	return (thrown as VeoError).message;
}

describe('A table from the list', () => {
	const ref = { id: 'pinned', label: 'jobs' };

	it('is the one with its id, whatever it is called', async () => {
		const { table: jobs, lines } = table(
			ref,
			undefined,
			list(named('other'), { id: 'pinned', name: 'renamed' }),
		);
		await jobs.ensure();
		expect(jobs.info).toMatchObject({ id: 'pinned', name: 'renamed' });
		expect(jobs.name).toBe('jobs');
		expect(lines()).toEqual(['GET /data-tables?filter={"id":"pinned"}&limit=100']);
	});

	it('is never made again', async () => {
		const { table: jobs, lines } = table(ref, undefined, list(named('other')));
		expect(await messageOf(jobs.ensure())).toBe("There is no Data Table named 'jobs'");
		expect(lines()).toHaveLength(1);
	});
});

describe('A table of a name', () => {
	const ref = { name: 'jobs' };

	it('that several tables have is refused with all of them', async () => {
		const { table: jobs } = table(
			ref,
			undefined,
			list(named('one', { projectId: 'p-1' }), named('two', { createdAt: '2026-01-01' })),
		);
		expect(await messageOf(jobs.exists())).toMatch(/one, project p-1; two, created 2026-01-01/);
	});

	it('is the one in its project, where that is known', async () => {
		const tables = [named('theirs', { projectId: 'p-2' }), named('ours', { projectId: 'p-1' })];
		const { table: jobs, lines } = table(ref, 'p-1', list(...tables));
		await jobs.ensure();
		expect(jobs.info?.id).toBe('ours');
		expect(lines()).toHaveLength(1);
		expect(await table(ref, 'p-3', list(...tables)).table.exists()).toBe(false);
	});

	it('may be in an n8n that returns no projects', async () => {
		expect(await table(ref, 'p-1', list(named('ours'))).table.exists()).toBe(true);
		expect(
			await messageOf(table(ref, 'p-1', list(named('one'), named('two'))).table.exists()),
		).toContain('2 Data Tables');
	});

	it('is made in its project', async () => {
		const { table: jobs, sent } = table(ref, 'p-1', list(), json(201, named('made-in-project')));
		await jobs.ensure();
		expect(sent[1]?.request.json).toMatchObject({ projectId: 'p-1' });
		expect(jobs.info?.id).toBe('made-in-project');
	});

	it('is created without a project if the project is unknown, and is found by the next run', async () => {
		const { table: jobs, sent } = table(ref, undefined, list(), json(201, named('made')));
		await jobs.ensure();
		expect(sent[1]?.request.json).not.toHaveProperty('projectId');
		const { table: next, lines } = table(ref, undefined, list(named('made')));
		await next.ensure();
		expect(lines()).toHaveLength(1);
	});

	it("is checked again if n8n did not say that it is the key's own", async () => {
		for (const status of [403, 403]) {
			const { table: jobs, lines } = table(ref, undefined, list(named('seen')), json(status, {}));
			await jobs.ensure();
			expect(jobs.info?.id).toBe('seen');
			expect(lines()).toHaveLength(2);
		}
		const conflict = table(ref, undefined, list(named('seen')), json(409, {}));
		await conflict.table.ensure();
		const next = table(ref, undefined, list(named('seen')));
		await next.table.ensure();
		expect(next.lines()).toHaveLength(1);
	});

	it.each([
		[[], 'no column "uuid"'],
		[[{ name: 'status' }, 'uuid', null], 'no column "uuid"'],
	])('whose columns are %j is refused', async (columns, words) => {
		const { table: jobs } = table(ref, undefined, list(named('ours', { columns })));
		expect(await messageOf(jobs.exists())).toContain(words);
	});

	it.each([undefined, 'all', [{ name: 'status' }, { name: 'uuid' }]])(
		'whose columns are %j is taken',
		async (columns) => {
			const { table: jobs } = table(ref, undefined, list(named('ours', { columns })));
			expect(await jobs.exists()).toBe(true);
		},
	);

	it('has no path before it is found', async () => {
		const { table: jobs, lines } = table(ref, undefined, list());
		await jobs.find([], 'id:asc');
		expect(lines()[0]).toMatch('GET /data-tables//rows');
	});
});

describe('The list of tables', () => {
	it('has what n8n knows about each table, over all pages', async () => {
		const known = { projectId: 'p-1', createdAt: '2026-01-01', columns: [{ name: 'uuid' }] };
		const { send, sent } = scripted(
			json(200, { data: [named('one', known)], nextCursor: 'more' }),
			json(200, {
				data: [
					named('two', { projectId: null, createdAt: 5, columns: 'all' }),
					{ id: 3, name: 'odd' },
					{ id: 'odd' },
				],
				nextCursor: 7,
			}),
		);
		expect(await listTables(send, { name: 'jobs' })).toEqual([
			{ id: 'one', name: 'jobs', ...known, columns: ['uuid'] },
			{ id: 'two', name: 'jobs' },
		]);
		const queries = sent.map(({ request }) => new URLSearchParams(request.path.split('?')[1]));
		expect(queries.map((query) => query.get('cursor'))).toEqual([null, 'more']);
	});

	it('and the rows end, whatever cursors n8n gives', async () => {
		const endless = transportOf(() => json(200, { data: [], nextCursor: 'same' }));
		expect(await listTables(endless.send, {})).toEqual([]);
		expect(endless.sent).toHaveLength(1_000);

		const jobs = new DataTable(endless.send, { name: 'jobs' }, {});
		let pages = 0;
		for await (const rows of jobs.pages([], 'id:asc')) pages += rows.length + 1;
		expect(pages).toBe(1_000);
	});
});

describe('Rows by their ids', () => {
	it.each([
		[400, [200, 200]],
		[401, [200, 200, 1]],
		[0, []],
	])('of %d are changed in requests of %j', async (count, sizes) => {
		const { send, sent } = transportOf(() => json(200, true));
		const jobs = new DataTable(send, { name: 'jobs' }, {});
		const ids = Array.from({ length: count }, (_, index) => index);
		await jobs.updateRows(ids, { progress: 5 });
		const filters = sent.map(
			({ request }) => (request.json as { filter: { filters: unknown[] } }).filter.filters,
		);
		expect(filters.map(({ length }) => length)).toEqual(sizes);
		expect(filters.flat()).toEqual(
			ids.map((value) => ({ columnName: 'id', condition: 'eq', value })),
		);
	});
});

describe('What n8n says only in words', () => {
	it.each([
		[json(400, { message: 'Data table size limit exceeded: 50 MB' }), 'sizeLimit'],
		[json(400, { message: "Unknown column name 'x'" }), 'missingColumn'],
		[{ httpStatus: 401, body: '<html>Log in</html>' }, 'proxy'],
		[json(401, { message: 'unauthorized' }), undefined],
		[{ httpStatus: 403, body: '<html>No</html>' }, undefined],
		[json(400, {}), undefined],
	])('is told apart: %j', async (reply, n8nCause) => {
		const request = { method: 'GET', path: '/data-tables' } as const;
		const thrown = await rejectionOf(requestN8n(scripted(reply).send, request));
		expect((thrown as RequestError).outcome.n8nCause).toBe(n8nCause);
	});
});

describe('The field of the form', () => {
	it.each([
		['veo_jobs', { name: 'veo_jobs' }],
		[' veo_jobs ', { name: 'veo_jobs' }],
		[{ mode: 'name', value: 'veo_jobs', cachedResultName: 'x' }, { name: 'veo_jobs' }],
		[
			{ mode: 'list', value: 'a-1', cachedResultName: 'Jobs' },
			{ id: 'a-1', label: 'Jobs' },
		],
		[
			{ mode: 'list', value: 'a-1' },
			{ id: 'a-1', label: 'a-1' },
		],
	])('%j means %j', (raw, ref) => {
		expect(checkTableRef(raw)).toEqual(ref);
	});

	it.each([' ', undefined, { mode: 'list', value: '' }, {}])('%j is refused', (raw) => {
		expect(() => checkTableRef(raw)).toThrow(VeoError);
	});
});

// One n8n process serves all users.
it("A table that one key made is not another key's own, though that key sees it", async () => {
	const tables = json(200, { data: [{ id: 'shared-1', name: 'shared' }] });
	const member = scripted(json(200, { data: [] }), json(200, { id: 'shared-1', name: 'shared' }));
	member.send.account = 'member';
	await jobTable(member.send, { name: 'shared' }).ensure();

	const owner = scripted(tables, json(200, { id: 'shared-2', name: 'shared' }));
	owner.send.account = 'owner';
	const table = jobTable(owner.send, { name: 'shared' });
	await table.ensure();
	expect(table.info?.id).toBe('shared-2');
});
