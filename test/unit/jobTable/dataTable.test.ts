import { DataTable, equals, isFilled, requestN8n } from '../../../nodes/Veo/jobTable/dataTable';
import type { RequestError } from '../../../nodes/Veo/errors/outcome';
import { json, type Reply, REPLIES, scripted, rejectionOf } from '../fakes';

const NAME = 'veo jobs';
const listed = (...names: unknown[]) =>
	json(200, {
		data: names.map((name) => ({ id: `id/of/${String(name).replaceAll(' ', '?')}`, name })),
	});

/** The table `veo jobs`, and what it sends. */
function table(...replies: Reply[]) {
	const { send, sent } = scripted(...replies);
	const requests = () =>
		sent.map(({ request }) => {
			const [path, query] = request.path.split('?');
			return {
				line: `${request.method} ${path}`,
				query: Object.fromEntries(new URLSearchParams(query)),
				json: request.json,
			};
		});
	return {
		table: new DataTable(send, { name: NAME }, { uuid: 'string', progress: 'number' }),
		sent,
		requests,
	};
}

/** The outcome that the work ended with. */
async function outcomeOf(work: Promise<unknown>) {
	return ((await rejectionOf(work)) as RequestError).outcome;
}

describe('Finding the table', () => {
	it('asks for its name, with spaces as n8n accepts them', async () => {
		const { table: jobs, sent, requests } = table(listed(NAME));
		expect(await jobs.exists()).toBe(true);
		expect(sent[0]?.request.path).not.toContain('+');
		expect(requests()).toEqual([
			{
				line: 'GET /data-tables',
				query: { filter: '{"name":"veo jobs"}', limit: '100' },
				json: undefined,
			},
		]);
	});

	it('needs no request once it is found', async () => {
		const { table: jobs, sent } = table(listed(NAME));
		await jobs.exists();
		expect(await jobs.exists()).toBe(true);
		expect(sent).toHaveLength(1);
	});

	it.each([
		['names that contain it', listed('my veo jobs', 'veo jobs 2')],
		['a table without an id', json(200, { data: [{ name: NAME }] })],
		['an id that leads out of its path', json(200, { data: [{ id: '../users', name: NAME }] })],
		['an id that is half a character', json(200, { data: [{ id: '\ud800', name: NAME }] })],
		['an id that is too long', json(200, { data: [{ id: 'x'.repeat(201), name: NAME }] })],
		['an id that is not a text', json(200, { data: [{ id: 7, name: NAME }] })],
		['an empty list', listed()],
		['entries of another kind', json(200, { data: [null, 'veo jobs', ['veo jobs']] })],
	])('does not take %s for it', async (_, reply) => {
		expect(await table(reply).table.exists()).toBe(false);
	});

	it.each([
		['an object without a list', {}],
		['a list of its own', []],
		['null', null],
		['data that is not a list', { data: { id: 1 } }],
	])('fails if the answer is %s', async (_, answer) => {
		const { table: jobs } = table(json(200, answer));
		expect(await outcomeOf(jobs.exists())).toEqual({ name: 'shape' });
	});
});

describe('Creating the table', () => {
	const created = json(201, { id: 'made', name: NAME });
	const conflict = json(409, {});

	it('sends the columns', async () => {
		const { table: jobs, requests } = table(listed(), created);
		await jobs.ensure();
		expect(await jobs.exists()).toBe(true);
		expect(requests()[1]).toEqual({
			line: 'POST /data-tables',
			query: {},
			json: {
				name: NAME,
				columns: [
					{ name: 'uuid', type: 'string' },
					{ name: 'progress', type: 'number' },
				],
			},
		});
	});

	it('is refused by n8n where there is one of its own, and not tried again', async () => {
		const first = table(listed(NAME), conflict);
		await first.table.ensure();
		const next = table(listed(NAME));
		await next.table.ensure();
		expect(next.requests().map(({ line }) => line)).toEqual(['GET /data-tables']);
	});

	it('makes one of its own where the only one is that of somebody else', async () => {
		const theirs = json(200, { data: [{ id: 'theirs', name: NAME }] });
		const { table: jobs } = table(theirs, json(201, { id: 'ours', name: NAME }));
		await jobs.ensure();
		expect(jobs.info?.id).toBe('ours');
	});

	it('accepts that another process created it', async () => {
		const { table: jobs } = table(listed(), conflict, listed(NAME));
		await jobs.ensure();
		expect(await jobs.exists()).toBe(true);
	});

	it('fails as the request did if there is none afterwards', async () => {
		const { table: jobs } = table(listed(), json(403, { message: 'No scope' }), listed());
		expect(await outcomeOf(jobs.ensure())).toMatchObject({
			name: 'http403',
			apiMessage: 'No scope',
		});
	});

	it('fails if n8n claims success and there is none', async () => {
		const { table: jobs } = table(listed(), json(201, {}), listed());
		expect(await outcomeOf(jobs.ensure())).toEqual({ name: 'shape' });
	});
});

describe('Rows', () => {
	const found = async (...replies: Reply[]) => {
		const all = table(listed(NAME), ...replies);
		await all.table.exists();
		return all;
	};
	const page = (ids: number[], nextCursor?: unknown) =>
		json(200, { data: ids.map((id) => ({ id })), nextCursor });
	const filters = [equals('status', 'completed')];
	const filter = JSON.stringify({ type: 'and', filters });

	it('are read by filter, in order, up to a limit', async () => {
		const { table: jobs, requests } = await found(page([3, 1]), page([]));
		expect(await jobs.find(filters, 'id:desc', 5)).toEqual([{ id: 3 }, { id: 1 }]);
		await jobs.find(filters, 'id:asc');
		expect(requests().slice(1)).toEqual([
			{
				line: 'GET /data-tables/id%2Fof%2Fveo%3Fjobs/rows',
				query: { filter, sortBy: 'id:desc', limit: '5' },
				json: undefined,
			},
			expect.objectContaining({ query: { filter, sortBy: 'id:asc', limit: '100' } }),
		]);
	});

	it.each([null, undefined, 7])('are read page by page until the cursor is %p', async (end) => {
		const { table: jobs, requests } = await found(page([1, 2], 'next'), page([3], end));
		const pages: unknown[] = [];
		for await (const rows of jobs.pages(filters, 'id:asc')) pages.push(rows);
		expect(pages).toEqual([[{ id: 1 }, { id: 2 }], [{ id: 3 }]]);
		const query = { filter, sortBy: 'id:asc', limit: '100' };
		expect(requests().slice(1)).toMatchObject([{ query }, { query: { ...query, cursor: 'next' } }]);
		expect(requests()[1]?.query).not.toHaveProperty('cursor');
	});

	it('are changed where all filters match, or by their ids', async () => {
		const { table: jobs, requests } = await found(json(200, true), json(200, true));
		await jobs.update(filters, { progress: 5 });
		await jobs.updateRows([1, 2], { progress: 6 });
		const ids = [equals('id', 1), equals('id', 2)];
		const line = 'PATCH /data-tables/id%2Fof%2Fveo%3Fjobs/rows/update';
		expect(requests().slice(1)).toEqual([
			{ line, query: {}, json: { filter: { type: 'and', filters }, data: { progress: 5 } } },
			{ line, query: {}, json: { filter: { type: 'or', filters: ids }, data: { progress: 6 } } },
		]);
	});

	it('are changed in several requests where they are many, and lose what PostgreSQL refuses', async () => {
		const { table: jobs, requests } = await found(json(200, true), json(200, true));
		const ids = Array.from({ length: 250 }, (_, index) => index);
		await jobs.updateRows(ids, { prompt: 'a\0b\uD800c' });
		expect(requests().slice(1)).toMatchObject([
			{ json: { data: { prompt: 'abc' } } },
			{ json: { data: { prompt: 'abc' } } },
		]);
	});

	it('are deleted where all filters match', async () => {
		const { table: jobs, requests } = await found(json(200, true));
		await jobs.delete(filters);
		expect(requests()[1]).toMatchObject({
			line: 'DELETE /data-tables/id%2Fof%2Fveo%3Fjobs/rows/delete',
			query: { filter },
		});
	});

	it('are changed or inserted', async () => {
		const { table: jobs, requests } = await found(json(200, true));
		await jobs.upsert(filters, { progress: 5 });
		expect(requests()[1]).toEqual({
			line: 'POST /data-tables/id%2Fof%2Fveo%3Fjobs/rows/upsert',
			query: {},
			json: { filter: { type: 'and', filters }, data: { progress: 5 } },
		});
	});
});

describe('A request to n8n', () => {
	const request = { method: 'GET', path: '/executions' } as const;
	const outcome = async (reply: Reply) =>
		await outcomeOf(requestN8n(scripted(reply).send, request));

	it('returns the JSON of the answer', async () => {
		expect(await requestN8n(scripted(json(200, { id: 1 })).send, request)).toEqual({ id: 1 });
		expect(await requestN8n(scripted(json(200, null)).send, request)).toBeNull();
	});

	it('that has no answer keeps the network code', async () => {
		expect(await outcome(REPLIES.refused)).toEqual({
			name: 'refused',
			networkCode: 'ECONNREFUSED',
		});
	});

	it('that is refused keeps the HTTP status and the message', async () => {
		expect(await outcome(json(401, { message: 'Who are you?' }))).toEqual({
			name: 'http401',
			httpStatus: 401,
			apiMessage: 'Who are you?',
		});
		expect(await outcome(json(500, 'down'))).toEqual({ name: 'http5xx', httpStatus: 500 });
	});

	it('that is answered with something else than JSON went to another server', async () => {
		expect(await outcome(REPLIES.html)).toEqual({ name: 'html', httpStatus: 200 });
	});
});

it('A text that is filled is neither missing nor empty', () => {
	expect(isFilled('videoUrl')).toEqual([
		{ columnName: 'videoUrl', condition: 'neq', value: null },
		{ columnName: 'videoUrl', condition: 'neq', value: '' },
	]);
});
