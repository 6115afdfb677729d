/** What `POST /upload-video-image` takes (API reference, "Upload an image"). */
export const LARGEST_IMAGE_BYTES = 50 * 1024 * 1024;
export const IMAGE_FORMATS_TEXT = 'JPEG, PNG or WebP';

/** How many bytes from the beginning of a file `imageTypeOf` looks at. */
export const IMAGE_HEAD_BYTES = 12;

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const JPEG = [0xff, 0xd8, 0xff];

/** The format that a file's first bytes tell, whatever its name or claimed type say. */
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
