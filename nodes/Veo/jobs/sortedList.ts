/** Items in the order of their keys. The key of an item must not change while the item is in the list. */
export class SortedList<T> {
	private readonly items: T[] = [];

	constructor(private readonly keyOf: (item: T) => number) {}

	get length(): number {
		return this.items.length;
	}

	get first(): T | undefined {
		return this.items[0];
	}

	/** Items with equal keys stay in the order in which they were added. */
	add(item: T): void {
		this.items.splice(this.indexAfter(this.keyOf(item)), 0, item);
	}

	delete(item: T): void {
		const end = this.indexAfter(this.keyOf(item));
		const index = this.items.lastIndexOf(item, end - 1);
		if (index >= 0) this.items.splice(index, 1);
	}

	/** Where an item with this key would be added. */
	private indexAfter(key: number): number {
		let low = 0;
		let high = this.items.length;
		while (low < high) {
			const middle = (low + high) >>> 1;
			const item = this.items[middle];
			if (item !== undefined && this.keyOf(item) <= key) low = middle + 1;
			else high = middle;
		}
		return low;
	}
}
