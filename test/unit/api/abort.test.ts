import { onAbort, orAborted, sleepUnlessAborted } from '../../../nodes/Veo/api/abort';
import { StoppedError } from '../../../nodes/Veo/errors/VeoError';
import { FakeClock, rejectionOf } from '../fakes';

const HOUR = 3_600_000;

/** A signal whose listeners are counted, and its controller. */
function watched() {
	const stop = new AbortController();
	const { signal } = stop;
	return {
		stop,
		signal,
		added: jest.spyOn(signal, 'addEventListener'),
		removed: jest.spyOn(signal, 'removeEventListener'),
	};
}

describe('A callback of a signal', () => {
	it('is called once when the signal fires', () => {
		const { stop, signal } = watched();
		const callback = jest.fn();
		onAbort(signal, callback);
		expect(callback).not.toHaveBeenCalled();
		stop.abort();
		expect(callback).toHaveBeenCalledTimes(1);
	});

	it('is called at once if the signal has fired', () => {
		const callback = jest.fn();
		onAbort(AbortSignal.abort(), callback);
		expect(callback).toHaveBeenCalledTimes(1);
	});

	it('is not called after it was removed, unlike the others', () => {
		const { stop, signal } = watched();
		const [one, other] = [jest.fn(), jest.fn()];
		const remove = onAbort(signal, one);
		onAbort(signal, other);
		remove();
		stop.abort();
		expect(one).not.toHaveBeenCalled();
		expect(other).toHaveBeenCalledTimes(1);
	});

	it('shares one listener with all others, which is removed with the last of them', () => {
		const { signal, added, removed } = watched();
		const removes = Array.from({ length: 20 }, () => onAbort(signal, () => undefined));
		expect(added).toHaveBeenCalledTimes(1);
		for (const remove of removes.slice(1)) remove();
		expect(removed).not.toHaveBeenCalled();
		removes[0]?.();
		const [[type, listener] = []] = added.mock.calls;
		expect(removed.mock.calls).toEqual([[type, listener]]);
	});

	it('can be removed twice without harm to a later one', () => {
		const { stop, signal, removed } = watched();
		const remove = onAbort(signal, () => undefined);
		remove();
		const later = jest.fn();
		onAbort(signal, later);
		remove();
		expect(removed).toHaveBeenCalledTimes(1);
		stop.abort();
		expect(later).toHaveBeenCalledTimes(1);
	});
});

describe('Work that a signal may end', () => {
	it.each([
		['succeeds', async () => await Promise.resolve('done')],
		['fails', async () => await Promise.reject<string>(new RangeError('x'))],
	])('leaves no listener behind when it %s', async (_, work) => {
		const { signal, added, removed } = watched();
		const [one, other] = await Promise.allSettled([work(), orAborted(work(), [undefined, signal])]);
		expect(other).toEqual(one);
		expect(added).toHaveBeenCalledTimes(1);
		expect(removed).toHaveBeenCalledTimes(1);
	});

	it('ends with StoppedError as soon as any of its signals fires', async () => {
		const { stop, signal } = watched();
		const never = new Promise<string>(() => undefined);
		const stopped = rejectionOf(orAborted(never, [new AbortController().signal, signal]));
		stop.abort();
		expect(await stopped).toBeInstanceOf(StoppedError);
	});
});

describe('A sleep', () => {
	it('lasts as long as it is to, in whole milliseconds', async () => {
		const clock = new FakeClock();
		await clock.run(sleepUnlessAborted(1_000.2));
		expect(clock.now()).toBe(1_001);
	});

	it('lasts an hour at most: longer timers may fire at once', async () => {
		const clock = new FakeClock();
		await clock.run(sleepUnlessAborted(Infinity));
		expect(clock.now()).toBe(HOUR);
	});

	it('ends quietly when a signal fires', async () => {
		const clock = new FakeClock();
		const stop = new AbortController();
		const sleeping = sleepUnlessAborted(1_000, undefined, stop.signal);
		await clock.advance(400);
		stop.abort();
		await expect(sleeping).resolves.toBeUndefined();
		expect(clock.now()).toBe(400);
	});
});
