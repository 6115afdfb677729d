export function median(values: readonly number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	const upper = sorted[Math.floor(sorted.length / 2)];
	const lower = sorted[Math.ceil(sorted.length / 2) - 1];
	if (upper === undefined || lower === undefined) throw new Error('No values');
	return (lower + upper) / 2;
}

export function mean(values: readonly number[]): number {
	if (values.length === 0) throw new Error('No values');
	return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** `fixed(1234.5, 2)` is `1,234.50`. */
export function fixed(value: number, digits: number): string {
	return value.toLocaleString('en-GB', {
		minimumFractionDigits: digits,
		maximumFractionDigits: digits,
	});
}

export const MB = 1_000_000;

export const megabytes = (bytes: number): string => `${fixed(bytes / MB, 1)} MB`;
export const seconds = (ms: number): string => `${fixed(ms / 1000, 2)} s`;

/** The two cells beside a figure: its target, and whether it was met. */
export function target(
	limit: number,
	value: number,
	print: (value: number) => string,
): [string, string] {
	return [`at most ${print(limit)}`, value <= limit ? 'met' : 'not met'];
}

/** The two cells beside a figure without a target. */
export const noTarget: [string, string] = ['', ''];
