import type { VeoClient } from '../../../nodes/Veo/api/client';
import {
	isKeyAccepted,
	isGone,
	isKeyRefused,
	isThrottled,
	mayAppear,
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

describe('isThrottled', () => {
	it.each([...OUTCOMES])('is true after %s only if the API refuses it for now', (name) => {
		expect(isThrottled({ name })).toBe(name === 'http429' || name === 'code1003');
	});
});

describe('isGone', () => {
	it.each([
		{ name: 'code1000', httpStatus: 200, code: 1000 },
		{ name: 'code1000' },
		{ name: 'http4xx', httpStatus: 404, code: 4 },
		{ name: 'http4xx', httpStatus: 410, code: 4 },
	] satisfies Outcome[])('is true after %j', (outcome) => {
		expect(isGone(outcome)).toBe(true);
	});

	// A server between n8n and the API answers without a code.
	it.each([
		{ name: 'http4xx', httpStatus: 404 },
		{ name: 'http4xx', httpStatus: 410 },
		{ name: 'http4xx', httpStatus: 400, code: 4 },
		{ name: 'codeOther', httpStatus: 200, code: 4 },
		{ name: 'http5xx', httpStatus: 502 },
	] satisfies Outcome[])('is false after %j', (outcome) => {
		expect(isGone(outcome)).toBe(false);
	});
});

describe('a video file', () => {
	const never: OutcomeName[] = ['tls', 'tooLarge', 'seeOther', 'codeOther'];

	it.each([...OUTCOMES])('may appear after %s unless that is for good', (name) => {
		expect(mayAppear({ name })).toBe(!never.includes(name));
	});
});

describe('the permit for a paid request', () => {
	it('exists where the user chose to pay again, and is used once like any other', () => {
		const permit = PaidPermit.byUserChoice();
		permit.use();
		expect(() => permit.use()).toThrow('about to be sent twice');
	});

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
