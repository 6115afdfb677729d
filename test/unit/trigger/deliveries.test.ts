import fc from 'fast-check';
import {
	batchKey,
	Deliveries,
	type Delivery,
	eventOf,
} from '../../../nodes/Veo/trigger/deliveries';
import { MINUTE_MS, START_MS } from './fakes';

const job = (id: number, finishedMs: number): Delivery => ({
	uuid: `video-${id}`,
	event: 'completed',
	finishedMs,
});

/** Adds jobs when all that finished until `untilMs` was read and delivered. */
function add(deliveries: Deliveries, jobs: Delivery[], untilMs: number) {
	deliveries.add(jobs);
	deliveries.trim(untilMs);
}

describe('What a trigger remembers of its deliveries', () => {
	it('lets out what finished before it was ever active', () => {
		const deliveries = Deliveries.none(START_MS);
		expect(deliveries.has(job(1, START_MS - 1))).toBe(true);
		expect(deliveries.has(job(2, START_MS))).toBe(false);
	});

	it('gives every job once, however late its row turns up within ten minutes', () => {
		const late = fc.record({
			// When it finished, and how much later its row was there to be seen.
			atMs: fc.integer({ min: 0, max: 120 * MINUTE_MS }),
			lateMs: fc.integer({ min: 0, max: 10 * MINUTE_MS - 1 }),
		});
		fc.assert(
			fc.property(fc.array(late, { maxLength: 60 }), (jobs) => {
				const rows = jobs.map(({ atMs, lateMs }, id) => ({
					job: job(id, START_MS + atMs),
					seenMs: START_MS + atMs + lateMs,
				}));
				const given: string[] = [];
				const deliveries = Deliveries.none(START_MS);
				for (let nowMs = START_MS; nowMs <= START_MS + 131 * MINUTE_MS; nowMs += MINUTE_MS) {
					const due = rows.filter((row) => row.seenMs <= nowMs && !deliveries.has(row.job));
					given.push(...due.map((row) => row.job.uuid));
					add(
						deliveries,
						due.map((row) => row.job),
						nowMs,
					);
				}
				expect(given.sort()).toEqual(rows.map((row) => row.job.uuid).sort());
			}),
		);
	});

	it('tells jobs apart by their uuid and event, not by their row', () => {
		const deliveries = Deliveries.none(START_MS);
		add(deliveries, [job(1, START_MS)], START_MS);
		expect(deliveries.has(job(1, START_MS + 1_000))).toBe(true);
		expect(deliveries.has({ ...job(1, START_MS), event: 'failed' })).toBe(false);
		expect(deliveries.has(job(2, START_MS))).toBe(false);
	});

	it.each(['', '..', 'a b', 'a/../b', '\ud800', 'x'.repeat(201)])(
		'is read where the ID of a stored video cannot be one: %j',
		(uuid) => {
			const stored = (id: string) =>
				JSON.stringify({
					sinceMs: START_MS,
					delivered: [],
					begun: [{ key: 'k', jobs: [{ ...job(1, START_MS), uuid: id }] }],
				});
			expect(Deliveries.parse(stored(uuid))?.begun[0]?.jobs[0]?.uuid).toBe(uuid);
		},
	);

	it('lets out a row whose time of finish cannot be read', () => {
		expect(Deliveries.none(START_MS).has(job(1, NaN))).toBe(true);
	});

	it('is bounded, and still knows what it gave last', () => {
		const deliveries = Deliveries.none(START_MS);
		for (let batch = 0; batch < 60; batch++) {
			const jobs = Array.from({ length: 100 }, (_, index) => {
				const id = batch * 100 + index;
				return job(id, START_MS + id);
			});
			add(deliveries, jobs, START_MS + MINUTE_MS);
		}
		expect(deliveries.size).toBeLessThanOrEqual(4_000);
		for (let id = 0; id < 6_000; id++) expect(deliveries.has(job(id, START_MS + id))).toBe(true);
		expect(deliveries.has(job(6_000, START_MS + 6_000))).toBe(false);
	});

	it('forgets no job that is known and not given yet, however many finish after it', () => {
		const deliveries = Deliveries.none(START_MS);
		const jobs = Array.from({ length: 3_000 }, (_, id) => job(id, START_MS + 1 + id));
		add(deliveries, jobs, START_MS);
		expect(deliveries.has(job(9_999, START_MS))).toBe(false);
	});

	it('still knows a job that another process finished a little later, when both times are long ago', () => {
		const deliveries = Deliveries.none(START_MS);
		add(deliveries, [job(1, START_MS + 1_000)], START_MS);
		for (let second = 0; second < 20; second++) {
			const nowMs = START_MS + 10 * MINUTE_MS + second * 1_000;
			add(deliveries, [job(100 + second, nowMs)], nowMs);
			expect(deliveries.has(job(1, START_MS + 8_000))).toBe(true);
		}
	});

	it('is not led astray by a row with a time in the future', () => {
		const nowMs = START_MS + MINUTE_MS;
		const deliveries = Deliveries.none(START_MS);
		add(deliveries, [job(1, nowMs + 1_000 * MINUTE_MS)], nowMs);
		expect(deliveries.has(job(1, nowMs + 1_000 * MINUTE_MS))).toBe(true);
		expect(deliveries.has(job(2, nowMs))).toBe(false);
	});

	it('gives a job again that n8n did not take after all', () => {
		const deliveries = Deliveries.none(START_MS);
		add(deliveries, [job(1, START_MS)], START_MS);
		deliveries.remove([job(1, START_MS)]);
		expect(deliveries.has(job(1, START_MS))).toBe(false);
	});

	it('is read again as it was written, and anything else is nothing', () => {
		const deliveries = Deliveries.none(START_MS);
		add(deliveries, [job(1, START_MS)], START_MS);
		deliveries.begun.push({ key: 'key', jobs: [job(2, START_MS)], afterId: 7 });
		const read = Deliveries.parse(deliveries.toString());
		expect(read?.has(job(1, START_MS + 1_000))).toBe(true);
		expect(read?.has(job(3, START_MS))).toBe(false);
		expect(read?.begun).toEqual(deliveries.begun);
		expect(read?.toString()).toBe(deliveries.toString());
		for (const spoilt of [null, undefined, 7, '', '{', '[]', 'null']) {
			expect(Deliveries.parse(spoilt)).toBeUndefined();
		}
	});

	const entry = ['id', 1];
	const batch = { key: 'key', jobs: [job(1, START_MS)] };
	const withJob = (more: object) => ({
		...batch,
		jobs: [...batch.jobs, { ...job(2, 1), ...more }],
	});
	it.each<[string, object]>([
		['it has no time', { sinceMs: undefined }],
		['its deliveries are no list', { delivered: {} }],
		['its batches are no list', { begun: { rows: 1 } }],
		['a delivery is a number', { delivered: [entry, 1] }],
		['a delivery is empty', { delivered: [entry, null] }],
		['a delivery is an object', { delivered: [entry, { 0: 'id', 1: 1 }] }],
		['the ID of a delivery is a number', { delivered: [entry, [1, 1]] }],
		['the time of a delivery is a text', { delivered: [entry, ['id', '1']] }],
		['a batch is empty', { begun: [batch, null] }],
		['the key of a batch is a number', { begun: [batch, { ...batch, key: 1 }] }],
		['the jobs of a batch are no list', { begun: [batch, { ...batch, jobs: {} }] }],
		['a job of a batch is empty', { begun: [{ ...batch, jobs: [...batch.jobs, null] }] }],
		['a job of a batch has no uuid', { begun: [withJob({ uuid: null })] }],
		['the time of a job is a text', { begun: [withJob({ finishedMs: '1' })] }],
	])('is nothing if %s, as users can edit it', (_, more) => {
		const valid = { sinceMs: 1, delivered: [entry], begun: [batch, withJob({})] };
		expect(Deliveries.parse(JSON.stringify(valid))).toBeDefined();
		expect(Deliveries.parse(JSON.stringify({ ...valid, ...more }))).toBeUndefined();
	});

	it('takes eleven characters for each delivery, beside its time', () => {
		const deliveries = Deliveries.none(START_MS);
		add(deliveries, [job(1, START_MS)], START_MS);
		expect(deliveries.toString()).toMatch(
			new RegExp(`"delivered":\\[\\["[\\w-]{11}",${START_MS}\\]\\]`),
		);
	});

	it('says what finished before all that it lists', () => {
		const deliveries = Deliveries.none(START_MS);
		expect(deliveries.isBefore(START_MS - 1)).toBe(true);
		expect(deliveries.isBefore(START_MS)).toBe(false);
	});

	it('forgets by the time of the last job it gave, in whatever order they were given', () => {
		const last = START_MS + 60 * MINUTE_MS;
		const deliveries = Deliveries.none(START_MS);
		add(
			deliveries,
			[job(1, last - 1), job(2, last), job(3, last - MINUTE_MS)],
			last + 60 * MINUTE_MS,
		);
		expect(deliveries.isBefore(last - 10 * MINUTE_MS - 1)).toBe(true);
		expect(deliveries.isBefore(last - 10 * MINUTE_MS)).toBe(false);
	});

	it('forgets nothing by jobs with a time in the future, however many', () => {
		const nowMs = START_MS + 60 * MINUTE_MS;
		const deliveries = Deliveries.none(START_MS);
		const jobs = Array.from({ length: 2_100 }, (_, id) => job(id, nowMs + 1_000 * MINUTE_MS));
		add(deliveries, jobs, nowMs);
		expect(deliveries.isBefore(START_MS)).toBe(false);
		add(deliveries, [job(9_999, nowMs)], nowMs);
		expect(deliveries.isBefore(nowMs - 10 * MINUTE_MS - 1)).toBe(true);
		expect(deliveries.isBefore(nowMs - 10 * MINUTE_MS)).toBe(false);
		for (const one of jobs) expect(deliveries.has(one)).toBe(true);
	});

	it('lists the last 2,000 at least, of however short a time', () => {
		const deliveries = Deliveries.none(START_MS);
		const jobs = Array.from({ length: 2_500 }, (_, id) => job(id, START_MS + id));
		add(deliveries, jobs, START_MS + MINUTE_MS);
		expect(deliveries.isBefore(START_MS + 499)).toBe(true);
		expect(deliveries.isBefore(START_MS + 500)).toBe(false);
	});

	it('lists the latest 4,000, however long ago they finished', () => {
		const deliveries = Deliveries.none(START_MS);
		const jobs = Array.from({ length: 4_001 }, (_, id) => job(id, START_MS + id * MINUTE_MS));
		const nowMs = START_MS + 10_000 * MINUTE_MS;
		add(deliveries, jobs.slice(1), nowMs);
		add(deliveries, jobs.slice(0, 1), nowMs);
		expect(deliveries.size).toBe(4_000);
		expect(deliveries.has(job(0, nowMs))).toBe(false);
		expect(deliveries.has(job(1, nowMs))).toBe(true);
	});

	it('lists all that finished after a job that is not delivered yet, however many', () => {
		const deliveries = Deliveries.none(START_MS);
		const jobs = Array.from({ length: 6_000 }, (_, id) => job(id, START_MS + 1 + id));
		add(deliveries, jobs, START_MS);
		for (const one of jobs) expect(deliveries.has(one)).toBe(true);
		expect(deliveries.size).toBe(6_000);
	});

	it('has one key for the same jobs of a trigger, and others for other jobs and triggers', () => {
		const jobs = [job(1, START_MS), job(2, START_MS)];
		expect(batchKey('w/n', jobs)).toBe(batchKey('w/n', [...jobs]));
		expect(batchKey('w/n', jobs)).not.toBe(batchKey('w/other', jobs));
		expect(batchKey('w/n', jobs)).not.toBe(batchKey('w/n', jobs.slice(1)));
	});

	it('has a key of plain characters, which differs even where the IDs of trigger and job run together', () => {
		const jobs = [job(1, START_MS), job(2, START_MS)];
		const deliveries = Deliveries.none(START_MS);
		add(deliveries, jobs.slice(0, 1), START_MS);
		const [id] = /[\w-]{11}/.exec(deliveries.toString().split('"delivered":')[1] ?? '') ?? [];
		expect(batchKey('w/n', jobs)).toMatch(/^veo-[\w-]{43}$/);
		expect(batchKey('w/n', jobs)).not.toBe(batchKey(`w/n${id}`, jobs.slice(1)));
	});
});

describe('The event of a job', () => {
	it.each([
		['completed', 'completed'],
		['failed', 'failed'],
		['expired', 'failed'],
		[undefined, 'failed'],
	])('with the status %s is %s', (status, event) => {
		expect(eventOf(status)).toBe(event);
	});
});
