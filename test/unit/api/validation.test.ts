import {
	checkBasics,
	checkImageUrl,
	checkUuid,
	isWebAddress,
} from '../../../nodes/Veo/api/validation';
import { VeoError } from '../../../nodes/Veo/errors/VeoError';

const good = { generationType: 'text_to_video', prompt: 'A fox in the snow', aspectRatio: '16:9' };

function refusalOf(check: () => unknown): VeoError {
	try {
		check();
	} catch (thrown) {
		if (thrown instanceof VeoError) return thrown;
		throw thrown;
	}
	throw new Error('It was not refused');
}

describe('the basics of a generate request', () => {
	it('are given as they came, and nothing else', () => {
		const raw = { ...good, imageUrl: 'x', surprise: 1 };
		expect(checkBasics(raw)).toEqual(good);
	});

	it.each(['text_to_video', 'image_to_video'])('take the generation type %s', (generationType) => {
		expect(checkBasics({ ...good, generationType })).toEqual({ ...good, generationType });
	});

	it.each([['text'], ['TEXT_TO_VIDEO'], [''], [undefined], [null], [1], [['text_to_video']]])(
		'refuse the generation type %j by its display name',
		(generationType) => {
			const refusal = refusalOf(() => checkBasics({ ...good, generationType }));
			expect(refusal.fullText).toContain("'Generation Type'");
			expect(refusal.description).toContain('text_to_video, image_to_video');
			expect(refusal.details).toEqual({ isInput: true });
		},
	);

	it.each(['auto', '16:9', '9:16'])('take the aspect ratio %s', (aspectRatio) => {
		expect(checkBasics({ ...good, aspectRatio })).toEqual({ ...good, aspectRatio });
	});

	it.each([[undefined], [null], ['']])('take the aspect ratio %j for auto', (aspectRatio) => {
		expect(checkBasics({ ...good, aspectRatio }).aspectRatio).toBe('auto');
	});

	it.each([['4:3'], [' 16:9'], [['16:9']], [169]])(
		'refuse the aspect ratio %j by its display name',
		(aspectRatio) => {
			const refusal = refusalOf(() => checkBasics({ ...good, aspectRatio }));
			expect(refusal.fullText).toContain("'Aspect Ratio'");
			expect(refusal.description).toContain('auto, 16:9, 9:16');
		},
	);

	it.each([[''], ['  \n\t '], [undefined], [null], [true], [{}]])(
		'refuse the prompt %j',
		(prompt) => {
			const refusal = refusalOf(() => checkBasics({ ...good, prompt }));
			expect(refusal.fullText).toContain("'Prompt'");
			expect(refusal.fullText).toContain('nothing was paid');
		},
	);

	it('take a number for a prompt, as an expression may give it', () => {
		expect(checkBasics({ ...good, prompt: 1984 }).prompt).toBe('1984');
	});

	it('leave the prompt as the user wrote it', () => {
		const prompt = '  A fox \n in the snow ';
		expect(checkBasics({ ...good, prompt }).prompt).toBe(prompt);
	});
});

describe('the address of an image', () => {
	it.each([
		['https://example.com/cat.png', 'https://example.com/cat.png'],
		[' http://localhost:1/a?b=c#d\n', 'http://localhost:1/a?b=c#d'],
		['HTTPS://EXAMPLE.COM/Cat.png', 'HTTPS://EXAMPLE.COM/Cat.png'],
	])('may be %j', (raw, address) => {
		expect(checkImageUrl(raw)).toBe(address);
	});

	it.each([[''], ['  '], [undefined], [null], [7], [{}]])('is missing where it is %j', (raw) => {
		const refusal = refusalOf(() => checkImageUrl(raw));
		expect(refusal.message).toBe("The 'Image URL' is blank");
		expect(refusal.description).toContain("'Image Source'");
	});

	it.each([
		'cat.png',
		'/tmp/cat.png',
		'//example.com/cat.png',
		'ftp://example.com/cat.png',
		'file:///etc/passwd',
		'javascript:alert(1)',
		'data:image/png;base64,iVBORw0KGgo=',
		'https://',
		'https://a b/',
		'xhttp://example.com',
	])('may not be %j', (raw) => {
		const refusal = refusalOf(() => checkImageUrl(raw));
		expect(refusal.fullText).toContain("'Image URL'");
		expect(refusal.fullText).toContain(raw);
		expect(refusal.description).toContain('http:// or https://');
		expect(isWebAddress(raw)).toBe(false);
	});
});

describe('the ID of a video', () => {
	it.each([
		['video-uuid-123', 'video-uuid-123'],
		['  v-1\n', 'v-1'],
		[42, '42'],
		['a/b', 'a/b'],
		['...', '...'],
	])('may be %j', (raw, uuid) => {
		expect(checkUuid(raw)).toBe(uuid);
	});

	it.each([[''], [' '], ['.'], ['..'], [' .. '], [undefined], [null], [true], [{}], [['v-1']]])(
		'may not be %j',
		(raw) => {
			const refusal = refusalOf(() => checkUuid(raw));
			expect(refusal.fullText).toContain("'Video ID'");
			expect(refusal.details).toEqual({ isInput: true });
		},
	);
});
