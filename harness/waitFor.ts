import { setTimeout as sleep } from 'node:timers/promises';

interface WaitOptions {
	timeoutMs: number;
	/** The pause between two attempts. */
	intervalMs?: number;
}

/** Repeats `attempt` until it returns a value other than undefined, and returns it. Throws after the timeout. */
export async function waitFor<T>(
	what: string,
	timeoutMs: number,
	attempt: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
	const value = await pollFor(attempt, { timeoutMs });
	if (value === undefined) throw new Error(`Waited ${timeoutMs / 1000} s for ${what}`);
	return value;
}

/** Like `waitFor`, but returns undefined after the timeout. */
export async function pollFor<T>(
	attempt: () => T | undefined | Promise<T | undefined>,
	{ timeoutMs, intervalMs = 250 }: WaitOptions,
): Promise<T | undefined> {
	const deadline = Date.now() + timeoutMs;
	for (;;) {
		const value = await attempt();
		if (value !== undefined || Date.now() > deadline) return value;
		await sleep(intervalMs);
	}
}
