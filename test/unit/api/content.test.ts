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
		['a PDF document', Buffer.from('%PDF-1.7')],
		['a ZIP archive', Buffer.from('PK\x03\x04', 'latin1')],
		['text that begins with data:', Buffer.from('data:image/png;base64,iVBOR')],
		['a file of another kind', Buffer.from([0, 1, 2, 3])],
		['a file of another kind', Buffer.from([0x89, 0x50, 0x4e, 0x47])],
	])('is named: %s', (name, head) => {
		expect(contentNameOf(head, head.length)).toBe(name);
	});

	it('has its size where it is text', () => {
		expect(contentNameOf(Buffer.from('{"error": "no"}'), 15)).toBe('15 bytes of text');
		expect(contentNameOf(Buffer.from('a,b'), 200_000)).toBe('0.2 MB of text');
		expect(contentNameOf(Buffer.from('a,b'))).toBe('text');
	});

	it('is text also where the last character is cut', () => {
		expect(contentNameOf(Buffer.from('日本').subarray(0, 5), 5)).toBe('5 bytes of text');
	});
});
