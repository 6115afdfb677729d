/** After a crash, and on versions of n8n without deduplication keys. */
import { RequestError } from '../../../nodes/Veo/errors/outcome';
import { type Batch, Deliveries, type Delivery } from '../../../nodes/Veo/trigger/deliveries';
import { job, loaded, recordIn, recovered, scene } from './deliveryScene';
import { HOUR_MS, START_MS } from './fakes';

const batch = (key: string, jobs: Delivery[], afterId?: number): Batch => ({ key, jobs, afterId });

/** What a trigger stored before it crashed. */
function interrupted(...batches: Batch[]): string {
	const record = Deliveries.none(START_MS);
	record.begun.push(...batches);
	return record.toString();
}

const away = () => {
	throw new RequestError({ name: 'http5xx' });
};

describe('A batch that a crash interrupted', () => {
	it('is passed again with its key, and counts as delivered', async () => {
		const stored = interrupted(batch('key', [job(1), { ...job(2), event: 'failed' }]));
		const { deliverer, n8n, record } = await loaded({ stored });
		await deliverer.retry();
		expect(n8n.passed).toMatchObject([{ key: 'key', uuids: ['video-1', 'video-2'] }]);
		expect(n8n.passed[0]?.items.map(({ json }) => json.status)).toEqual(['completed', 'failed']);
		expect(record().begun).toEqual([]);
		expect(record().has(job(1))).toBe(true);
		expect(record().has(job(2))).toBe(false);
		expect(record().has({ ...job(2), event: 'failed' })).toBe(true);
	});

	it('is passed again with what the API says about its jobs now, once it is known of all', async () => {
		const toItem = jest.fn(async () => await Promise.resolve({ json: {} }));
		const stored = interrupted(batch('key', [job(1), job(2)]));
		const { clock, deliverer, n8n, load } = scene({ stored, rules: { toItem } });
		const now = { uuid: 'video-1', status: 'completed', videoUrl: 'https://x.test/1' };
		const known = [now];
		const recover = async ({ uuid }: Delivery) =>
			await Promise.resolve(known.find((one) => one.uuid === uuid));
		await load(recover);
		expect(n8n.passed).toEqual([]);
		expect(deliverer.isDelivered(job(2))).toBe(true);
		const other = { ...now, uuid: 'video-2' };
		known.push(other);
		await load(recover);
		expect(n8n.passed).toEqual([]);
		await clock.advance(5_000);
		await load(recover);
		// What is ready stays ready.
		expect(toItem.mock.calls).toEqual([[now], [other]]);
		expect(n8n.passed[0]?.items).toHaveLength(2);
	});

	it('is passed again in each round until n8n takes it', async () => {
		let isRefused = true;
		const { clock, n8n, record, load, deliverer } = await loaded({
			stored: interrupted(batch('one', [job(1)]), batch('two', [job(2)])),
			onPassed: ({ key, refuse }) => key === 'one' && isRefused && refuse(),
		});
		expect(n8n.passed.map(({ key }) => key)).toEqual(['one', 'two']);
		expect(n8n.warnings).toHaveLength(1);
		await deliverer.retry();
		expect(record().begun).toMatchObject([{ key: 'one' }]);
		expect(record().has(job(1))).toBe(false);
		expect(record().has(job(2))).toBe(true);
		expect(deliverer.isDelivered(job(1))).toBe(true);
		isRefused = false;
		for (let round = 0; round < 2; round++) {
			await clock.advance(5_000);
			await load();
		}
		expect(n8n.passed.map(({ key }) => key)).toEqual(['one', 'two', 'one']);
		await deliverer.retry();
		expect(record().begun).toEqual([]);
		expect(record().has(job(1))).toBe(true);
	});

	it('is passed again in the next round if n8n refuses it late', async () => {
		const stored = interrupted(batch('key', [job(1)]));
		const { clock, n8n, deliverer, record, load } = await loaded({ stored, taking: 'runs' });
		await clock.advance(1_500);
		await deliverer.retry();
		expect(record().has(job(1))).toBe(true);
		n8n.passed[0]?.refuse();
		await clock.advance(0);
		expect(deliverer.knows(job(1))).toBe(true);
		await deliverer.retry();
		expect(record().has(job(1))).toBe(false);
		expect(record().begun).toMatchObject([{ key: 'key' }]);
		n8n.taking = 'ends';
		await clock.advance(5_000);
		await load();
		await deliverer.retry();
		expect(n8n.passed.map(({ key }) => key)).toEqual(['key', 'key']);
		expect(record().has(job(1))).toBe(true);
	});

	it('holds up no other job while the API does not answer about it', async () => {
		const stored = interrupted(batch('key', [job(1)]));
		const { clock, deliverer, n8n, add, record } = scene({ stored });
		const nothing = async () => await Promise.resolve(undefined);
		await clock.run(deliverer.load(START_MS, nothing));
		add(job(2));
		await clock.advance(50);
		expect(n8n.passed.map((one) => one.uuids)).toEqual([['video-2']]);
		expect(record().begun).toMatchObject([{ key: 'key' }]);
		expect(record().has(job(1))).toBe(false);
	});

	it('is not passed by a trigger that was stopped while the API was asked about its jobs', async () => {
		const stored = interrupted(batch('key', [job(1)]));
		const { n8n, stop, saved, load } = scene({ stored });
		await load(async (delivery) => {
			stop.abort();
			return await recovered(delivery);
		});
		expect(n8n.passed).toEqual([]);
		expect(saved).toEqual([stored]);
	});

	it('stays stored if n8n does not answer', async () => {
		const stored = interrupted(batch('key', [job(1)]));
		const { clock, n8n, load, saved } = scene({ stored });
		await load(async () => await Promise.resolve(away()));
		await clock.advance(5_000);
		expect(saved).toEqual([stored]);
		await load();
		expect(n8n.passed).toHaveLength(1);
	});
});

describe('Without deduplication keys', () => {
	it.each([
		['was taken if n8n has started an execution since', true, 7, true],
		['was not taken if n8n has started none since', false, 7, false],
		['was not taken if n8n does not tell', undefined, 7, false],
		['was not taken if it is not known what came before', true, undefined, false],
	])('an interrupted batch %s', async (_, newer, afterId, isDelivered) => {
		const hasNewerExecution = jest.fn(async () => await Promise.resolve(newer));
		const { n8n, record, clock, add, saved, deliverer } = await loaded({
			hasKeys: false,
			stored: interrupted(batch('key', [job(1)], afterId)),
			executions: { hasNewerExecution },
		});
		await deliverer.retry();
		expect(n8n.passed).toEqual([]);
		expect(record().begun).toEqual([]);
		expect(record().has(job(1))).toBe(isDelivered);
		expect(hasNewerExecution.mock.calls).toEqual(afterId === undefined ? [] : [[afterId]]);
		if (isDelivered) return;
		// The list of executions will show whether it was taken, so it is recorded only after that.
		add(job(1));
		await clock.advance(50);
		expect(saved.map((text) => recordIn(text).has(job(1)))).toEqual([false, false, false, true]);
	});

	describe('and without a list of executions', () => {
		const options = { hasKeys: false, stored: interrupted(batch('key', [job(1)])) };

		it('an interrupted batch is passed once more, and recorded before that', async () => {
			const atPassing: string[] = [];
			const { n8n, clock, add, record, saved } = await loaded({
				...options,
				onPassed: () => atPassing.push(saved.at(-1) ?? ''),
			});
			expect(n8n.passed).toEqual([]);
			expect(record().has(job(1))).toBe(false);
			add(job(1), job(2));
			await clock.advance(50);
			expect(n8n.passed.map((one) => one.uuids)).toEqual([['video-1', 'video-2']]);
			expect(recordIn(atPassing[0]).has(job(1))).toBe(true);
			expect(recordIn(atPassing[0]).has(job(2))).toBe(false);
		});

		it('an interrupted batch was not taken, even if its trigger could see the list before', async () => {
			const stored = interrupted(batch('key', [job(1)], 7));
			const { record, deliverer } = await loaded({ hasKeys: false, stored });
			await deliverer.retry();
			expect(record().begun).toEqual([]);
			expect(record().has(job(1))).toBe(false);
		});

		it('it is not delivered yet if n8n refuses it then', async () => {
			const { clock, add, record } = await loaded({ ...options, taking: 'refuses' });
			add(job(1));
			await clock.advance(2_000);
			expect(record().has(job(1))).toBe(false);
		});

		it('it is not delivered yet if that cannot be stored', async () => {
			const beforeSave = jest.fn();
			const { clock, add, deliverer, n8n } = await loaded({ ...options, beforeSave });
			beforeSave.mockImplementationOnce(away);
			add(job(1));
			await clock.advance(2_000);
			expect(n8n.passed).toEqual([]);
			expect(recordIn(deliverer.text).has(job(1))).toBe(false);
		});

		it('it keeps a job that is known and not delivered yet from being forgotten', async () => {
			const atPassing: string[] = [];
			const late = job(1, HOUR_MS);
			const { clock, add, deliverer, saved } = await loaded({
				hasKeys: false,
				stored: interrupted(batch('key', [late])),
				onPassed: () => atPassing.push(saved.at(-1) ?? ''),
			});
			await clock.advance(HOUR_MS);
			deliverer.haveRead(START_MS + HOUR_MS);
			deliverer.expect(job(2));
			add(late);
			await clock.advance(50);
			expect(recordIn(atPassing[0]).has(late)).toBe(true);
			expect(recordIn(atPassing[0]).has(job(2))).toBe(false);
		});

		it('a batch counts as delivered if n8n says nothing for ten seconds', async () => {
			const { clock, add, record } = await loaded({ hasKeys: false, taking: 'runs' });
			add(job(1));
			await clock.advance(50 + 9_999);
			expect(record().has(job(1))).toBe(false);
			await clock.advance(501);
			expect(record().has(job(1))).toBe(true);
		});
	});

	it('a batch is stored with the newest execution before it', async () => {
		const { clock, add, saved, n8n } = await loaded({
			hasKeys: false,
			executions: { newestExecution: async () => await Promise.resolve(41) },
		});
		add(job(1));
		await clock.advance(50);
		expect(recordIn(saved[1]).begun).toMatchObject([{ jobs: [job(1)], afterId: 41 }]);
		expect(n8n.passed[0]?.key).toBeUndefined();
	});

	it('n8n is asked more and more rarely for a new execution, until there is one', async () => {
		const askedMs: number[] = [];
		const { clock, add, record } = await loaded({
			hasKeys: false,
			taking: 'runs',
			executions: {
				newestExecution: async () => await Promise.resolve(41),
				hasNewerExecution: async (afterId) => {
					expect(afterId).toBe(41);
					askedMs.push(Date.now() - START_MS - 50);
					return await Promise.resolve(askedMs.length === 8);
				},
			},
		});
		add(job(1));
		await clock.advance(2_169);
		expect(record().has(job(1))).toBe(false);
		await clock.advance(1);
		expect(record().has(job(1))).toBe(true);
		await clock.advance(20_000);
		expect(askedMs).toEqual([20, 60, 140, 300, 620, 1_120, 1_620, 2_120]);
	});

	it('n8n is not asked for a new execution once it has said what became of the batch', async () => {
		const hasNewerExecution = jest.fn(async () => await Promise.resolve(false));
		const newestExecution = async () => await Promise.resolve(41);
		const { clock, add, n8n, record } = await loaded({
			hasKeys: false,
			executions: { newestExecution, hasNewerExecution },
		});
		add(job(1));
		await clock.advance(1_000);
		n8n.taking = 'refuses';
		add(job(2));
		await clock.advance(1_000);
		expect(hasNewerExecution).not.toHaveBeenCalled();
		expect(record().has(job(1))).toBe(true);
		expect(record().has(job(2))).toBe(false);
	});

	it('n8n is not asked for a new execution if it did not tell the newest before', async () => {
		const hasNewerExecution = jest.fn(async () => await Promise.resolve(false));
		const { clock, add } = await loaded({
			hasKeys: false,
			taking: 'runs',
			executions: {
				newestExecution: async () => await Promise.resolve(undefined),
				hasNewerExecution,
			},
		});
		add(job(1));
		await clock.advance(12_000);
		expect(hasNewerExecution).not.toHaveBeenCalled();
	});
});

describe('With deduplication keys', () => {
	it('n8n is not asked for its executions', async () => {
		const newestExecution = jest.fn(async () => await Promise.resolve(41));
		const hasNewerExecution = jest.fn(async () => await Promise.resolve(false));
		const { clock, add } = await loaded({
			taking: 'runs',
			executions: { newestExecution, hasNewerExecution },
		});
		add(job(1));
		await clock.advance(2_000);
		expect(newestExecution).not.toHaveBeenCalled();
		expect(hasNewerExecution).not.toHaveBeenCalled();
	});
});
