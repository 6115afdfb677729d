import { contentNameOf } from '../../../nodes/Veo/api/image';

const box = (brand: string) => Buffer.from(`\0\0\0\x20ftyp${brand}`, 'latin1');

describe('what a file is that is not an image for the API', () => {
	it.each([
		['empty', Buffer.alloc(0)],
		['a web page', Buffer.from('\uFEFF\n<!DOCTYPE html><html>')],
		['a web page', Buffer.from('<html lang="en">')],
		['an SVG image', Buffer.from('<?xml version="1.0"?><svg>')],
		['a HEIC image', box('heic')],
		['a HEIC image', box('mif1')],
		['an AVIF image', box('avif')],
		['a video', box('isom')],
		['a GIF image', Buffer.from('GIF89a')],
		['a BMP image', Buffer.from('BM\x01\x02\x03', 'latin1')],
		['a TIFF image', Buffer.from('II*\0', 'latin1')],
		['a TIFF image', Buffer.from('MM\0*', 'latin1')],
		['a HEIC image', box('hevc')],
		['a HEIC image', box('msf1')],
		['a Photoshop file', Buffer.from('8BPS\0\x01')],
		['an icon file', Buffer.from([0, 0, 1, 0])],
		['a gzip archive', Buffer.from([0x1f, 0x8b, 8])],
		['a WebM video', Buffer.from([0x1a, 0x45, 0xdf, 0xa3])],
		['a JPEG XL image', Buffer.from([0xff, 0x0a])],
		['a JPEG XL image', Buffer.from('\0\0\0\x0cJXL \r\n', 'latin1')],
		['an SVG image', Buffer.from('<SVG xmlns="">')],
		['a web page', Buffer.from('<body>')],
		['a web page', Buffer.from('<HEAD><title>Sign in</title>')],
		['a web page', Buffer.from('<script>')],
		['text', Buffer.from('see <html> in this text')],
		['text', Buffer.from('not data:image/png')],
		['a PDF document', Buffer.from('%PDF-1.7')],
		['a ZIP archive', Buffer.from('PK\x03\x04', 'latin1')],
		['text that begins with data:', Buffer.from('data:image/png;base64,iVBOR')],
		['a file of another kind', Buffer.from([0, 1, 2, 3])],
		['a file of another kind', Buffer.from([0x89, 0x50, 0x4e, 0x47])],
	])('is named: %s', (name, head) => {
		expect(contentNameOf(head)).toBe(name);
	});

	it('has its size where it is text', () => {
		expect(contentNameOf(Buffer.from('{"error": "no"}'), 15)).toBe('15 bytes of text');
		expect(contentNameOf(Buffer.from('a,b'), 99_999)).toBe('99999 bytes of text');
		expect(contentNameOf(Buffer.from('a,b'), 100_000)).toBe('0.1 MB of text');
		expect(contentNameOf(Buffer.from('a,b'), 200_000)).toBe('0.2 MB of text');
		expect(contentNameOf(Buffer.from('a,b'))).toBe('text');
	});

	it('is text with line breaks, but not with other control characters', () => {
		expect(contentNameOf(Buffer.from('one\r\n\ttwo\n'))).toBe('text');
		expect(contentNameOf(Buffer.from('one\x07two'))).toBe('a file of another kind');
	});

	it('is text also where the last character is cut', () => {
		expect(contentNameOf(Buffer.from('日本').subarray(0, 5), 5)).toBe('5 bytes of text');
	});
});
