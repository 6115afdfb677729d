import {
	blankPrompt,
	blankTableName,
	heicImageUrl,
	invalidChoice,
	invalidImageUrl,
	invalidUuid,
	missingImageUrl,
	objectInPrompt,
	privateImageUrl,
	promptTooLong,
	severalImageUrls,
	sharePageAsImage,
} from '../errors/messages';
import { isPrivateAddress, sharePageOf, toDownloadAddress } from './address';
import { toText } from './json';
import {
	ASPECT_RATIOS,
	type AspectRatio,
	GENERATE_PARAMETERS,
	GENERATION_TYPES,
	type GenerationType,
} from './parameters';

/** The part of a generate request that every generation type has. */
export interface GenerateBasics {
	generationType: GenerationType;
	prompt: string;
	aspectRatio: AspectRatio;
}

/** Checks values of the form. Throws `VeoError` that names the field. */
export function checkBasics(raw: Record<keyof GenerateBasics, unknown>): GenerateBasics {
	const generationType = oneOf(GENERATION_TYPES, 'Generation Type', raw.generationType);
	const aspectRatio = oneOf(
		ASPECT_RATIOS,
		'Aspect Ratio',
		raw.aspectRatio || GENERATE_PARAMETERS.aspectRatio.default,
	);
	return { generationType, prompt: checkPrompt(raw.prompt), aspectRatio };
}

/** JSON prompts are common for Veo, so an object or array that an expression returns is sent as its JSON text. */
function checkPrompt(raw: unknown): string {
	const isJson = typeof raw === 'object' && raw !== null && Object.keys(raw).length > 0;
	const prompt = isJson ? JSON.stringify(raw) : raw;
	if (toText(prompt) === '') throw blankPrompt();
	const text = String(prompt);
	if (text.includes('[object Object]')) throw objectInPrompt();
	return text;
}

/** Returns the image's URL. Throws `VeoError` if it is blank, not http(s), or more than one. */
export function checkImageUrl(raw: unknown): string {
	if (Array.isArray(raw)) throw severalImageUrls();
	if (typeof raw !== 'string' || raw.trim() === '') throw missingImageUrl();
	const url = raw.trim();
	if (/[\s,;|]https?:\/\//i.test(url)) throw severalImageUrls();
	if (!isWebAddress(url)) throw invalidImageUrl(raw);
	return url;
}

/** Checks an image's URL that the service is to open itself. Throws `VeoError` if it cannot. */
export function checkImageUrlForApi(url: string, isPrivateApi: boolean): void {
	if (isPrivateAddress(url) && !isPrivateApi) throw privateImageUrl(url);
	const service = sharePageOf(url);
	if (service !== undefined) throw sharePageAsImage(url, service, toDownloadAddress(url) !== url);
	if (/\.hei[cf]$/i.test(new URL(url).pathname)) throw heicImageUrl(url);
}

/** Throws `VeoError` if the prompt is longer than `maxLength` characters. 0 is no limit. */
export function checkPromptLength(prompt: string, maxLength: number): void {
	if (maxLength <= 0) return;
	const length = countCharacters(prompt);
	if (length > maxLength) throw promptTooLong(length, maxLength);
}

/** The number of characters as people count them: an emoji or a letter with its accents is one. */
export function countCharacters(text: string): number {
	return [...new Intl.Segmenter().segment(text)].length;
}

/** Returns the `uuid`. Throws `VeoError` if it cannot be one. */
export function checkUuid(raw: unknown): string {
	const uuid = toText(raw);
	if (!isUuid(uuid)) throw invalidUuid();
	return uuid;
}

const MAX_UUID_LENGTH = 200;

/**
 * Whether a text can be a `uuid`, or another ID for a path. It must not be longer than an ID, lead out of its path, or
 * contain a lone surrogate, on which encodeURIComponent throws.
 */
export function isUuid(text: string): boolean {
	return (
		text !== '' &&
		text.length <= MAX_UUID_LENGTH &&
		!/[\s\p{Cc}\p{Surrogate}]/u.test(text) &&
		!text.split(/[/\\]/).some((segment) => segment === '.' || segment === '..')
	);
}

/** Returns the job table's name. Throws `VeoError` if it is blank. */
export function checkTableName(raw: unknown): string {
	const tableName = toText(raw);
	if (tableName === '') throw blankTableName();
	return tableName;
}

export function isWebAddress(value: string): boolean {
	return /^\s*https?:/i.test(value) && URL.canParse(value);
}

function oneOf<T extends string>(choices: readonly T[], displayName: string, value: unknown): T {
	const choice = choices.find((one) => one === toText(value));
	if (choice === undefined) throw invalidChoice(displayName, value, choices);
	return choice;
}
