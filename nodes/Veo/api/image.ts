/** Limits of `POST /upload-video-image` (API reference, "Upload an image"). */
export const MAX_IMAGE_BYTES = 50 * 1024 * 1024;
export const IMAGE_FORMATS_TEXT = 'JPEG, PNG or WebP';

/** How many bytes at the start of a file `imageTypeOf` needs. */
export const IMAGE_HEAD_BYTES = 12;

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const JPEG = [0xff, 0xd8, 0xff];

/** The image type by the first bytes of a file; its name and claimed type may be wrong. */
export function imageTypeOf(head: Uint8Array): { mimeType: string; extension: string } | undefined {
	if (startsWith(head, JPEG)) return { mimeType: 'image/jpeg', extension: 'jpg' };
	if (startsWith(head, PNG)) return { mimeType: 'image/png', extension: 'png' };
	if (startsWith(head, ascii('RIFF')) && startsWith(head.subarray(8), ascii('WEBP'))) {
		return { mimeType: 'image/webp', extension: 'webp' };
	}
	return undefined;
}

function startsWith(bytes: Uint8Array, prefix: number[]): boolean {
	return prefix.every((byte, index) => bytes[index] === byte);
}

function ascii(text: string): number[] {
	return [...text].map((character) => character.charCodeAt(0));
}
