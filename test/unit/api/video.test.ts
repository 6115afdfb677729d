import { videoTypeOf } from '../../../nodes/Veo/api/video';

const box = (brand: string) => Buffer.from(`\0\0\0\x18ftyp${brand}\0\0\0\0`, 'latin1');
const ebml = (docType: string) =>
	Buffer.concat([Buffer.from('1a45dfa39f4286810142f7810142', 'hex'), Buffer.from(docType)]);

describe('videoTypeOf', () => {
	it.each([
		[box('isom'), 'video/mp4', 'mp4'],
		[box('mp42'), 'video/mp4', 'mp4'],
		[box('qt  '), 'video/quicktime', 'mov'],
		[ebml('webm'), 'video/webm', 'webm'],
		[ebml('matroska'), 'video/x-matroska', 'mkv'],
	])('reads the first bytes %p as %s', (head, mimeType, extension) => {
		expect(videoTypeOf(head)).toEqual({ mimeType, extension });
	});

	it.each(['', '<!DOCTYPE html>', 'ftypisom', '\x89PNG\r\n\x1a\n', '{"error":"expired"}'])(
		'does not read %j as a video',
		(head) => {
			expect(videoTypeOf(Buffer.from(head, 'latin1'))).toBeUndefined();
		},
	);
});
