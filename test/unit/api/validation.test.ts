import {
	checkBasics,
	checkImageUrl,
	checkImageUrlForApi,
	checkPromptLength,
	checkTableName,
	checkUuid,
	countCharacters,
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
	throw new Error('Expected a VeoError');
}

describe('checkBasics', () => {
	it('returns the basic fields unchanged and no other field', () => {
		const raw = { ...good, imageUrl: 'x', unknownField: 1 };
		expect(checkBasics(raw)).toEqual(good);
	});

	it.each(['text_to_video', 'image_to_video'])(
		'accepts the generation type %s',
		(generationType) => {
			expect(checkBasics({ ...good, generationType })).toEqual({ ...good, generationType });
		},
	);

	it.each([['text'], ['TEXT_TO_VIDEO'], [''], [undefined], [null], [1], [['text_to_video']]])(
		'refuses the generation type %j and names the field',
		(generationType) => {
			const refusal = refusalOf(() => checkBasics({ ...good, generationType }));
			expect(refusal.fullText).toContain("'Generation Type'");
			expect(refusal.description).toContain('text_to_video, image_to_video');
			expect(refusal.details).toEqual({ isInput: true });
		},
	);

	it.each(['auto', '16:9', '9:16'])('accepts the aspect ratio %s', (aspectRatio) => {
		expect(checkBasics({ ...good, aspectRatio })).toEqual({ ...good, aspectRatio });
	});

	it.each([[undefined], [null], ['']])('reads the aspect ratio %j as auto', (aspectRatio) => {
		expect(checkBasics({ ...good, aspectRatio }).aspectRatio).toBe('auto');
	});

	it.each([' 16:9', '16:9 ', '16:9\n'])('trims the aspect ratio %j', (aspectRatio) => {
		expect(checkBasics({ ...good, aspectRatio }).aspectRatio).toBe('16:9');
	});

	it.each([{ subject: 'a fox' }, ['a fox', 'snow']])('sends the prompt %j as JSON', (prompt) => {
		expect(checkBasics({ ...good, prompt }).prompt).toBe(JSON.stringify(prompt));
	});

	it.each([['4:3'], ['16: 9'], [['16:9']], [169]])(
		'refuses the aspect ratio %j and names the field',
		(aspectRatio) => {
			const refusal = refusalOf(() => checkBasics({ ...good, aspectRatio }));
			expect(refusal.fullText).toContain("'Aspect Ratio'");
			expect(refusal.description).toContain('auto, 16:9, 9:16');
		},
	);

	it.each([
		[''],
		['  \n\t '],
		[undefined],
		[null],
		[true],
		[{}],
		[[]],
		['A film of [object Object]'],
	])('refuses the prompt %j', (prompt) => {
		const refusal = refusalOf(() => checkBasics({ ...good, prompt }));
		expect(refusal.fullText).toContain("'Prompt'");
		expect(refusal.fullText).toContain('nothing was paid');
	});

	it('accepts a number as the prompt, as from an expression', () => {
		expect(checkBasics({ ...good, prompt: 1984 }).prompt).toBe('1984');
	});

	it('keeps the white space of the prompt', () => {
		const prompt = '  A fox \n in the snow ';
		expect(checkBasics({ ...good, prompt }).prompt).toBe(prompt);
	});
});

describe('checkImageUrl', () => {
	it.each([
		['https://example.com/cat.png', 'https://example.com/cat.png'],
		[' http://localhost:1/a?b=c#d\n', 'http://localhost:1/a?b=c#d'],
		['HTTPS://EXAMPLE.COM/Cat.png', 'HTTPS://EXAMPLE.COM/Cat.png'],
	])('accepts %j', (raw, url) => {
		expect(checkImageUrl(raw)).toBe(url);
	});

	it.each([[''], ['  '], [undefined], [null], [7], [{}]])('reports %j as blank', (raw) => {
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
	])('refuses %j', (raw) => {
		const refusal = refusalOf(() => checkImageUrl(raw));
		expect(refusal.fullText).toContain("'Image URL'");
		expect(refusal.fullText).toContain(raw);
		expect(refusal.description).toContain('http:// or https://');
		expect(isWebAddress(raw)).toBe(false);
	});
});

describe('several image URLs', () => {
	it.each([
		[['https://example.com/a.png']],
		['https://example.com/a.png, https://example.com/b.png'],
		['https://example.com/a.png\nhttp://example.com/b.png'],
		['https://example.com/a.png;http://example.com/b.png'],
		['https://example.com/a.png|HTTPS://example.com/b.png'],
	])('are refused: %j', (raw) => {
		expect(refusalOf(() => checkImageUrl(raw)).fullText).toContain('one image');
	});

	it('are not seen in an address that has another one in its query', () => {
		const url = 'https://example.com/?url=https://example.org/a.png';
		expect(checkImageUrl(url)).toBe(url);
	});
});

describe('an image URL that the API is to open', () => {
	const check = (url: string, isPrivateApi = false) => checkImageUrlForApi(url, isPrivateApi);

	it.each(['https://example.com/cat.png', 'https://example.com/cat.heic.png'])(
		'may be %s',
		(url) => {
			expect(() => check(url)).not.toThrow();
		},
	);

	it('may be private only where the API is private too', () => {
		const { fullText, details } = refusalOf(() => check('http://10.0.0.1/cat.png'));
		expect(fullText).toContain('http://10.0.0.1/cat.png');
		expect(details).toEqual({ isInput: true });
		expect(() => check('http://10.0.0.1/cat.png', true)).not.toThrow();
	});

	it.each([
		['https://www.dropbox.com/s/abc/cat.png', 'Dropbox'],
		['https://we.tl/t-abc', 'WeTransfer'],
	])('must not open a page: %s', (url, service) => {
		expect(refusalOf(() => check(url)).fullText).toContain(service);
	});

	it('that opens a page may be fetched by n8n instead if the file has an address of its own', () => {
		const dropbox = refusalOf(() => check('https://www.dropbox.com/s/abc/cat.png'));
		const wetransfer = refusalOf(() => check('https://we.tl/t-abc'));
		expect(dropbox.description).toContain("'File From URL'");
		expect(wetransfer.description).not.toContain("'File From URL'");
	});

	it.each(['https://example.com/cat.heic', 'https://example.com/cat.HEIF?size=1'])(
		'must not be a HEIC image: %s',
		(url) => {
			expect(refusalOf(() => check(url)).fullText).toContain('HEIC');
		},
	);
});

describe('the length of a prompt', () => {
	it('is counted in characters as people see them', () => {
		expect(countCharacters('a fox')).toBe(5);
		expect(countCharacters('👨‍👩‍👧é')).toBe(2);
	});

	it('is limited where there is a limit', () => {
		expect(() => checkPromptLength('a fox', 5)).not.toThrow();
		expect(() => checkPromptLength('a fox', 0)).not.toThrow();
		expect(() => checkPromptLength('a fox', -1)).not.toThrow();
		const { fullText } = refusalOf(() => checkPromptLength('a fox', 4));
		expect(fullText).toMatch(/5.*4/);
	});
});

describe('the name of a table', () => {
	it.each([
		[' veo jobs ', 'veo jobs'],
		[7, '7'],
	])('is read from %j', (raw, name) => {
		expect(checkTableName(raw)).toBe(name);
	});

	it.each([[''], [' '], [undefined], [{}]])('is refused: %j', (raw) => {
		expect(refusalOf(() => checkTableName(raw)).details).toEqual({ isInput: true });
	});
});

describe('checkUuid', () => {
	it('accepts up to 200 characters', () => {
		expect(checkUuid('v'.repeat(200))).toHaveLength(200);
	});

	it.each([
		['video-uuid-123', 'video-uuid-123'],
		['  v-1\n', 'v-1'],
		[42, '42'],
		['a/b', 'a/b'],
		['...', '...'],
	])('accepts %j', (raw, uuid) => {
		expect(checkUuid(raw)).toBe(uuid);
	});

	it.each<[unknown]>([
		[''],
		[' '],
		['.'],
		['..'],
		[' .. '],
		[undefined],
		[null],
		[true],
		[{}],
		[['v-1']],
		['../x'],
		['a/..'],
		['a/./b'],
		['a\\..\\b'],
		['a b'],
		['\ud800'],
		['v'.repeat(201)],
	])('refuses %j', (raw) => {
		const refusal = refusalOf(() => checkUuid(raw));
		expect(refusal.fullText).toContain("'Video ID'");
		expect(refusal.details).toEqual({ isInput: true });
	});
});
