import {
	badImageUrl,
	badUuid,
	blankPrompt,
	blankTableName,
	missingImageUrl,
	notAChoice,
} from '../errors/messages';
import {
	ASPECT_RATIOS,
	type AspectRatio,
	GENERATE_PARAMETERS,
	GENERATION_TYPES,
	type GenerationType,
} from './parameters';

/** What every generate request has, checked. The image is checked apart: it may yet have to be uploaded. */
export interface GenerateBasics {
	generationType: GenerationType;
	prompt: string;
	aspectRatio: AspectRatio;
}

/** Checks what comes from the form or an expression. Throws `VeoFailure` naming the field. Sends nothing. */
export function checkBasics(raw: Record<keyof GenerateBasics, unknown>): GenerateBasics {
	const generationType = oneOf(GENERATION_TYPES, 'Generation Type', raw.generationType);
	const aspectRatio = oneOf(
		ASPECT_RATIOS,
		'Aspect Ratio',
		raw.aspectRatio || GENERATE_PARAMETERS.aspectRatio.default,
	);
	if (textFrom(raw.prompt) === '') throw blankPrompt();
	return { generationType, prompt: String(raw.prompt), aspectRatio };
}

/** Gives the image's address, or throws `VeoFailure` where it is missing or not http(s). */
export function checkImageUrl(raw: unknown): string {
	if (typeof raw !== 'string' || raw.trim() === '') throw missingImageUrl();
	if (!isWebAddress(raw.trim())) throw badImageUrl(raw);
	return raw.trim();
}

/** Gives the `uuid`, or throws `VeoFailure` where it cannot be one. */
export function checkUuid(raw: unknown): string {
	const uuid = textFrom(raw);
	// A dot or two would be taken for a place in the path.
	if (/^\.{0,2}$/.test(uuid)) throw badUuid();
	return uuid;
}

/** Gives the job table's name, or throws `VeoFailure` where there is none. */
export function checkTableName(raw: unknown): string {
	const tableName = textFrom(raw);
	if (tableName === '') throw blankTableName();
	return tableName;
}

/** What stands in a field, for which an expression may give a number. Whatever else it gives is no text. */
export function textFrom(raw: unknown): string {
	return typeof raw === 'string' || typeof raw === 'number' ? String(raw).trim() : '';
}

export function isWebAddress(value: string): boolean {
	return /^\s*https?:/i.test(value) && URL.canParse(value);
}

function oneOf<T extends string>(choices: readonly T[], displayName: string, value: unknown): T {
	const choice = choices.find((one) => one === value);
	if (choice === undefined) throw notAChoice(displayName, value, choices);
	return choice;
}
