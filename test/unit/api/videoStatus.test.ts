import { isComplete, isFinal, usableUrlOf } from '../../../nodes/Veo/api/videoStatus';

const URL = 'https://example.com/v.mp4';

describe('the status of a video', () => {
	it.each([
		['pending', false],
		['processing', false],
		['completed', true],
		['failed', true],
		['queued', false],
		['COMPLETED', false],
		['', false],
		['constructor', false],
		['__proto__', false],
	])('%j is final: %p', (status, final) => {
		expect(isFinal(status)).toBe(final);
	});
});

describe('the URL of a video', () => {
	it.each([[undefined], [null], [''], [7], [['https://example.com/v.mp4']], ['v.mp4']])(
		'%j cannot be used',
		(videoUrl) => {
			expect(usableUrlOf({ videoUrl })).toBeUndefined();
		},
	);

	it('can be used if it is one', () => {
		expect(usableUrlOf({ videoUrl: URL })).toBe(URL);
	});
});

describe('a video', () => {
	it.each([
		[{ status: 'completed', videoUrl: URL }, true],
		[{ status: 'completed' }, false],
		[{ status: 'completed', videoUrl: 'soon' }, false],
		[{ status: 'failed' }, true],
		[{ status: 'processing', videoUrl: URL }, false],
	])('%j is complete: %p', (video, complete) => {
		expect(isComplete({ uuid: 'v-1', ...video })).toBe(complete);
	});
});
