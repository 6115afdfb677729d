import type { VeoClient } from '../../../nodes/Veo/api/client';
import {
	isKeyAccepted,
	isKeyRefused,
	mayBeAccepted,
	mayPass,
	mayResubmit,
	PaidPermit,
	scopeOf,
} from '../../../nodes/Veo/api/policy';
import { OUTCOMES, type Outcome, type OutcomeName } from '../../../nodes/Veo/errors/outcome';
import { expectedOf } from '../../expectedPolicy';

describe('the policy', () => {
	it.each([...OUTCOMES])('matches the expected table for %s', (name) => {
		const outcome = { name };
		const submit = mayResubmit(outcome) ? 'again' : mayBeAccepted(outcome) ? 'unclear' : 'final';
		expect({
			submit,
			wait: isKeyRefused(outcome) ? 'final' : 'again',
			free: mayPass(outcome) ? 'again' : 'final',
			scope: scopeOf(outcome),
		}).toEqual(expectedOf(name));
	});
});

describe('isKeyAccepted', () => {
	const accepted: Outcome[] = [
		{ name: 'code1000', code: 1000 },
		{ name: 'code1001', code: 1001 },
		{ name: 'codeOther', code: 4242 },
		{ name: 'shape', code: 0 },
		{ name: 'http4xx', httpStatus: 404, apiMessage: 'No such video' },
	];

	it.each(accepted)('is true after $name', (outcome) => {
		expect(isKeyAccepted(outcome)).toBe(true);
	});

	// A 404 without a message may come from a server that is not the API.
	const bare: Outcome = { name: 'http4xx', httpStatus: 404 };
	const coded = ['code1000', 'code1001', 'codeOther'];
	const refused: OutcomeName[] = OUTCOMES.filter((name) => !coded.includes(name));

	it.each([bare, ...refused.map((name) => ({ name }))])('is false after $name', (outcome) => {
		expect(isKeyAccepted(outcome)).toBe(false);
	});

	it.each([
		{ name: 'code1002', code: 1002 },
		{ name: 'code1003', code: 1003 },
		{ name: 'code5000', code: 5000 },
		{ name: 'http4xx', httpStatus: 400, apiMessage: 'Bad request' },
	] satisfies Outcome[])('is false after $name with a code or a message', (outcome) => {
		expect(isKeyAccepted(outcome)).toBe(false);
	});
});

describe('the permit for a paid request', () => {
	it('can be used only once', () => {
		const permit = PaidPermit.first();
		permit.use();
		expect(() => permit.use()).toThrow('about to be sent twice');
	});

	it.each([...OUTCOMES])('exists after %s only if no job can have been accepted', (name) => {
		const permit = PaidPermit.afterOutcome({ name });
		expect(permit !== undefined).toBe(expectedOf(name).submit === 'again');
		permit?.use();
		if (permit) expect(() => permit.use()).toThrow();
	});

	it('cannot be constructed, omitted or replaced by another type', () => {
		type Permit = Parameters<VeoClient['generate']>[1];
		const canBeConstructed: typeof PaidPermit extends new () => unknown ? true : false = false;
		const canBeOmitted: undefined extends Permit ? true : false = false;
		const canBeReplaced: { use(): void } extends Permit ? true : false = false;
		expect([canBeConstructed, canBeOmitted, canBeReplaced]).toEqual([false, false, false]);
	});
});
