import { inPool } from '../../../nodes/Veo/jobs/pool';
import { everyoneDone, FakeClock, thrownBy } from '../fakes';

describe('a pool', () => {
	it('gives the results in the order of the items, whichever is done first', async () => {
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
	])('of %i has done six items of a second each after %i ms', async (limit, ms) => {
		const clock = new FakeClock();
		let underWay = 0;
		let most = 0;
		const work = async () => {
			most = Math.max(most, ++underWay);
			await clock.pass(1_000);
			underWay--;
		};
		await clock.run(inPool([1, 2, 3, 4, 5, 6], limit, work));
		expect(clock.now()).toBe(ms);
		expect(most).toBe(Math.min(limit, 6));
	});

	it('begins the next item as soon as one is done, in order', async () => {
		const clock = new FakeClock();
		const begun: Array<[string, number]> = [];
		const work = async ([name, ms]: [string, number]) => {
			begun.push([name, clock.now()]);
			await clock.pass(ms);
		};
		const items: Array<[string, number]> = [
			['slow', 50],
			['a', 10],
			['b', 10],
			['c', 10],
		];
		await clock.run(inPool(items, 2, work));
		expect(begun).toEqual([
			['slow', 0],
			['a', 0],
			['b', 10],
			['c', 20],
		]);
	});

	it('gives nothing for no items', async () => {
		const work = async () => await Promise.reject<string>(new Error('never called'));
		expect(await inPool([], 5, work)).toEqual([]);
	});

	it('keeps a result of undefined in its place', async () => {
		const work = async (item: number) => await Promise.resolve(item === 1 ? undefined : item);
		expect(await inPool([0, 1, 2], 2, work)).toEqual([0, undefined, 2]);
	});

	it('begins nothing more once one throws, waits for those under way, and throws the first', async () => {
		const clock = new FakeClock();
		const ended: string[] = [];
		const begun: string[] = [];
		const work = async (name: string) => {
			begun.push(name);
			await clock.pass(name === 'first' ? 10 : 20);
			ended.push(name);
			if (name !== 'fine') throw new Error(name);
		};
		const thrown = await thrownBy(clock.run(inPool(['second', 'first', 'fine', 'late'], 3, work)));
		expect(thrown).toEqual(new Error('first'));
		expect(begun).toEqual(['second', 'first', 'fine']);
		expect(ended).toEqual(['first', 'second', 'fine']);
		expect(clock.now()).toBe(20);
	});

	it('throws on even what is no Error', async () => {
		const work = async (item: unknown) => {
			await everyoneDone();
			throw item;
		};
		expect(await thrownBy(inPool([undefined], 1, work))).toBeUndefined();
	});
});
