import { IMAGE_HEAD_BYTES, imageTypeOf, MAX_IMAGE_BYTES } from '../../../nodes/Veo/api/image';

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const bytes = (...parts: Array<string | number[]>) =>
	Buffer.concat(
		parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))),
	);

describe('the format of an image', () => {
	it.each([
		['JPEG', bytes([0xff, 0xd8, 0xff, 0xe0], 'JFIF'), 'image/jpeg', 'jpg'],
		['JPEG with Exif', bytes([0xff, 0xd8, 0xff, 0xe1], 'Exif'), 'image/jpeg', 'jpg'],
		['PNG', bytes(PNG, 'IHDR'), 'image/png', 'png'],
		['WebP', bytes('RIFF', [1, 2, 3, 4], 'WEBP', 'VP8 '), 'image/webp', 'webp'],
	])('is recognized for a %s', (_, head, mimeType, extension) => {
		expect(imageTypeOf(head)).toEqual({ mimeType, extension });
		expect(imageTypeOf(head.subarray(0, IMAGE_HEAD_BYTES))).toEqual({ mimeType, extension });
	});

	it.each([
		['an empty file', bytes()],
		['a GIF', bytes('GIF89a')],
		['a PDF', bytes('%PDF-1.7')],
		['a web page', bytes('<!DOCTYPE html>')],
		['an SVG', bytes('<svg xmlns="">')],
		['a WAV file (also RIFF)', bytes('RIFF', [1, 2, 3, 4], 'WAVE')],
		['WEBP without RIFF', bytes('RIFX', [1, 2, 3, 4], 'WEBP')],
		['an AVIF', bytes([0, 0, 0, 0x1c], 'ftypavif')],
		['a truncated JPEG header', bytes([0xff, 0xd8])],
		['a truncated PNG header', bytes(PNG.slice(0, 7))],
		['a truncated WebP header', bytes('RIFF', [1, 2, 3, 4], 'WEB')],
		['a PNG with converted line breaks', bytes([0x89], 'PNG', [0x0a, 0x1a, 0x0a])],
		['a PNG after a leading byte', bytes([0], PNG)],
	])('is undefined for %s', (_, head) => {
		expect(imageTypeOf(head)).toBeUndefined();
	});

	it('needs the first 12 bytes, and the maximum size is 50 MB', () => {
		expect(IMAGE_HEAD_BYTES).toBe(12);
		expect(MAX_IMAGE_BYTES).toBe(52_428_800);
	});
});
