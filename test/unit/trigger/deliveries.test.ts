import fc from 'fast-check';
import { batchKey, Deliveries, type Delivery } from '../../../nodes/Veo/trigger/deliveries';

const START_MS = Date.parse('2026-01-01T00:00:00Z');
const MINUTE_MS = 60_000;

const job = (id: number, finishedMs: number): Delivery => ({
	uuid: `video-${id}`,
	event: 'completed',
	finishedMs,
});

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
					deliveries.add(
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
		deliveries.add([job(1, START_MS)], START_MS);
		expect(deliveries.has(job(1, START_MS + 1_000))).toBe(true);
		expect(deliveries.has({ ...job(1, START_MS), event: 'failed' })).toBe(false);
		expect(deliveries.has(job(2, START_MS))).toBe(false);
	});

	it.each(['', '..', 'a b', 'a/../b', '\ud800', 'x'.repeat(201)])(
		'is not read where the ID of a stored video cannot be one: %j',
		(uuid) => {
			const stored = (id: string) =>
				JSON.stringify({
					sinceMs: START_MS,
					delivered: [],
					begun: [{ key: 'k', jobs: [{ ...job(1, START_MS), uuid: id }] }],
				});
			expect(Deliveries.parse(stored('video-1'))).toBeDefined();
			expect(Deliveries.parse(stored(uuid))).toBeUndefined();
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
			deliveries.add(jobs, START_MS + MINUTE_MS);
		}
		expect(deliveries.size).toBeLessThanOrEqual(4_000);
		for (let id = 0; id < 6_000; id++) expect(deliveries.has(job(id, START_MS + id))).toBe(true);
		expect(deliveries.has(job(6_000, START_MS + 6_000))).toBe(false);
	});

	it('forgets no job that is known and not given yet, however many finish after it', () => {
		const deliveries = Deliveries.none(START_MS);
		const jobs = Array.from({ length: 3_000 }, (_, id) => job(id, START_MS + 1 + id));
		deliveries.add(jobs, START_MS + 60 * MINUTE_MS, START_MS);
		expect(deliveries.has(job(9_999, START_MS))).toBe(false);
	});

	it('still knows a job that another process finished a little later, when both times are long ago', () => {
		const deliveries = Deliveries.none(START_MS);
		deliveries.add([job(1, START_MS + 1_000)], START_MS);
		for (let second = 0; second < 20; second++) {
			const nowMs = START_MS + 10 * MINUTE_MS + second * 1_000;
			deliveries.add([job(100 + second, nowMs)], nowMs);
			expect(deliveries.has(job(1, START_MS + 8_000))).toBe(true);
		}
	});

	it('is not led astray by a row with a time in the future', () => {
		const nowMs = START_MS + MINUTE_MS;
		const deliveries = Deliveries.none(START_MS);
		deliveries.add([job(1, nowMs + 1_000 * MINUTE_MS)], nowMs);
		expect(deliveries.has(job(1, nowMs + 1_000 * MINUTE_MS))).toBe(true);
		expect(deliveries.has(job(2, nowMs))).toBe(false);
	});

	it('gives a job again that n8n did not take after all', () => {
		const deliveries = Deliveries.none(START_MS);
		deliveries.add([job(1, START_MS)], START_MS);
		deliveries.remove([job(1, START_MS)]);
		expect(deliveries.has(job(1, START_MS))).toBe(false);
	});

	it('is read again as it was written, and anything else is nothing', () => {
		const deliveries = Deliveries.none(START_MS);
		deliveries.add([job(1, START_MS)], START_MS);
		deliveries.begun.push({ key: 'key', jobs: [job(2, START_MS)], afterId: 7 });
		const text = deliveries.toString();
		expect(Deliveries.parse(text)?.toString()).toBe(text);
		const spoiltBegun = '{"sinceMs":1,"delivered":[],"begun":{"rows":1}}';
		const spoiltBatch = '{"sinceMs":1,"delivered":[],"begun":[{"key":1}]}';
		const noNumber = '{"sinceMs":1,"delivered":[1],"begun":[]}';
		for (const spoilt of [null, '', '{', '[]', noNumber, spoiltBegun, spoiltBatch]) {
			expect(Deliveries.parse(spoilt)).toBeUndefined();
		}
	});

	it('has one key for the same jobs of a trigger, and others for other jobs and triggers', () => {
		const jobs = [job(1, START_MS), job(2, START_MS)];
		expect(batchKey('w/n', jobs)).toBe(batchKey('w/n', [...jobs]));
		expect(batchKey('w/n', jobs)).not.toBe(batchKey('w/other', jobs));
		expect(batchKey('w/n', jobs)).not.toBe(batchKey('w/n', jobs.slice(1)));
	});
});
