import { inPool } from '../../../nodes/Veo/jobs/pool';
import { FakeClock, flushPromises, rejectionOf } from '../fakes';

describe('inPool', () => {
	it('returns the results in the order of the items', async () => {
		const clock = new FakeClock();
		const work = async (ms: number) => {
			await clock.pass(ms);
			return `after ${ms}`;
		};
		expect(await clock.run(inPool([30, 10, 20], 3, work))).toEqual([
			'after 30',
			'after 10',
			'after 20',
		]);
		expect(clock.now()).toBe(30);
	});

	it.each([
		[1, 6_000],
		[2, 3_000],
		[3, 2_000],
		[6, 1_000],
		[100, 1_000],
	])('with a limit of %i completes six items of one second after %i ms', async (limit, ms) => {
		const clock = new FakeClock();
		let running = 0;
		let maxRunning = 0;
		const work = async () => {
			maxRunning = Math.max(maxRunning, ++running);
			await clock.pass(1_000);
			running--;
		};
		await clock.run(inPool([1, 2, 3, 4, 5, 6], limit, work));
		expect(clock.now()).toBe(ms);
		expect(maxRunning).toBe(Math.min(limit, 6));
	});

	it('starts the items in order, the next one as soon as another is done', async () => {
		const clock = new FakeClock();
		const started: Array<[string, number]> = [];
		const work = async ([name, ms]: [string, number]) => {
			started.push([name, clock.now()]);
			await clock.pass(ms);
		};
		const items: Array<[string, number]> = [
			['slow', 50],
			['a', 10],
			['b', 10],
			['c', 10],
		];
		await clock.run(inPool(items, 2, work));
		expect(started).toEqual([
			['slow', 0],
			['a', 0],
			['b', 10],
			['c', 20],
		]);
	});

	it('returns an empty list for no items', async () => {
		const work = async () => await Promise.reject<string>(new Error('never called'));
		expect(await inPool([], 5, work)).toEqual([]);
	});

	it('keeps a result of undefined in its place', async () => {
		const work = async (item: number) => await Promise.resolve(item === 1 ? undefined : item);
		expect(await inPool([0, 1, 2], 2, work)).toEqual([0, undefined, 2]);
	});

	it('starts no item after an error, waits for running items and throws the first error', async () => {
		const clock = new FakeClock();
		const ended: string[] = [];
		const started: string[] = [];
		const work = async (name: string) => {
			started.push(name);
			await clock.pass(name === 'first' ? 10 : 20);
			ended.push(name);
			if (name !== 'fine') throw new Error(name);
		};
		const thrown = await rejectionOf(
			clock.run(inPool(['second', 'first', 'fine', 'late'], 3, work)),
		);
		expect(thrown).toEqual(new Error('first'));
		expect(started).toEqual(['second', 'first', 'fine']);
		expect(ended).toEqual(['first', 'second', 'fine']);
		expect(clock.now()).toBe(20);
	});

	it('rejects with a thrown value that is not an Error', async () => {
		const work = async (item: unknown) => {
			await flushPromises();
			throw item;
		};
		await expect(inPool([undefined], 1, work)).rejects.toBeUndefined();
	});
});
