import fc from 'fast-check';
import { answerCleaner } from '../../../nodes/Veo/http/redact';

const KEY = 'sk-live/0123456789+abc"==';
const clean = answerCleaner(KEY);

/** What is left of a text that stands in an answer. */
const cleaned = (text: string, key = KEY) =>
	(JSON.parse(answerCleaner(key)(JSON.stringify({ text }))) as { text: string }).text;

const escaped = (text: string) =>
	[...text].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
const percent = (text: string) =>
	[...Buffer.from(text)].map((byte) => `%${byte.toString(16)}`).join('');
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('The key in an answer is removed', () => {
	const forms: Array<[string, string]> = [
		['plain', KEY],
		['URL-encoded', encodeURIComponent(KEY)],
		['URL-encoded as a form', encodeURIComponent(KEY).replaceAll('%20', '+')],
		['URL-encoded in lower case', encodeURIComponent(KEY).toLowerCase()],
		['with each character URL-encoded', percent(KEY)],
		['URL-encoded twice', encodeURIComponent(encodeURIComponent(KEY))],
		['in Base64', base64(KEY)],
		['in Base64 for addresses', Buffer.from(KEY).toString('base64url')],
		['in JSON in a text', JSON.stringify({ key: KEY })],
		['in JSON in JSON in a text', JSON.stringify(JSON.stringify({ key: KEY }))],
		['in JSON with escaped letters in a text', escaped(KEY)],
		['in JSON with escaped slashes in a text', KEY.replaceAll('/', '\\/').replace('"', '\\"')],
		['in HTML', [...KEY].map((c) => `&#${c.charCodeAt(0)};`).join('')],
		['in HTML, hexadecimal', [...KEY].map((c) => `&#x${c.charCodeAt(0).toString(16)};`).join('')],
	];
	it.each(forms)('%s', (_, form) => {
		const result = cleaned(`before ${form} after ${form}`);
		expect(result).not.toContain(form);
		for (let decoded = result, i = 0; i < 3; i++) {
			expect(decoded).not.toContain(KEY);
			try {
				decoded = decodeURIComponent(decoded);
			} catch {
				break;
			}
		}
		expect(result).toMatch(/^before .*\*{5}.* after .*\*{5}/);
	});

	it.each(['', 'B', 'Be', 'Bearer ', 'user:password'])(
		'in Base64 after "%s", but for the bits at its ends',
		(prefix) => {
			for (const suffix of ['', '!', '!!', '!!!']) {
				const form = base64(prefix + KEY + suffix);
				const result = cleaned(form);
				expect(result).toContain('*****');
				expect(Buffer.from(result.replace('*****', ''), 'base64').toString('latin1')).not.toContain(
					KEY.slice(1, -1),
				);
			}
		},
	);

	it('in a name', () => {
		expect(JSON.parse(clean(JSON.stringify({ [`x ${KEY}`]: { [KEY]: 1 } })))).toEqual({
			'x *****': { '*****': 1 },
		});
	});

	it('behind a byte order mark, with escaped letters', () => {
		expect(clean(`\uFEFF{"msg":"Bad key ${escaped(KEY)}"}`)).toBe('{"msg":"Bad key *****"}');
	});

	it('in what is not JSON', () => {
		expect(clean(`<html>${KEY}</html>`)).toBe('<html>*****</html>');
	});

	it('in many nested arrays, and the rest can be read', () => {
		const nested = `${'['.repeat(200_000)}"${escaped(KEY)}"${']'.repeat(200_000)}`;
		const body = `{"code":0,"data":{"uuid":"v-1","echo":${nested},"msg":"${escaped(KEY)}"}}`;
		const result = clean(body);
		expect(result).not.toContain(KEY);
		expect(JSON.parse(result)).toMatchObject({ code: 0, data: { uuid: 'v-1', msg: '*****' } });
	});
});

describe('A key that is short', () => {
	it.each(['a', 'ab', 'k3y', 'abc123', 'a.b-c+d'])('is removed as a word: %s', (key) => {
		expect(cleaned(`Bad key ${key}.`, key)).toBe('Bad key *****.');
		expect(cleaned(`"${key}", ${key}`, key)).toBe('"*****", *****');
		expect(cleaned(`key=${base64(key)}`, key)).not.toContain(base64(key));
	});

	it('leaves words and IDs alone that it is a part of', () => {
		for (const text of ['completed', 'v-e-1', 'e_1', 'https://example.com/the/end']) {
			expect(cleaned(text, 'e')).toBe(text);
		}
	});
});

it('leaves an answer without the key as it is', () => {
	fc.assert(
		fc.property(fc.jsonValue({ maxDepth: 20 }), (value) => {
			const text = JSON.stringify(value);
			expect(clean(text)).toBe(JSON.stringify(JSON.parse(text)));
		}),
	);
});

it('cuts what is nested too deeply, and keeps what is not', () => {
	const nest = (levels: number) =>
		`{"uuid":"v-1","deep":${'{"a":['.repeat(levels / 2)}1${']}'.repeat(levels / 2)}}`;
	expect(clean(nest(80))).toBe(nest(80));
	const cut = clean(nest(10_000));
	expect(cut.split(/[[{]/).length - 1).toBeLessThan(100);
	expect(JSON.parse(cut)).toMatchObject({ uuid: 'v-1' });
});

it('keeps a field that is named like a part of every object', () => {
	const body = '{"__proto__":{"a":1},"constructor":2}';
	expect(clean(body)).toBe(body);
});

it('needs time in proportion to the answer', () => {
	const took = (body: string) => {
		const startedMs = performance.now();
		clean(body);
		return performance.now() - startedMs;
	};
	for (const unit of ['\\u0041', '%25', '&#65;', KEY.slice(0, -1), '\\\\\\\\', '"', '[]']) {
		const text =
			unit === '[]' ? `[${'[],'.repeat(300_000)}1]` : JSON.stringify(unit.repeat(100_000));
		expect(took(text)).toBeLessThan(3_000);
	}
});
