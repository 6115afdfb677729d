import { VeoClient } from '../../../nodes/Veo/api/client';
import { VeoError } from '../../../nodes/Veo/errors/VeoError';
import { notSubmitted } from '../../../nodes/Veo/errors/messages';
import { OUTCOMES } from '../../../nodes/Veo/errors/outcome';
import { Backoff } from '../../../nodes/Veo/api/backoff';
import type { GenerateRequest } from '../../../nodes/Veo/api/parameters';
import { expectedOf } from '../../expectedPolicy';
import type { ApiRequest } from '../../../nodes/Veo/api/transport';
import { StoppedError } from '../../../nodes/Veo/errors/VeoError';
import { jobTable } from '../../../nodes/Veo/jobTable/jobTable';
import { Submissions } from '../../../nodes/Veo/jobs/submissions';
import { VideoLimit } from '../../../nodes/Veo/jobs/videoLimit';
import { submitOnce } from '../../../nodes/Veo/jobs/submit';
import { JobTracker } from '../../../nodes/Veo/jobTable/tracker';
import {
	accepted,
	type Answerer,
	asN8nStoresIt,
	FakeClock,
	hanging,
	json,
	ok,
	REPLIES,
	type Reply,
	scripted,
	thrownBy,
	tooMany,
	transportOf,
} from '../fakes';

const request: GenerateRequest = {
	generationType: 'text_to_video',
	prompt: 'A fox in the snow',
	aspectRatio: 'auto',
};

interface Try {
	itemIndex?: number;
	requestHash?: string;
	runIndex?: number;
	prepare?: () => Promise<GenerateRequest>;
	tracker?: JobTracker;
	stop?: AbortSignal;
	/** What ends a pause or a retry: the user's Stop, or the failure of another item. */
	end?: AbortSignal;
}

/** One execution, in which n8n may run the node several times: its store outlives each try. */
function execution(...replies: Array<Reply | Answerer>) {
	const clock = new FakeClock();
	const server = scripted(...replies);
	let store = {};

	const begin = async ({ runIndex = 0, tracker, stop, end = stop, ...item }: Try = {}) => {
		store = asN8nStoresIt(store);
		return await submitOnce(
			{
				itemIndex: 0,
				requestHash: 'h',
				prepare: async () => await Promise.resolve(request),
				...item,
			},
			{
				client: new VeoClient(server.send),
				submissions: new Submissions(store, runIndex),
				videoLimit: new VideoLimit(store, '1', 0),
				tracker,
				retry: { backoff: new Backoff(), maxRetries: 2, signal: end },
				stop,
			},
		);
	};
	return {
		clock,
		sent: server.sent,
		begin,
		submit: async (one?: Try) => await clock.run(begin(one)),
		refused: async (one?: Try) => {
			const thrown = await thrownBy(clock.run(begin(one)));
			if (!(thrown instanceof VeoError)) throw thrown;
			return thrown;
		},
		jobs: (runIndex = 0) => new Submissions(store, runIndex).accepted(),
	};
}

describe('submitting an item', () => {
	it('sends the prepared request and gives the job', async () => {
		const { submit, sent, jobs } = execution(accepted('v-1'));
		expect(await submit()).toEqual({ uuid: 'v-1', status: 'pending' });
		expect(sent).toEqual([
			{ atMs: 0, request: { method: 'POST', path: '/generate-video', json: request } },
		]);
		expect(jobs()).toEqual([{ itemIndex: 0, uuid: 'v-1' }]);
	});

	it('is repeated where it was surely not accepted', async () => {
		const { submit, sent, clock } = execution(REPLIES.refused, tooMany('3'), accepted('v-1'));
		expect(await submit()).toMatchObject({ uuid: 'v-1' });
		expect(sent).toHaveLength(3);
		expect(clock.sleeps).toEqual([500, 3_000]);
	});

	it('is remembered before it is sent', async () => {
		let states: unknown;
		const store = {};
		const submissions = new Submissions(store, 0);
		const { send } = transportOf(() => {
			states = submissions.find(0, 'h')?.state;
			return accepted('v-1');
		});
		await submitOnce(
			{ itemIndex: 0, requestHash: 'h', prepare: async () => await Promise.resolve(request) },
			{
				client: new VeoClient(send),
				submissions,
				videoLimit: new VideoLimit({}, '1', 0),
				retry: { backoff: new Backoff(), maxRetries: 0 },
			},
		);
		expect(states).toBe('submitting');
	});
});

describe('another try of the same execution', () => {
	it('takes an accepted job up again, and neither prepares nor sends anything', async () => {
		const { submit, sent } = execution(accepted('v-1'));
		const first = await submit();
		const prepare = async () => await Promise.reject<GenerateRequest>(new Error('not again'));
		expect(await submit({ prepare })).toEqual(first);
		expect(await submit({ prepare })).toEqual(first);
		expect(sent).toHaveLength(1);
	});

	const unclear = OUTCOMES.filter((name) => expectedOf(name).submit === 'unclear');

	it.each(unclear)('never sends again what ended unclear: %s', async (name) => {
		const { refused, sent } = execution(REPLIES[name], accepted('v-2'));
		const first = await refused();
		const second = await refused();
		const third = await refused();
		expect(first.details.isUnclear).toBe(true);
		expect(second.details.isUnclear).toBe(true);
		expect([second.message, third.message]).toEqual([first.message, first.message]);
		expect(sent).toHaveLength(1);
	});

	const clear = OUTCOMES.filter((name) => expectedOf(name).submit !== 'unclear');

	it.each(clear)('submits anew what was surely not accepted: %s', async (name) => {
		const replies = expectedOf(name).submit === 'again' ? 3 : 1;
		const { refused, submit, sent } = execution(
			...Array.from({ length: replies }, () => REPLIES[name]),
			accepted('v-1'),
		);
		expect((await refused()).details.isUnclear).toBeUndefined();
		expect(await submit()).toMatchObject({ uuid: 'v-1' });
		expect(sent).toHaveLength(replies + 1);
	});

	it('does not send again what was interrupted on its way', async () => {
		const { begin, clock, refused, sent } = execution(hanging, accepted('v-2'));
		const stop = new AbortController();
		const stopped = thrownBy(begin({ stop: stop.signal }));
		await clock.advance(100);
		stop.abort();
		expect(await stopped).toBeInstanceOf(StoppedError);

		for (let i = 0; i < 2; i++) {
			const { fullText, details } = await refused();
			expect(fullText).toMatch(/unclear.*interrupted.*accepted and billed/);
			expect(details.isUnclear).toBe(true);
		}
		expect(sent).toHaveLength(1);
	});

	it('does not send again where the first try fell over in a way that nobody foresaw', async () => {
		const { begin, refused, sent } = execution(() => {
			throw new RangeError('a slip of the transport');
		}, accepted('v-2'));
		expect(await thrownBy(begin())).toBeInstanceOf(RangeError);
		expect((await refused()).details.isUnclear).toBe(true);
		expect(sent).toHaveLength(1);
	});

	it('submits where the first was stopped between two attempts', async () => {
		const { begin, clock, submit, sent } = execution(tooMany('60'), accepted('v-1'));
		const stop = new AbortController();
		const stopped = thrownBy(begin({ stop: stop.signal }));
		await clock.advance(1_000);
		stop.abort();
		expect(await stopped).toBeInstanceOf(StoppedError);
		expect(await submit()).toMatchObject({ uuid: 'v-1' });
		expect(sent).toHaveLength(2);
	});

	it('submits where the first was stopped, or could not be prepared, before anything was sent', async () => {
		const { begin, submit, sent } = execution(accepted('v-1'));
		expect(await thrownBy(begin({ stop: AbortSignal.abort() }))).toBeInstanceOf(StoppedError);
		const noImage = new Error('no image');
		const prepare = async () => await Promise.reject<GenerateRequest>(noImage);
		expect(await thrownBy(begin({ prepare }))).toBe(noImage);
		expect(sent).toHaveLength(0);
		expect(await submit()).toMatchObject({ uuid: 'v-1' });
	});

	it('submits anew where the request changed', async () => {
		const { submit, refused, sent } = execution(
			accepted('v-1'),
			accepted('v-2'),
			REPLIES.reset,
			accepted('v-4'),
		);
		expect(await submit({ requestHash: 'a fox' })).toMatchObject({ uuid: 'v-1' });
		expect(await submit({ requestHash: 'a cat' })).toMatchObject({ uuid: 'v-2' });
		await refused({ requestHash: 'a dog' });
		expect(await submit({ requestHash: 'an owl' })).toMatchObject({ uuid: 'v-4' });
		expect(sent).toHaveLength(4);
	});

	it('keeps items apart', async () => {
		const { submit, sent, jobs } = execution(accepted('v-1'), accepted('v-2'));
		await submit({ itemIndex: 0 });
		await submit({ itemIndex: 1 });
		expect(await submit({ itemIndex: 0 })).toMatchObject({ uuid: 'v-1' });
		expect(await submit({ itemIndex: 1 })).toMatchObject({ uuid: 'v-2' });
		expect(sent).toHaveLength(2);
		expect(jobs()).toHaveLength(2);
	});

	it('keeps the turns of a loop apart', async () => {
		const { submit, sent } = execution(accepted('v-1'), accepted('v-2'), accepted('v-3'));
		for (const [runIndex, uuid] of ['v-1', 'v-2', 'v-3'].entries()) {
			expect(await submit({ runIndex })).toMatchObject({ uuid });
		}
		expect(await submit({ runIndex: 1 })).toMatchObject({ uuid: 'v-2' });
		expect(sent).toHaveLength(3);
	});
});

describe('the job table', () => {
	/** As much of n8n's Data Tables as the job table needs, with one row at most. */
	function n8n() {
		const answers = { down: false };
		let row: Record<string, unknown> | undefined;
		const writes: unknown[] = [];
		const rowOf = ({ json: body }: ApiRequest) =>
			asN8nStoresIt(asN8nStoresIt(body ?? {}).data ?? {});
		const { send } = transportOf((asked) => {
			const { method, path } = asked;
			if (answers.down && method !== 'GET') return REPLIES.http5xx;
			if (path.endsWith('/upsert')) row = { id: 1, ...rowOf(asked) };
			if (path.endsWith('/update') && row) row = { ...row, ...rowOf(asked) };
			if (method !== 'GET') writes.push(row);
			if (path.includes('/rows')) return json(200, { data: row ? [row] : [] });
			return json(200, { data: [{ id: 't-1', name: 'veo_jobs' }] });
		});
		const open = async () => {
			const tracker = new JobTracker(
				jobTable(send, 'veo_jobs'),
				{ executionId: '7', workflowId: 'w', nodeId: 'n', runIndex: 0 },
				{ backoff: new Backoff(), maxRetries: 0 },
				false,
			);
			await tracker.open();
			return tracker;
		};
		return { answers, open, row: () => row, writes };
	}

	it('has a row before the paid request is sent, and its ID right after', async () => {
		const table = n8n();
		let before: unknown;
		const { submit } = execution(() => {
			before = table.row();
			return accepted('v-1');
		});
		await submit({ tracker: await table.open() });
		expect(before).toMatchObject({
			status: 'submitting',
			prompt: request.prompt,
			requestHash: 'h',
		});
		expect(before).not.toHaveProperty('uuid');
		expect(table.row()).toMatchObject({ status: 'pending', uuid: 'v-1' });
	});

	it('that cannot be written beforehand means that nothing is paid', async () => {
		const table = n8n();
		const tracker = await table.open();
		table.answers.down = true;
		const { refused, submit, sent } = execution(accepted('v-1'));
		expect((await refused({ tracker })).fullText).toContain("'veo_jobs'");
		expect(sent).toEqual([]);

		table.answers.down = false;
		expect(await submit({ tracker: await table.open() })).toMatchObject({ uuid: 'v-1' });
	});

	it('that cannot be written afterwards leaves the job its ID and a hint', async () => {
		const table = n8n();
		const { submit } = execution(() => {
			table.answers.down = true;
			return accepted('v-1');
		});
		const job = await submit({ tracker: await table.open() });
		expect(job.uuid).toBe('v-1');
		expect(job.jobTableHint).toMatch(/v-1.*Get Status/);
	});

	it('gives the job back to an execution that n8n runs again from nothing', async () => {
		const table = n8n();
		await execution(accepted('v-1')).submit({ tracker: await table.open() });
		const again = execution();
		const createdAt: unknown = table.row()?.submittedAt;
		expect(createdAt).toEqual(expect.any(String));
		const job = await again.submit({ tracker: await table.open() });
		expect(job).toMatchObject({ uuid: 'v-1', createdAt });
		expect(again.sent).toEqual([]);
	});

	it('keeps an execution that was cut off from paying again', async () => {
		const table = n8n();
		const cutOff = execution(() => {
			throw new RangeError('the process is gone');
		});
		expect(await thrownBy(cutOff.begin({ tracker: await table.open() }))).toBeInstanceOf(
			RangeError,
		);
		const again = execution(accepted('v-2'));
		expect((await again.refused({ tracker: await table.open() })).details.isUnclear).toBe(true);
		expect(again.sent).toEqual([]);
	});

	it('lets an execution submit what was surely not accepted', async () => {
		const table = n8n();
		await execution(REPLIES.code1001).refused({ tracker: await table.open() });
		expect(table.row()).toMatchObject({ status: 'failed' });
		const again = execution(ok({ uuid: 'v-1' }));
		expect(await again.submit({ tracker: await table.open() })).toMatchObject({ uuid: 'v-1' });
		expect(table.row()).toMatchObject({ uuid: 'v-1', errorMessage: null });
	});

	it('keeps an execution from paying again for what ended unclear', async () => {
		const table = n8n();
		await execution(REPLIES.reset).refused({ tracker: await table.open() });
		expect(table.row()).toMatchObject({ status: 'submitting' });
		const again = execution(accepted('v-2'));
		expect((await again.refused({ tracker: await table.open() })).details.isUnclear).toBe(true);
		expect(again.sent).toEqual([]);
	});

	it('lets an execution submit what was never sent, for the run ended before', async () => {
		const table = n8n();
		const end = new AbortController();
		const prepare = async () => {
			end.abort();
			return await Promise.resolve(request);
		};
		const first = execution(accepted('v-1'));
		const ended = first.submit({ tracker: await table.open(), end: end.signal, prepare });
		expect(await thrownBy(ended)).toBeInstanceOf(StoppedError);
		expect(first.sent).toEqual([]);
		expect(table.row()).toMatchObject({ status: 'failed', errorMessage: notSubmitted() });
		expect(await first.submit({ tracker: await table.open() })).toMatchObject({ uuid: 'v-1' });
	});

	it('lets an execution submit what was refused, where the run ended before it was sent again', async () => {
		const table = n8n();
		const end = new AbortController();
		const { submit } = execution(() => {
			end.abort();
			return tooMany('3');
		}, accepted('v-1'));
		const ended = submit({ tracker: await table.open(), end: end.signal });
		expect(await thrownBy(ended)).toBeInstanceOf(StoppedError);
		expect(await submit({ tracker: await table.open() })).toMatchObject({ uuid: 'v-1' });
	});

	// A row without its ID is a video that no trigger ever hears of.
	it('gets the ID of a job that is accepted while another item ends the run', async () => {
		const table = n8n();
		const end = new AbortController();
		const { begin } = execution(() => {
			end.abort();
			return accepted('v-1');
		});
		await begin({ tracker: await table.open(), end: end.signal }).catch(() => undefined);
		expect(table.row()).toMatchObject({ uuid: 'v-1' });
	});
});
