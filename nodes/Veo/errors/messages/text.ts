export const NOTHING_PAID = 'Nothing was sent, so nothing was paid.';

/** The API's message as the end of a clause. Its own full stop would double ours. */
export function apiMessageText(apiMessage: unknown): string {
	if (typeof apiMessage !== 'string' || apiMessage === '') return '';
	let end = apiMessage.length;
	while (/[.\s]/.test(apiMessage.charAt(end - 1))) end--;
	return `: ${apiMessage.slice(0, end)}`;
}

/** A value from the user as JSON. A long one, such as an image pasted as its URL, is cut. */
export function quoted(value: unknown): string {
	const text = JSON.stringify(value) ?? 'nothing';
	return text.length <= 100 ? text : `${text.slice(0, 100)}…`;
}

export const megabytes = (bytes: number) => Math.round((bytes / 1024 / 1024) * 10) / 10;

export const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
