import { VeoError } from '../../../nodes/Veo/errors/VeoError';
import {
	firstExecution,
	hasNewerExecution,
	newestExecution,
} from '../../../nodes/Veo/jobTable/executions';
import { json, type Reply, REPLIES, scripted, rejectionOf } from '../fakes';

const ids = (...list: number[]) => json(200, { data: list.map((id) => ({ id: String(id) })) });
const modes = (...list: Array<[number, string]>) =>
	json(200, { data: list.map(([id, mode]) => ({ id: String(id), mode })) });

const linesOf = (sent: ReturnType<typeof scripted>['sent']) =>
	sent.map(({ request }) => `${request.method} ${request.path}`);

describe('The newest execution', () => {
	const newest = async (...replies: Reply[]) => {
		const { send, sent } = scripted(...replies);
		return { id: await newestExecution(send, 'a workflow&'), lines: linesOf(sent) };
	};

	it('is the newest of those that ended and those that run', async () => {
		expect(await newest(ids(7), ids(9))).toEqual({
			id: 9,
			lines: [
				'GET /executions?workflowId=a%20workflow%26&limit=1',
				'GET /executions?workflowId=a%20workflow%26&limit=1&status=running',
			],
		});
		expect((await newest(ids(9), ids(7))).id).toBe(9);
	});

	it('is number 0 before the first', async () => {
		expect((await newest(ids(), ids())).id).toBe(0);
	});

	it('is unknown if n8n does not answer', async () => {
		expect((await newest(REPLIES.http403)).id).toBeUndefined();
		expect((await newest(ids(7), REPLIES.timeout)).id).toBeUndefined();
	});
});

describe('A newer execution that a trigger started', () => {
	const search = async (...replies: Reply[]) => {
		const { send, sent } = scripted(...replies);
		return { found: await hasNewerExecution(send, 'w', 5), lines: linesOf(sent) };
	};

	it('is looked for in the lists only: the data may be too large to read', async () => {
		expect(await search(modes([5, 'trigger']), modes([6, 'trigger']))).toEqual({
			found: true,
			lines: [
				'GET /executions?workflowId=w&limit=100',
				'GET /executions?workflowId=w&limit=100&status=running',
			],
		});
	});

	it('is neither an older one nor one that something else started', async () => {
		expect((await search(modes([5, 'trigger']), modes())).found).toBe(false);
		expect((await search(modes([8, 'manual'], [7, 'webhook']), modes())).found).toBe(false);
	});

	it('is unknown if n8n does not answer', async () => {
		expect((await search(REPLIES.http5xx)).found).toBeUndefined();
		expect((await search(modes([8, 'trigger']), REPLIES.http4xx)).found).toBeUndefined();
	});
});

describe('The first of a chain of retries', () => {
	const first = async (...replies: Reply[]) => {
		const { send, sent } = scripted(...replies);
		return { id: await firstExecution(send, '3/x'), lines: linesOf(sent) };
	};

	it('is found through all of them', async () => {
		const chain = [json(200, { retryOf: '2' }), json(200, { retryOf: '1' })];
		expect(await first(...chain, json(200, { retryOf: null }))).toEqual({
			id: '1',
			lines: ['GET /executions/3%2Fx', 'GET /executions/2', 'GET /executions/1'],
		});
	});

	// A wrong one would have no rows in the job table, and its videos would be paid for again.
	it('is not guessed if there are more than a hundred, which may be a circle', async () => {
		const circle = Array.from({ length: 101 }, () => json(200, { retryOf: '3/x' }));
		const { send, sent } = scripted(...circle);
		const thrown = await rejectionOf(firstExecution(send, '3/x'));
		expect((thrown as VeoError).fullText).toContain('a retry of too many others');
		expect(sent).toHaveLength(100);
	});

	it.each(['..', '../users', 'x'.repeat(201), '\ud800', ''])(
		'is not asked for by what cannot be an ID: %j',
		async (retryOf) => {
			const { send, sent } = scripted(json(200, { retryOf }));
			const thrown = await rejectionOf(firstExecution(send, '3'));
			expect(thrown).toBeInstanceOf(VeoError);
			expect((thrown as VeoError).fullText).toContain("not that of n8n's API");
			expect(sent).toHaveLength(1);
		},
	);

	it.each([{}, { retryOf: null }, { retryOf: 2 }, null, []])(
		'is the execution itself if n8n answers %j',
		async (answer) => {
			expect((await first(json(200, answer))).id).toBe('3/x');
		},
	);

	it('is an error for the user if n8n does not answer', async () => {
		const thrown = await rejectionOf(first(json(200, { retryOf: '2' }), REPLIES.http5xx));
		expect(thrown).toBeInstanceOf(VeoError);
		expect((thrown as VeoError).message).toContain('2');
	});
});
