/** The spellings in which a key could stand somewhere: plain, URL-encoded, in Base64 at any place, and escaped for JSON. */
export function formsOf(key: string): string[] {
	const base64 = [0, 1, 2].flatMap((before) => {
		const text = Buffer.from(' '.repeat(before) + key);
		// The first and the last character may also hold bits of what stands beside the key.
		const part = [
			Math.ceil((before * 8) / 6),
			Math.floor(((before + key.length) * 8) / 6),
		] as const;
		return [text.toString('base64').slice(...part), text.toString('base64url').slice(...part)];
	});
	const json = JSON.stringify(key).slice(1, -1);
	const unicode = [...key]
		.map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
		.join('');
	return [...new Set([key, encodeURIComponent(key), json, unicode, ...base64])];
}
