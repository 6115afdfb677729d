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
import { submitOnce } from '../../../nodes/Veo/jobs/submit';
import { JobTracker } from '../../../nodes/Veo/jobTable/tracker';
import {
	accepted,
	type Answerer,
	jsonRoundTrip,
	FakeClock,
	hanging,
	json,
	ok,
	REPLIES,
	type Reply,
	scripted,
	rejectionOf,
	submitRules,
	tooMany,
	transportOf,
} from '../fakes';

const request: GenerateRequest = {
	generationType: 'text_to_video',
	prompt: 'A fox in the snow',
	aspectRatio: 'auto',
};

interface Attempt {
	itemIndex?: number;
	requestHash?: string;
	runIndex?: number;
	prepare?: () => Promise<GenerateRequest>;
	maxSlotWaitMs?: number;
	tracker?: JobTracker;
	stop?: AbortSignal;
	/** Ends a pause or a retry: the user's Stop, or the failure of another item. */
	end?: AbortSignal;
}

/** One execution, in which n8n may run the node several times. The store persists between attempts. */
function execution(...replies: Array<Reply | Answerer>) {
	const clock = new FakeClock();
	const server = scripted(...replies);
	let store = {};

	const start = async ({
		runIndex = 0,
		tracker,
		stop,
		end = stop,
		maxSlotWaitMs,
		...item
	}: Attempt = {}) => {
		store = jsonRoundTrip(store);
		return await submitOnce(
			{
				itemIndex: 0,
				requestHash: 'h',
				prepare: async () => await Promise.resolve(request),
				...item,
			},
			submitRules(new VeoClient(server.send), {
				submissions: new Submissions(store, runIndex),
				tracker,
				maxSlotWaitMs,
				signal: end,
				stop,
			}),
		);
	};
	return {
		clock,
		sent: server.sent,
		start,
		submit: async (attempt?: Attempt) => await clock.run(start(attempt)),
		submitAndFail: async (attempt?: Attempt) => {
			const thrown = await rejectionOf(clock.run(start(attempt)));
			if (!(thrown instanceof VeoError)) throw thrown;
			return thrown;
		},
		jobs: (runIndex = 0) => new Submissions(store, runIndex).accepted(),
	};
}

describe('submitting an item', () => {
	it('sends the prepared request and returns the job', async () => {
		const { submit, sent, jobs } = execution(accepted('v-1'));
		expect(await submit()).toEqual({ uuid: 'v-1', status: 'pending' });
		expect(sent).toEqual([
			{ atMs: 0, request: { method: 'POST', path: '/generate-video', json: request } },
		]);
		expect(jobs()).toEqual([{ itemIndex: 0, uuid: 'v-1' }]);
	});

	it('repeats a request that was certainly not accepted', async () => {
		const { submit, sent, clock } = execution(REPLIES.refused, tooMany('3'), accepted('v-1'));
		expect(await submit()).toMatchObject({ uuid: 'v-1' });
		expect(sent).toHaveLength(3);
		expect(clock.sleeps).toEqual([500, 3_000]);
	});

	it('records the submission before it sends the request', async () => {
		let state: unknown;
		const store = {};
		const submissions = new Submissions(store, 0);
		const { send } = transportOf(() => {
			state = submissions.find(0, 'h')?.state;
			return accepted('v-1');
		});
		await submitOnce(
			{ itemIndex: 0, requestHash: 'h', prepare: async () => await Promise.resolve(request) },
			submitRules(new VeoClient(send), { submissions }),
		);
		expect(state).toBe('submitting');
	});
});

describe('another attempt of the same execution', () => {
	it('returns the accepted job without preparing or sending a request', async () => {
		const { submit, sent } = execution(accepted('v-1'));
		const first = await submit();
		const prepare = async () => await Promise.reject<GenerateRequest>(new Error('not again'));
		expect(await submit({ prepare })).toEqual(first);
		expect(await submit({ prepare })).toEqual(first);
		expect(sent).toHaveLength(1);
	});

	const unclear = OUTCOMES.filter((name) => expectedOf(name).submit === 'unclear');

	it.each(unclear)('does not repeat a request with an unclear outcome: %s', async (name) => {
		const { submitAndFail, sent } = execution(REPLIES[name], accepted('v-2'));
		const first = await submitAndFail();
		const second = await submitAndFail();
		const third = await submitAndFail();
		expect(first.details.isUnclear).toBe(true);
		expect(second.details.isUnclear).toBe(true);
		expect([second.message, third.message]).toEqual([first.message, first.message]);
		expect(sent).toHaveLength(1);
	});

	const clear = OUTCOMES.filter((name) => expectedOf(name).submit !== 'unclear');

	it.each(clear)(
		'submits again after a request that was certainly not accepted: %s',
		async (name) => {
			const isThrottled = name === 'http429' || name === 'code1003';
			const replies = expectedOf(name).submit === 'again' && !isThrottled ? 3 : 1;
			const { submitAndFail, submit, sent } = execution(
				...Array.from({ length: replies }, () => REPLIES[name]),
				accepted('v-1'),
			);
			const error = await submitAndFail({ maxSlotWaitMs: 0 });
			expect(error.details.isUnclear).toBeUndefined();
			expect(await submit()).toMatchObject({ uuid: 'v-1' });
			expect(sent).toHaveLength(replies + 1);
		},
	);

	it('does not repeat a request that was interrupted', async () => {
		const { start, clock, submitAndFail, sent } = execution(hanging, accepted('v-2'));
		const stop = new AbortController();
		const stopped = rejectionOf(start({ stop: stop.signal }));
		await clock.advance(100);
		stop.abort();
		expect(await stopped).toBeInstanceOf(StoppedError);

		for (let i = 0; i < 2; i++) {
			const { fullText, details } = await submitAndFail();
			expect(fullText).toMatch(/unclear.*interrupted.*accepted and billed/);
			expect(details.isUnclear).toBe(true);
		}
		expect(sent).toHaveLength(1);
	});

	it('does not repeat a request that ended with an unexpected error', async () => {
		const { start, submitAndFail, sent } = execution(() => {
			throw new RangeError('unexpected');
		}, accepted('v-2'));
		await expect(start()).rejects.toBeInstanceOf(RangeError);
		expect((await submitAndFail()).details.isUnclear).toBe(true);
		expect(sent).toHaveLength(1);
	});

	it('submits if the first attempt was stopped between two requests', async () => {
		const { start, clock, submit, sent } = execution(tooMany('60'), accepted('v-1'));
		const stop = new AbortController();
		const stopped = rejectionOf(start({ stop: stop.signal }));
		await clock.advance(1_000);
		stop.abort();
		expect(await stopped).toBeInstanceOf(StoppedError);
		expect(await submit()).toMatchObject({ uuid: 'v-1' });
		expect(sent).toHaveLength(2);
	});

	it('submits if the first attempt ended before it sent a request', async () => {
		const { start, submit, sent } = execution(accepted('v-1'));
		await expect(start({ stop: AbortSignal.abort() })).rejects.toBeInstanceOf(StoppedError);
		const noImage = new Error('no image');
		const prepare = async () => await Promise.reject<GenerateRequest>(noImage);
		await expect(start({ prepare })).rejects.toBe(noImage);
		expect(sent).toHaveLength(0);
		expect(await submit()).toMatchObject({ uuid: 'v-1' });
	});

	it('submits again if the request changed', async () => {
		const { submit, submitAndFail, sent } = execution(
			accepted('v-1'),
			accepted('v-2'),
			REPLIES.reset,
			accepted('v-4'),
		);
		expect(await submit({ requestHash: 'a fox' })).toMatchObject({ uuid: 'v-1' });
		expect(await submit({ requestHash: 'a cat' })).toMatchObject({ uuid: 'v-2' });
		await submitAndFail({ requestHash: 'a dog' });
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

	it('keeps the iterations of a loop apart', async () => {
		const { submit, sent } = execution(accepted('v-1'), accepted('v-2'), accepted('v-3'));
		for (const [runIndex, uuid] of ['v-1', 'v-2', 'v-3'].entries()) {
			expect(await submit({ runIndex })).toMatchObject({ uuid });
		}
		expect(await submit({ runIndex: 1 })).toMatchObject({ uuid: 'v-2' });
		expect(sent).toHaveLength(3);
	});
});

describe('submitting with a job table', () => {
	/** The part of n8n's Data Tables API that the job table uses, with at most one row. */
	function fakeDataTable() {
		const answers = { down: false };
		let row: Record<string, unknown> | undefined;
		const writes: unknown[] = [];
		const rowOf = ({ json: body }: ApiRequest) =>
			jsonRoundTrip(jsonRoundTrip(body ?? {}).data ?? {});
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
				jobTable(send, { name: 'veo_jobs' }),
				{ executionId: '7', workflowId: 'w', nodeId: 'n', runIndex: 0 },
				{ backoff: new Backoff(), maxRetries: 0 },
				60_000,
			);
			await tracker.open();
			return tracker;
		};
		return { answers, open, row: () => row, writes };
	}

	it('inserts a row before the paid request and adds the ID after it', async () => {
		const table = fakeDataTable();
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
		expect(before).toMatchObject({ uuid: null });
		expect(table.row()).toMatchObject({ status: 'pending', uuid: 'v-1' });
	});

	it('sends no paid request if the row cannot be inserted', async () => {
		const table = fakeDataTable();
		const tracker = await table.open();
		table.answers.down = true;
		const { submitAndFail, submit, sent } = execution(accepted('v-1'));
		expect((await submitAndFail({ tracker })).fullText).toContain("'veo_jobs'");
		expect(sent).toEqual([]);

		table.answers.down = false;
		expect(await submit({ tracker: await table.open() })).toMatchObject({ uuid: 'v-1' });
	});

	it('returns the job with a hint if the row cannot be updated', async () => {
		const table = fakeDataTable();
		const { submit } = execution(() => {
			table.answers.down = true;
			return accepted('v-1');
		});
		const job = await submit({ tracker: await table.open() });
		expect(job.uuid).toBe('v-1');
		expect(job.jobTableHint).toMatch(/v-1.*Get Status/);
	});

	it('returns the recorded job if n8n runs the execution again without its data', async () => {
		const table = fakeDataTable();
		await execution(accepted('v-1')).submit({ tracker: await table.open() });
		const again = execution();
		const createdAt: unknown = table.row()?.submittedAt;
		expect(createdAt).toEqual(expect.any(String));
		const job = await again.submit({ tracker: await table.open() });
		expect(job).toMatchObject({ uuid: 'v-1', createdAt });
		expect(again.sent).toEqual([]);
	});

	it('does not pay again after a crash during the request', async () => {
		const table = fakeDataTable();
		const crashed = execution(() => {
			throw new RangeError('the process has ended');
		});
		await expect(crashed.start({ tracker: await table.open() })).rejects.toBeInstanceOf(RangeError);
		const again = execution(accepted('v-2'));
		expect((await again.submitAndFail({ tracker: await table.open() })).details.isUnclear).toBe(
			true,
		);
		expect(again.sent).toEqual([]);
	});

	it('submits again after a request that was certainly not accepted', async () => {
		const table = fakeDataTable();
		await execution(REPLIES.code1001).submitAndFail({ tracker: await table.open() });
		expect(table.row()).toMatchObject({ status: 'failed' });
		const again = execution(ok({ uuid: 'v-1' }));
		expect(await again.submit({ tracker: await table.open() })).toMatchObject({ uuid: 'v-1' });
		expect(table.row()).toMatchObject({ uuid: 'v-1', errorMessage: null });
	});

	it('does not pay again after an unclear outcome', async () => {
		const table = fakeDataTable();
		await execution(REPLIES.reset).submitAndFail({ tracker: await table.open() });
		expect(table.row()).toMatchObject({ status: 'submitting' });
		const again = execution(accepted('v-2'));
		expect((await again.submitAndFail({ tracker: await table.open() })).details.isUnclear).toBe(
			true,
		);
		expect(again.sent).toEqual([]);
	});

	it('submits if the run ended before the request was sent', async () => {
		const table = fakeDataTable();
		const end = new AbortController();
		const prepare = async () => {
			end.abort();
			return await Promise.resolve(request);
		};
		const first = execution(accepted('v-1'));
		const ended = first.submit({ tracker: await table.open(), end: end.signal, prepare });
		await expect(ended).rejects.toBeInstanceOf(StoppedError);
		expect(first.sent).toEqual([]);
		expect(table.row()).toMatchObject({ status: 'failed', errorMessage: notSubmitted() });
		expect(await first.submit({ tracker: await table.open() })).toMatchObject({ uuid: 'v-1' });
	});

	it('submits if the run ended between a refusal and the next request', async () => {
		const table = fakeDataTable();
		const end = new AbortController();
		const { submit } = execution(() => {
			end.abort();
			return tooMany('3');
		}, accepted('v-1'));
		const ended = submit({ tracker: await table.open(), end: end.signal });
		await expect(ended).rejects.toBeInstanceOf(StoppedError);
		expect(await submit({ tracker: await table.open() })).toMatchObject({ uuid: 'v-1' });
	});

	// The trigger does not find a row without an ID.
	it('records the ID of a job that is accepted while another item ends the run', async () => {
		const table = fakeDataTable();
		const end = new AbortController();
		const { start } = execution(() => {
			end.abort();
			return accepted('v-1');
		});
		await start({ tracker: await table.open(), end: end.signal }).catch(() => undefined);
		expect(table.row()).toMatchObject({ uuid: 'v-1' });
	});
});
