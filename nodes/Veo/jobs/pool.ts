/**
 * Runs `work` for each of `items`, at most `limit` at a time, and returns the results in the order of the items. After
 * `work` throws, no more items are started; running ones are awaited, then the first error is thrown.
 */
export async function inPool<T, R>(
	items: readonly T[],
	limit: number,
	work: (item: T) => Promise<R>,
): Promise<R[]> {
	const results: R[] = [];
	const queue = items.entries();
	let failure: { thrown: unknown } | undefined;

	const worker = async () => {
		for (const [index, item] of queue) {
			if (failure) return;
			await work(item).then(
				(result) => (results[index] = result),
				(thrown: unknown) => (failure ??= { thrown }),
			);
		}
	};
	await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));

	if (failure) throw failure.thrown;
	return results;
}
