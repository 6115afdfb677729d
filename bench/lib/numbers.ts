/** The middle one; of an even number of values, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	const upper = sorted[Math.floor(sorted.length / 2)];
	const lower = sorted[Math.ceil(sorted.length / 2) - 1];
	if (upper === undefined || lower === undefined) throw new Error('No values, no median');
	return (lower + upper) / 2;
}

export function mean(values: readonly number[]): number {
	if (values.length === 0) throw new Error('No values, no mean');
	return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A figure as it is printed: `fixed(1234.5, 2)` is `1,234.50`. */
export function fixed(value: number, digits: number): string {
	return value.toLocaleString('en-GB', {
		minimumFractionDigits: digits,
		maximumFractionDigits: digits,
	});
}

export const MB = 1_000_000;

/** Bytes in megabytes. */
export const megabytes = (bytes: number): string => `${fixed(bytes / MB, 1)} MB`;
export const seconds = (ms: number): string => `${fixed(ms / 1000, 2)} s`;

/** The two cells that stand beside a figure: its target, and whether it was met. */
export function target(
	limit: number,
	value: number,
	print: (value: number) => string,
): [string, string] {
	return [`at most ${print(limit)}`, value <= limit ? 'met' : 'not met'];
}

/** The two cells of a figure that is there to be compared with. */
export const noTarget: [string, string] = ['', ''];
