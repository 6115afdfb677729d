/** Idempotency keys: of several items with one key, only one sends the paid request. */
import { Backoff } from '../../../nodes/Veo/api/backoff';
import type { JsonObject } from '../../../nodes/Veo/api/json';
import { keyTakenByOther, sentAgain } from '../../../nodes/Veo/errors/messages';
import { StoppedError, VeoError } from '../../../nodes/Veo/errors/VeoError';
import { jobTable } from '../../../nodes/Veo/jobTable/jobTable';
import { type ClaimRules, JobTracker } from '../../../nodes/Veo/jobTable/tracker';
import { FakeN8n, JOBS } from '../fakeN8n';
import { FakeClock, json, rejectionOf, transportOf } from '../fakes';

const NOW = Date.parse('2026-01-01T00:00:00.000Z');
const TIMEOUT_MS = 60_000;
/** A request that was sent longer ago than this has ended. */
const LIMIT_MS = TIMEOUT_MS + 30_000;
const ITEM = { itemIndex: 0, requestHash: 'hash', idempotencyKey: 'order 7' };
const OWN = 'e/n/0/0/hash';
const REQUEST = {
	generationType: 'text_to_video',
	prompt: 'A fox',
	aspectRatio: 'auto',
} as const;

/** A row of another execution that submits a video for the key. */
const OTHER = {
	idempotencyKey: 'order 7',
	jobKey: 'other',
	requestHash: 'hash',
	status: 'submitting',
	submittedAt: new Date(NOW).toISOString(),
};

/** A job table with this row. `beforeWrite` is what another process does to the rows first. */
async function open(row?: JsonObject, beforeWrite: () => void = () => undefined) {
	const clock = new FakeClock(NOW);
	const n8n = new FakeN8n();
	if (row) n8n.insert(JOBS, row);
	const run = { executionId: 'e', workflowId: 'w', nodeId: 'n', runIndex: 0 };
	const retry = { backoff: new Backoff(), maxRetries: 0 };
	const tracker = new JobTracker(jobTable(n8n.send, { name: JOBS }), run, retry, TIMEOUT_MS);
	await tracker.open();
	n8n.sent.splice(0);
	n8n.before = (line) => {
		if (!line.startsWith('GET')) beforeWrite();
	};
	const writes = () =>
		n8n.sent.filter(({ line }) => !line.startsWith('GET')).map(({ json: body }) => body);
	const claim = async (rules: Partial<ClaimRules> = {}) =>
		await clock.run(tracker.claim(ITEM, REQUEST, { isSentAgain: false, ...rules }));
	return { clock, tracker, claim, n8n, writes };
}

describe('A key', () => {
	it('that is new is claimed by a row of its own', async () => {
		const { claim, clock, n8n } = await open();
		expect(await claim()).toBe('claimed');
		expect(n8n.rows()).toMatchObject([
			{ idempotencyKey: 'order 7', jobKey: OWN, requestHash: 'hash', status: 'submitting' },
		]);
		expect(clock.sleeps).toEqual([]);
	});

	it.each(['completed', 'failed', 'pending'])('that has a %s video gives it', async (status) => {
		const { claim, writes } = await open({ ...OTHER, uuid: 'v-1', status });
		expect(await claim()).toMatchObject({ id: 1, uuid: 'v-1', status });
		expect(writes()).toEqual([]);
	});

	it('stands for one request', async () => {
		const { claim, tracker } = await open({ ...OTHER, uuid: 'v-1', requestHash: 'another' });
		for (const work of [claim, async () => await tracker.findByKey(ITEM)]) {
			const thrown = await rejectionOf(work());
			expect(thrown).toBeInstanceOf(VeoError);
			expect((thrown as VeoError).message).toMatch(/order 7.*v-1/);
		}
	});

	it('is not looked up for an item without one', async () => {
		const { tracker } = await open({ ...OTHER, idempotencyKey: null });
		const { itemIndex, requestHash } = ITEM;
		expect(await tracker.findByKey({ itemIndex, requestHash })).toBeUndefined();
	});

	it('that another item claimed first leaves this row without a job', async () => {
		const { claim, clock, n8n } = await open(undefined, () => {
			if (n8n.rows().length === 0) n8n.insert(JOBS, OTHER);
		});
		const claiming = claim();
		setTimeout(() => Object.assign(n8n.rows()[0] ?? {}, { uuid: 'v-1', status: 'pending' }), 2_500);
		expect(await claiming).toMatchObject({ id: 1, uuid: 'v-1' });
		expect(clock.sleeps.filter((ms) => ms === 1_000)).toHaveLength(3);
		expect(n8n.rows()[1]).toMatchObject({
			jobKey: OWN,
			idempotencyKey: null,
			status: 'failed',
			errorMessage: keyTakenByOther(),
			finishedAt: expect.any(String) as string,
		});
	});

	it('whose request was refused is claimed in the same row', async () => {
		const { claim, writes, n8n } = await open({ ...OTHER, status: 'failed', uuid: null });
		expect(await claim()).toBe('claimed');
		expect(n8n.rows()).toMatchObject([{ id: 1, jobKey: OWN, status: 'submitting' }]);
		const filters = { id: 1, status: 'failed', jobKey: 'other', uuid: null };
		expect(writes()).toMatchObject([
			{
				filter: {
					type: 'and',
					filters: Object.entries(filters).map(([columnName, value]) => ({
						columnName,
						condition: 'eq',
						value,
					})),
				},
			},
		]);
	});

	it('of a row that a user inserted is claimed as well', async () => {
		const { claim, n8n } = await open({ idempotencyKey: 'order 7' });
		expect(await claim()).toBe('claimed');
		expect(n8n.rows()).toMatchObject([{ id: 1, jobKey: OWN }]);
	});

	it.each(['uuid', 'status', 'jobKey'])(
		'of a row whose %s a user emptied, which leaves an empty text, is claimed',
		async (name) => {
			const { claim, n8n } = await open({ ...OTHER, status: 'failed', uuid: null, [name]: '' });
			expect(await claim()).toBe('claimed');
			expect(n8n.rows()).toMatchObject([{ id: 1, jobKey: OWN, status: 'submitting' }]);
		},
	);

	it('whose row changes before each claim is tried again once a second, until Stop', async () => {
		let changed = 0;
		const row = { ...OTHER, status: 'failed', uuid: null, jobKey: 'before' };
		const { clock, n8n, tracker, writes } = await open(row, () =>
			Object.assign(n8n.rows()[0] ?? {}, { jobKey: `other ${++changed}` }),
		);
		const stop = new AbortController();
		const rules = { isSentAgain: false, signal: stop.signal };
		const claiming = rejectionOf(tracker.claim(ITEM, REQUEST, rules));
		await clock.advance(3_500);
		expect(writes()).toHaveLength(4);
		stop.abort();
		expect(await clock.run(claiming)).toBeInstanceOf(StoppedError);
	});

	it('whose row another item changes first goes to that item', async () => {
		const { claim, n8n } = await open({ ...OTHER, status: 'failed', uuid: null }, () =>
			Object.assign(n8n.rows()[0] ?? {}, { jobKey: 'third', status: 'pending', uuid: 'v-3' }),
		);
		expect(await claim()).toMatchObject({ jobKey: 'third', uuid: 'v-3' });
	});

	it('whose row another item changes first is waited for while that item submits', async () => {
		const { claim, clock, n8n } = await open({ ...OTHER, status: 'failed', uuid: null }, () => {
			Object.assign(n8n.rows()[0] ?? {}, { jobKey: 'third', status: 'submitting' });
			setTimeout(() => Object.assign(n8n.rows()[0] ?? {}, { status: 'pending', uuid: 'v-3' }), 500);
		});
		expect(await claim()).toMatchObject({ jobKey: 'third', uuid: 'v-3' });
		expect(clock.now()).toBe(NOW + 1_000);
	});

	it('whose row has got a job of this item in the meantime gives that job', async () => {
		const { claim, n8n } = await open({ ...OTHER, status: 'failed', uuid: null }, () =>
			Object.assign(n8n.rows()[0] ?? {}, { jobKey: OWN, status: 'pending', uuid: 'v-3' }),
		);
		expect(await claim()).toMatchObject({ jobKey: OWN, uuid: 'v-3' });
	});

	it('whose row a user deletes in the meantime is new again', async () => {
		const { claim, n8n } = await open({ ...OTHER, status: 'failed', uuid: null }, () => {
			if (n8n.rows()[0]?.jobKey === 'other') n8n.delete(JOBS, 1);
		});
		expect(await claim()).toBe('claimed');
		expect(n8n.rows()).toMatchObject([{ jobKey: OWN, status: 'submitting' }]);
	});

	it('is claimed in the row of an earlier try of this item that lost it', async () => {
		const { claim, n8n } = await open({ jobKey: OWN, idempotencyKey: null, status: 'failed' });
		expect(await claim()).toBe('claimed');
		expect(n8n.rows()).toMatchObject([{ id: 1, idempotencyKey: 'order 7', status: 'submitting' }]);
	});

	it('gives a new video for the failed one that the user replaces, and for no other', async () => {
		const { claim, n8n } = await open({ ...OTHER, status: 'failed', uuid: 'v-1' });
		expect(await claim({ replaces: 'v-0' })).toMatchObject({ uuid: 'v-1' });
		expect(await claim({ replaces: 'v-1' })).toBe('claimed');
		expect(n8n.rows()).toMatchObject([{ id: 1, uuid: null, jobKey: OWN, status: 'submitting' }]);
	});

	it('gives a new video where the replaced one is no longer in the row', async () => {
		const { claim } = await open({ ...OTHER, status: 'failed', uuid: null });
		expect(await claim({ replaces: 'v-1' })).toBe('claimed');
	});
});

describe('A key that is being submitted', () => {
	const sentAgo = (ms: number) => ({ submittedAt: new Date(NOW - ms).toISOString() });

	it('is waited for until its request has surely ended', async () => {
		const { claim, clock } = await open({ ...OTHER, ...sentAgo(LIMIT_MS - 2_000) });
		expect(await claim()).toBe('unclear');
		expect(clock.sleeps).toEqual([1_000, 1_000, 1_000]);
	});

	it.each([
		['longer ago than a request may take', sentAgo(LIMIT_MS + 1)],
		['at a time that cannot be read', { submittedAt: 'yesterday' }],
		['by an earlier try of this item', { jobKey: OWN }],
		['with an unclear answer', { errorMessage: 'The connection broke' }],
	])('%s is unclear at once', async (_, row) => {
		const { claim, clock, writes } = await open({ ...OTHER, ...row });
		expect(await claim()).toBe('unclear');
		expect([clock.sleeps, writes()]).toEqual([[], []]);
	});

	it('once more is waited for as well', async () => {
		const again = { errorMessage: sentAgain(), ...sentAgo(LIMIT_MS) };
		const { claim, clock } = await open({ ...OTHER, ...again });
		expect(await claim()).toBe('unclear');
		expect(clock.sleeps).toEqual([1_000]);
	});

	it('and unclear is sent again only where the user chose so', async () => {
		const { claim, tracker, n8n } = await open({ ...OTHER, ...sentAgo(LIMIT_MS + 1) });
		expect(tracker.wasSentAgain({ id: 1, errorMessage: 'The connection broke' })).toBe(false);
		expect(tracker.wasSentAgain(undefined)).toBe(false);
		expect(await claim({ isSentAgain: true })).toBe('claimed');
		expect(n8n.rows()[0]).toMatchObject({ jobKey: OWN, errorMessage: sentAgain() });
		expect(tracker.wasSentAgain({ id: 1, errorMessage: `${sentAgain()}, and more` })).toBe(true);
	});

	it('is not waited for after Stop', async () => {
		const stop = new AbortController();
		const { claim, clock, writes } = await open(OTHER);
		const claiming = claim({ signal: stop.signal });
		setTimeout(() => stop.abort(), 1_500);
		expect(await rejectionOf(claiming)).toBeInstanceOf(StoppedError);
		expect(clock.now()).toBe(NOW + 1_500);
		expect(writes()).toEqual([]);
	});
});

describe('Jobs of the same request', () => {
	it('are the newest that did not fail', async () => {
		const { send, sent } = transportOf(({ path }) =>
			path.includes('/rows')
				? json(200, { data: [{ id: 9, uuid: 'v-9', progress: 'odd' }] })
				: json(200, { data: [{ id: 't-1', name: 'jobs' }] }),
		);
		const run = { executionId: 'e', workflowId: 'w', nodeId: 'n', runIndex: 0 };
		const retry = { backoff: new Backoff(), maxRetries: 0 };
		const tracker = new JobTracker(jobTable(send, { name: 'jobs' }), run, retry, TIMEOUT_MS);
		await tracker.open();
		expect(await tracker.identical('hash', 3)).toEqual([{ id: 9, uuid: 'v-9' }]);
		const query = new URLSearchParams(sent.at(-1)?.request.path.split('?')[1]);
		expect([query.get('sortBy'), query.get('limit')]).toEqual(['id:desc', '3']);
		expect(JSON.parse(query.get('filter') ?? '')).toEqual({
			type: 'and',
			filters: [
				{ columnName: 'requestHash', condition: 'eq', value: 'hash' },
				{ columnName: 'status', condition: 'neq', value: 'failed' },
				{ columnName: 'uuid', condition: 'neq', value: null },
				{ columnName: 'uuid', condition: 'neq', value: '' },
			],
		});
	});
});
