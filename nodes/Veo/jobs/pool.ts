/**
 * Runs `work` for each of `items`, at most `limit` at a time, and gives the results in the items' order. Once `work`
 * throws, no more items are begun; those under way are waited for, then the first thing thrown is thrown on.
 */
export async function inPool<T, R>(
	items: readonly T[],
	limit: number,
	work: (item: T) => Promise<R>,
): Promise<R[]> {
	const results: R[] = [];
	const queue = items.entries();
	let thrown: { what: unknown } | undefined;

	const worker = async () => {
		for (const [index, item] of queue) {
			if (thrown) return;
			await work(item).then(
				(result) => (results[index] = result),
				(what: unknown) => (thrown ??= { what }),
			);
		}
	};
	await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));

	if (thrown) throw thrown.what;
	return results;
}
