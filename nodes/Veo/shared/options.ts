import { textFrom } from '../api/validation';

/** A collection of options, of which some are numbers. */
interface OptionsField {
	options: Array<{ name: string; default: unknown; typeOptions?: { minValue?: number } }>;
}

/**
 * A number out of an options collection, as the form would take it: at least the least, and the default where there is
 * none. An expression may give anything.
 */
export function readNumber(
	field: OptionsField,
	raw: Record<string, unknown>,
	name: string,
): number {
	const option = field.options.find((one) => one.name === name);
	const value = Number(textFrom(raw[name]) || NaN);
	const least = option?.typeOptions?.minValue ?? 0;
	return Math.max(least, Number.isFinite(value) ? value : Number(option?.default));
}

/** Whether something is switched on. An expression may give that as text. */
export const isOn = (given: unknown): boolean => given === true || given === 'true';
