/** Readers for JSON of an unknown shape. */

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object, or an empty one if the value is not an object. */
export function objectOr(value: unknown): JsonObject {
	return isObject(value) ? value : {};
}

export function arrayOr(value: unknown): unknown[] {
	return Array.isArray(value) ? value : [];
}

export function optionalString(value: unknown): string | undefined {
	return typeof value === 'string' ? value : undefined;
}

/** Throws if the property is neither a string nor a number. */
export function requiredString(from: unknown, key: string): string {
	const value = objectOr(from)[key];
	if (typeof value === 'string') return value;
	if (typeof value === 'number') return String(value);
	throw new Error(`Expected "${key}" in ${JSON.stringify(from)?.slice(0, 500)}`);
}
