import { parseJson } from '../api/json';

/** n8n cannot return an execution whose data is nested too deeply. An item adds about ten levels of its own. */
const MAX_DEPTH = 90;
const CUT = '(nested too deeply)';
const HIDDEN = '*****';
/** Shorter keys are part of many words, so only whole words count. */
const MIN_KEY_LENGTH = 8;
/** An escaped text may stand in JSON that is a text in JSON. */
const MAX_DECODED = 3;

/** Returns a function that removes the key from answers that echo it, and cuts what is nested too deeply. */
export function answerCleaner(apiKey: string): (body: string) => string {
	const forms = [apiKey, JSON.stringify(apiKey).slice(1, -1), encodeURIComponent(apiKey)];
	const key = toPattern([...new Set([...forms, ...base64Forms(apiKey)])], apiKey.length);

	const clean = (text: string): string => {
		let cleaned = text.replace(key, HIDDEN);
		let decoded = cleaned;
		for (let i = 0; i < MAX_DECODED && /[\\%&]/.test(decoded); i++) {
			const next = decode(decoded);
			decoded = next.replace(key, HIDDEN);
			if (decoded !== next) cleaned = decoded;
		}
		return cleaned;
	};
	const cleanAll = (value: unknown, depth: number): unknown => {
		if (typeof value === 'string') return clean(value);
		if (typeof value !== 'object' || value === null) return value;
		if (depth >= MAX_DEPTH) return CUT;
		if (Array.isArray(value)) return value.map((one) => cleanAll(one, depth + 1));
		return Object.fromEntries(
			Object.entries(value).map(([name, one]) => [clean(name), cleanAll(one, depth + 1)]),
		);
	};
	return (body) => {
		// JSON has many spellings of a text, so it is parsed first.
		const json = parseJson(body);
		return json === undefined ? clean(body) : JSON.stringify(cleanAll(json, 0));
	};
}

function toPattern(forms: string[], keyLength: number): RegExp {
	const either = forms.map((form) => form.replace(/\W/g, '\\$&')).join('|');
	return keyLength < MIN_KEY_LENGTH
		? new RegExp(`(?<![\\w-])(?:${either})(?![\\w-])`, 'g')
		: new RegExp(either, 'g');
}

/** The key in Base64, also as a part of a longer text, where it may begin at any of three places in a group. */
function base64Forms(apiKey: string): string[] {
	const isShort = apiKey.length < MIN_KEY_LENGTH;
	return (isShort ? [0] : [0, 1, 2]).flatMap((before) =>
		(['base64', 'base64url'] as const).map((encoding) => {
			const text = Buffer.from(' '.repeat(before) + apiKey).toString(encoding);
			const bits = (before + apiKey.length) * 8;
			return isShort ? text : text.slice(Math.ceil((before * 8) / 6), Math.floor(bits / 6));
		}),
	);
}

/** Replaces the escapes of JSON, addresses and HTML. */
const decode = (text: string): string =>
	text.replace(
		/\\u([\da-f]{4})|(?:\\x|%)([\da-f]{2})|&#x([\da-f]{1,4});|&#(\d{1,5});|\\(["\\/])/gi,
		(
			_,
			json: string | undefined,
			byte: string | undefined,
			hex: string | undefined,
			decimal: string | undefined,
			character: string | undefined,
		) =>
			character ??
			String.fromCharCode(parseInt(json ?? byte ?? hex ?? decimal ?? '', decimal ? 10 : 16)),
	);
