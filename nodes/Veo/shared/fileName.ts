/** Shorter than any file system allows, for any script. */
const MAX_BYTES = 120;
const VIDEO_EXTENSION = /\.(mp4|m4v|mov|webm|mkv|avi)$/i;
/** Windows reserves these names, with any extension. */
const DEVICE_NAME = /^(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³])\s*(\.|$)/i;
const LONGEST_EXTENSION = '.webm';

/**
 * The name of a video file, without its extension, that every file system can hold. Path parts and characters that may
 * not be in a name are replaced. Undefined if nothing is left of it.
 */
export function toFileStem(raw: unknown): string | undefined {
	if (typeof raw !== 'string' && typeof raw !== 'number') return undefined;
	const name = String(raw)
		.normalize('NFC')
		.trim()
		.replace(VIDEO_EXTENSION, '')
		.replace(/[^\p{L}\p{M}\p{N} ._-]+/gu, '_');
	const safe = trimmed(DEVICE_NAME.test(trimmed(name)) ? `_${trimmed(name)}` : name);
	const stem = trimmed(cut(safe, MAX_BYTES - LONGEST_EXTENSION.length));
	return /[\p{L}\p{N}]/u.test(stem) ? stem : undefined;
}

/** Windows drops dots and blanks at the end of a name; a dot at its start hides the file elsewhere. */
function trimmed(name: string): string {
	const kept = name.replace(/^[\s.]+/, '');
	let end = kept.length;
	// A regular expression that ends with $ would need quadratic time.
	while (/[\s.]/.test(kept.charAt(end - 1))) end--;
	return kept.slice(0, end);
}

/** The longest beginning of `text` of at most `maxBytes` bytes that splits no character. */
function cut(text: string, maxBytes: number): string {
	let kept = '';
	for (const { segment } of new Intl.Segmenter().segment(text)) {
		if (Buffer.byteLength(kept + segment) > maxBytes) break;
		kept += segment;
	}
	return kept;
}
