import { toText } from '../api/json';

/** A collection of options in the form. */
interface OptionsField {
	options: Array<{ name: string; default: unknown; typeOptions?: { minValue?: number } }>;
}

/**
 * A number from an options collection: at least the form's minimum, and the form's default if it is not a number. An
 * expression may return anything.
 */
export function readNumber(
	field: OptionsField,
	raw: Record<string, unknown>,
	name: string,
): number {
	const option = field.options.find((one) => one.name === name);
	const value = Number(toText(raw[name]) || NaN);
	const min = option?.typeOptions?.minValue ?? 0;
	return Math.max(min, Number.isFinite(value) ? value : Number(option?.default));
}

/** Whether a boolean field is on. An expression may return text. */
export const isOn = (value: unknown): boolean => value === true || value === 'true';
