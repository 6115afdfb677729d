/** How many bytes at the start of a file `videoTypeOf` needs. */
export const VIDEO_HEAD_BYTES = 64;

/** The first bytes of every Matroska and WebM file (EBML). */
const EBML = '1a45dfa3';

/** The video type by the first bytes of a file; undefined if it is not a video. Hosts often send another type. */
export function videoTypeOf(head: Buffer): { mimeType: string; extension: string } | undefined {
	if (head.toString('latin1', 4, 8) === 'ftyp') {
		return head.toString('latin1', 8, 12) === 'qt  '
			? { mimeType: 'video/quicktime', extension: 'mov' }
			: { mimeType: 'video/mp4', extension: 'mp4' };
	}
	if (head.toString('hex', 0, 4) === EBML) {
		return head.includes('webm')
			? { mimeType: 'video/webm', extension: 'webm' }
			: { mimeType: 'video/x-matroska', extension: 'mkv' };
	}
	return undefined;
}
