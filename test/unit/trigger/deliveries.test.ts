import fc from 'fast-check';
import {
	type Deliveries,
	isDelivered,
	noDeliveries,
	parseDeliveries,
	toDelivery,
	withDelivered,
} from '../../../nodes/Veo/trigger/deliveries';
import type { JobRow } from '../../../nodes/Veo/jobTable/jobTable';

const START_MS = Date.parse('2026-01-01T00:00:00Z');
const MINUTE_MS = 60_000;

const row = (id: number, finishedMs: number): JobRow => ({
	id,
	uuid: `video-${id}`,
	finishedAt: new Date(finishedMs).toISOString(),
});

describe('What a trigger remembers of its deliveries', () => {
	it('lets out what finished before it was ever active', () => {
		expect(isDelivered(noDeliveries(START_MS), row(1, START_MS - 1))).toBe(true);
		expect(isDelivered(noDeliveries(START_MS), row(2, START_MS))).toBe(false);
	});

	it('gives every job once, however late its row turns up within ten minutes', () => {
		const job = fc.record({
			// When it finished, and how much later its row was there to be seen.
			atMs: fc.integer({ min: 0, max: 120 * MINUTE_MS }),
			lateMs: fc.integer({ min: 0, max: 10 * MINUTE_MS - 1 }),
		});
		fc.assert(
			fc.property(fc.array(job, { maxLength: 60 }), (jobs) => {
				const rows = jobs.map(({ atMs, lateMs }, id) => ({
					row: row(id, START_MS + atMs),
					seenMs: START_MS + atMs + lateMs,
				}));
				const given: number[] = [];
				let deliveries = noDeliveries(START_MS);
				for (let nowMs = START_MS; nowMs <= START_MS + 131 * MINUTE_MS; nowMs += MINUTE_MS) {
					const known = deliveries;
					const due = rows.filter(({ row, seenMs }) => seenMs <= nowMs && !isDelivered(known, row));
					if (due.length === 0) continue;
					given.push(...due.map(({ row }) => row.id));
					deliveries = withDelivered(
						deliveries,
						due.map(({ row }) => toDelivery(row)),
						nowMs,
					);
				}
				expect(given.sort((a, b) => a - b)).toEqual(rows.map(({ row }) => row.id));
			}),
		);
	});

	it('lets out a row whose time of finish cannot be read', () => {
		const before = noDeliveries(START_MS);
		expect(isDelivered(before, { ...row(1, START_MS), finishedAt: 'yesterday' })).toBe(true);
	});

	it('is bounded, and still knows what it gave last', () => {
		let deliveries = noDeliveries(START_MS);
		for (let batch = 0; batch < 60; batch++) {
			const rows = Array.from({ length: 100 }, (_, index) => {
				const id = batch * 100 + index;
				return toDelivery(row(id, START_MS + id));
			});
			deliveries = withDelivered(deliveries, rows, START_MS + MINUTE_MS);
		}
		expect(deliveries.delivered).toHaveLength(2_000);
		const isDone = (one: JobRow) => isDelivered(deliveries, one);
		for (let id = 0; id < 6_000; id++) expect(isDone(row(id, START_MS + id))).toBe(true);
		expect(isDone(row(6_000, START_MS + 6_000))).toBe(false);
	});

	it('is not led astray by a row with a time in the future', () => {
		const nowMs = START_MS + MINUTE_MS;
		const deliveries = withDelivered(
			noDeliveries(START_MS),
			[toDelivery(row(1, nowMs + 1_000 * MINUTE_MS))],
			nowMs,
		);
		expect(isDelivered(deliveries, row(1, nowMs + 1_000 * MINUTE_MS))).toBe(true);
		expect(isDelivered(deliveries, row(2, nowMs))).toBe(false);
	});

	it('is read again as it was written, and anything else is nothing', () => {
		const deliveries: Deliveries = { sinceMs: START_MS, delivered: [[1, START_MS]] };
		const begun = { rows: deliveries.delivered, uuid: 'video-1', afterId: 7 };
		for (const whole of [deliveries, { ...deliveries, begun }]) {
			expect(parseDeliveries(JSON.stringify(whole))).toEqual(whole);
		}
		const spoiltBegun = '{"sinceMs":1,"delivered":[],"begun":{"rows":1}}';
		for (const spoilt of [null, '', '{', '[]', '{"sinceMs":1,"delivered":[1]}', spoiltBegun]) {
			expect(parseDeliveries(spoilt)).toBeUndefined();
		}
	});
});
