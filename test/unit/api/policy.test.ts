import type { VeoClient } from '../../../nodes/Veo/api/client';
import { OUTCOMES } from '../../../nodes/Veo/errors/outcome';
import { PaidPermit, POLICY } from '../../../nodes/Veo/api/policy';

// Whoever changes the policy changes this too, and so says twice that it is meant.
const TABLE = `
                 generate  wait    status  upload  download
refused          again     again   again   again   again
dns              again     again   again   again   again
unreachable      again     again   again   again   again
connectTimeout   again     again   again   again   again
tls              final     again   final   final   final
timeout          unclear   again   again   again   again
reset            unclear   again   again   again   again
tooLarge         unclear   again   final   final   final
redirect         final     again   final   final   final
seeOther          unclear   again   final   final   final
http401          final     final   final   final   final
http403          final     final   final   final   final
http408          unclear   again   again   again   again
http429          again     again   again   again   again
http4xx          final     again   final   final   final
http5xx          unclear   again   again   again   again
code1000         final     again   final   final   final
code1001         final     again   final   final   final
code1002         final     final   final   final   final
code1003         again     again   again   again   again
code5000         unclear   again   again   again   again
codeOther        unclear   again   final   final   final
html             unclear   again   again   again   again
empty            unclear   again   again   again   again
notJson          unclear   again   again   again   again
shape            unclear   again   again   again   again
`;

const [head = '', ...lines] = TABLE.trim().split('\n');
const kinds = head.trim().split(/\s+/);
const expected: unknown = Object.fromEntries(
	lines.map((line) => {
		const [name, ...verdicts] = line.split(/\s+/);
		return [name, Object.fromEntries(kinds.map((kind, column) => [kind, verdicts[column]]))];
	}),
);

describe('the policy', () => {
	it('is this table, and has a line for every outcome', () => {
		expect(POLICY).toEqual(expected);
		expect(Object.keys(POLICY)).toEqual([...OUTCOMES]);
	});

	it('calls nothing unclear but the paid request', () => {
		for (const { wait, status, upload, download } of Object.values(POLICY)) {
			expect([wait, status, upload, download]).not.toContain('unclear');
		}
	});
});

describe('the permit for a paid request', () => {
	it('can be used once, not twice', () => {
		const permit = PaidPermit.first();
		permit.use();
		expect(() => permit.use()).toThrow('about to be sent twice');
	});

	it.each([...OUTCOMES])('after %s is there only where nothing can have been accepted', (name) => {
		const surelyNot = ['refused', 'dns', 'unreachable', 'connectTimeout', 'http429', 'code1003'];
		const permit = PaidPermit.afterOutcome({ name });
		expect(permit !== undefined).toBe(surelyNot.includes(name));
		permit?.use();
		if (permit) expect(() => permit.use()).toThrow();
	});

	it('cannot be made or left out otherwise, as the compiler knows', () => {
		type Permit = Parameters<VeoClient['generate']>[1];
		const canBeMade: typeof PaidPermit extends new () => unknown ? true : false = false;
		const canBeLeftOut: undefined extends Permit ? true : false = false;
		const canBeForged: { use(): void } extends Permit ? true : false = false;
		expect([canBeMade, canBeLeftOut, canBeForged]).toEqual([false, false, false]);
	});
});
