import { sleep } from 'n8n-workflow';
import { StoppedError } from '../errors/VeoError';

/** setTimeout overflows above 2^31 - 1 ms and fires at once. Callers re-check the time after a sleep. */
const MAX_SLEEP_MS = 60 * 60_000;

/** Resolves after `ms`, or at once when one of the signals fires. Never rejects. */
export async function sleepUnlessAborted(
	ms: number,
	...signals: Array<AbortSignal | undefined>
): Promise<void> {
	await orAborted(sleep(Math.min(Math.ceil(ms), MAX_SLEEP_MS)), signals).catch(() => undefined);
}

/** Settles like `promise`, or rejects with `StoppedError` as soon as one of the signals fires. */
export async function orAborted<T>(
	promise: Promise<T>,
	signals: Array<AbortSignal | undefined>,
): Promise<T> {
	return await new Promise((resolve, reject) => {
		const remove = signals.map(
			(signal) => signal && onAbort(signal, () => reject(new StoppedError())),
		);
		promise.then(resolve, reject).finally(() => remove.forEach((one) => one?.()));
	});
}

interface SharedListener {
	callbacks: Set<() => void>;
	callAll: () => void;
}

const listeners = new WeakMap<AbortSignal, SharedListener>();

/**
 * Calls back when the signal fires, or at once if it has fired. Returns a function that removes the callback. All
 * callbacks of a signal share one listener, because Node warns of a leak above ten.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
	if (signal.aborted) callback();
	const { callbacks, callAll } = listeners.get(signal) ?? addListener(signal);
	callbacks.add(callback);
	return () => {
		if (!callbacks.delete(callback) || callbacks.size > 0) return;
		// The listener would keep everything that a request holds in memory until its deadline.
		signal.removeEventListener('abort', callAll);
		listeners.delete(signal);
	};
}

function addListener(signal: AbortSignal): SharedListener {
	const callbacks = new Set<() => void>();
	const listener = { callbacks, callAll: () => callbacks.forEach((one) => one()) };
	listeners.set(signal, listener);
	signal.addEventListener('abort', listener.callAll, { once: true });
	return listener;
}
