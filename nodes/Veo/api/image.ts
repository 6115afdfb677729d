/** Limits of `POST /upload-video-image` (API reference, "Upload an image"). */
export const MAX_IMAGE_BYTES = 50 * 1024 * 1024;

export const IMAGE_FORMATS_TEXT = 'JPEG, PNG or WebP';

/** How many bytes at the start of a file `imageTypeOf` needs. */
export const IMAGE_HEAD_BYTES = 12;
/** How many bytes at the start of a file `contentNameOf` makes use of. */
export const CONTENT_HEAD_BYTES = 512;

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

/** Contents that users have taken for images, by their first bytes. */
const SIGNATURES: Array<[name: string, bytes: string, offset?: number]> = [
	['a GIF image', 'GIF8'],
	['a PDF document', '%PDF-'],
	['a TIFF image', 'II*\0'],
	['a TIFF image', 'MM\0*'],
	['a Photoshop file', '8BPS'],
	['an icon file', '\0\0\x01\0'],
	['a ZIP archive', 'PK\x03\x04'],
	['a gzip archive', '\x1f\x8b'],
	['a WebM video', '\x1aE\xdf\xa3'],
	['a JPEG XL image', '\xff\x0a'],
	['a JPEG XL image', '\0\0\0\x0cJXL '],
	['an AVIF image', 'ftypavi', 4],
	['a HEIC image', 'ftyphei', 4],
	['a HEIC image', 'ftyphev', 4],
	['a HEIC image', 'ftypmif1', 4],
	['a HEIC image', 'ftypmsf1', 4],
	['a video', 'ftyp', 4],
	['a BMP image', 'BM'],
];

/** What a file that is not a JPEG, PNG or WebP image is, as users call it. `bytes` is its size, where that is known. */
export function contentNameOf(head: Uint8Array, bytes?: number): string {
	if (head.length === 0) return 'empty';
	const signature = SIGNATURES.find(([, text, offset = 0]) =>
		startsWith(head.subarray(offset), ascii(text)),
	);
	if (signature) return signature[0];
	const text = textOf(head);
	if (text === undefined) return 'a file of another kind';
	const start = text.trimStart().toLowerCase();
	if (start.includes('<svg')) return 'an SVG image';
	if (/^<(!doctype html|html|head|body|script)/.test(start)) return 'a web page';
	if (start.startsWith('data:')) return 'text that begins with data:';
	return bytes === undefined ? 'text' : `${sizeText(bytes)} of text`;
}

const sizeText = (bytes: number) =>
	bytes < 100_000 ? `${bytes} bytes` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;

/** The bytes as text; undefined if they are not UTF-8 text. A character at the end may be cut. */
function textOf(head: Uint8Array): string | undefined {
	const text = new TextDecoder().decode(head, { stream: true });
	return /\p{Cc}|\uFFFD/u.test(text.replace(/\s/g, '')) ? undefined : text;
}

function startsWith(bytes: Uint8Array, prefix: number[]): boolean {
	return prefix.every((byte, index) => bytes[index] === byte);
}

function ascii(text: string): number[] {
	return [...text].map((character) => character.charCodeAt(0));
}
