/** Starts all tests at the same time and reports each by itself: they mostly wait for the API. */
export function inParallel(tests: Record<string, () => Promise<void>>): void {
	const running = new Map<string, Promise<void>>();
	beforeAll(() => {
		for (const [name, run] of Object.entries(tests)) {
			const promise = run();
			// The test itself reports the failure, later.
			promise.catch(() => undefined);
			running.set(name, promise);
		}
	});
	it.each(Object.keys(tests))('%s', async (name) => {
		await running.get(name);
	});
}
