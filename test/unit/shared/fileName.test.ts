import fc from 'fast-check';
import { toFileStem } from '../../../nodes/Veo/shared/fileName';

describe('the file name', () => {
	it.each([
		['fox', 'fox'],
		['  fox  ', 'fox'],
		['fox.mp4', 'fox'],
		['fox.MOV', 'fox'],
		['fox.v2', 'fox.v2'],
		['fox 1_final-cut', 'fox 1_final-cut'],
		[42, '42'],
		['लोमड़ी', 'लोमड़ी'],
		['Füchse 狐 ثعلب', 'Füchse 狐 ثعلب'],
		['../../etc/passwd', '_.._etc_passwd'],
		['C:\\videos\\fox', 'C_videos_fox'],
		['a"\r\nb', 'a_b'],
		['fox\u202Egpj', 'fox_gpj'],
		['fox 🦊 1', 'fox _ 1'],
		['.hidden', 'hidden'],
		['fox. . ', 'fox'],
		['CON', '_CON'],
		['nul.tar', '_nul.tar'],
		['com1 .x', '_com1 .x'],
		['console', 'console'],
	])('of %j is %j', (raw, stem) => {
		expect(toFileStem(raw)).toBe(stem);
	});

	it.each(['', '  ', '...', '.mp4', '/', '🦊', '\0', null, undefined, {}, ['fox'], true])(
		'is left to the ID where %j is asked for',
		(raw) => {
			expect(toFileStem(raw)).toBeUndefined();
		},
	);

	it('can be held by every file system, whatever is asked for', () => {
		const piece = fc.oneof(
			fc.string({ unit: 'grapheme' }),
			fc.constantFrom('..', '/', '\\', 'con', 'aux.', ' ', '.mp4', 'ä'.repeat(90), '狐'.repeat(60)),
		);
		fc.assert(
			fc.property(fc.array(piece), (pieces) => {
				const stem = toFileStem(pieces.join(''));
				if (stem === undefined) return;
				expect(stem).toMatch(/^[\p{L}\p{M}\p{N}_-]([\p{L}\p{M}\p{N} ._-]*[\p{L}\p{M}\p{N}_-])?$/u);
				expect(Buffer.byteLength(`${stem}.mp4`)).toBeLessThanOrEqual(120);
				expect(stem).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i);
			}),
		);
	});

	it('splits no character where it is too long', () => {
		const family = 'e\u0301\u0323'.repeat(60);
		const stem = toFileStem(family) ?? '';
		expect(family.normalize('NFC').startsWith(stem)).toBe(true);
		expect([...new Intl.Segmenter().segment(stem)].at(-1)?.segment).toBe(
			'e\u0301\u0323'.normalize('NFC'),
		);
	});
});
