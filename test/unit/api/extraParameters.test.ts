import { checkExtraParameters } from '../../../nodes/Veo/api/extraParameters';

const nested = (levels: number): object => (levels === 1 ? {} : { a: nested(levels - 1) });

describe('extra parameters', () => {
	it.each([
		['', {}],
		[undefined, {}],
		[null, {}],
		['{}', {}],
		['{"seed": 42}', { seed: 42 }],
		[{ seed: 42 }, { seed: 42 }],
		['\uFEFF {"aspect_ratio": "1:1"}', { aspect_ratio: '1:1' }],
		[{ model: 'veo3', list: [1, { b: 2 }], off: false, none: null }, undefined],
	])('are read from %j', (raw, expected) => {
		expect(checkExtraParameters(raw)).toEqual(expected ?? raw);
	});

	it('are the same text in any order', () => {
		const one = checkExtraParameters('{"b": {"y": 1, "x": [{"q": 1, "p": 2}]}, "a": 2}');
		const other = checkExtraParameters('{"a": 2, "b": {"x": [{"p": 2, "q": 1}], "y": 1}}');
		expect(JSON.stringify(one)).toBe(JSON.stringify(other));
	});

	it.each([
		['seed', 'are not JSON in curly brackets'],
		['{"seed": }', 'are not JSON in curly brackets'],
		['[1]', 'are not JSON in curly brackets'],
		['null', 'are not JSON in curly brackets'],
		[42, 'are not JSON in curly brackets'],
		[10n, 'are not JSON in curly brackets'],
		[() => 1, 'are not JSON in curly brackets'],
		[['seed'], 'are not JSON in curly brackets'],
		['{"prompt": "x"}', 'name "prompt"'],
		['{"ASPECTRATIO": "16:9"}', 'name "ASPECTRATIO"'],
		['{"imageurl": "x"}', 'name "imageurl"'],
		['{"__proto__": {}}', 'contain the name "__proto__"'],
		['{"a": [{"constructor": 1}]}', 'contain the name "constructor"'],
		['{"a": {"prototype": 1}}', 'contain the name "prototype"'],
		[nested(11), 'are nested more than 10 levels deep'],
		[`{"a": ${'['.repeat(7_000)}${']'.repeat(7_000)}}`, 'are nested more than 10 levels deep'],
		[`{"a": "${'x'.repeat(16 * 1024)}"}`, 'have more than 16 kB'],
		[{ a: 'ä'.repeat(8 * 1024) }, 'have more than 16 kB'],
	])('are refused: %#', (raw, words) => {
		expect(() => checkExtraParameters(raw)).toThrow(words);
	});

	it('may have 16 kB', () => {
		const text = JSON.stringify({ a: 'x'.repeat(16 * 1024 - 8) });
		expect(text).toHaveLength(16 * 1024);
		expect(checkExtraParameters(text)).toHaveProperty('a');
	});

	it('may be nested 10 levels deep', () => {
		expect(checkExtraParameters(nested(10))).toEqual(nested(10));
	});
});
