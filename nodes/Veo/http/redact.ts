/** Keys shorter than this would match ordinary text. */
const MIN_KEY_LENGTH = 8;

/** Removes the key from an answer that echoes it. JSON has many spellings of a text, so it is parsed first. */
export function redact(body: string, apiKey: string): string {
	if (apiKey.length < MIN_KEY_LENGTH) return body;
	const plain = body.includes('\\') ? withoutEscapes(body) : body;
	return plain.replaceAll(apiKey, '*****');
}

function withoutEscapes(json: string): string {
	try {
		return JSON.stringify(JSON.parse(json));
	} catch {
		return json;
	}
}
