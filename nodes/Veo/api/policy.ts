import type { Outcome, OutcomeName } from '../errors/outcome';

/**
 * What an outcome says about the request:
 * - `notSent`: it did not reach the API
 * - `throttled`: refused for now, surely not accepted
 * - `rejected`: refused for good, surely not accepted
 * - `keyRefused`: the API key was not accepted
 * - `unclear`: it may have been accepted; another try may get an answer
 * - `answered`: it may have been accepted; another try would get the same answer
 */
type Consequence = 'notSent' | 'throttled' | 'rejected' | 'keyRefused' | 'unclear' | 'answered';

/** What else an outcome concerns: only this item, all requests to the API, or this moment. */
type Scope = 'item' | 'api' | 'moment';

/** The only classification of outcomes. Everything below is derived from it. */
export const POLICY: Record<OutcomeName, readonly [Consequence, Scope]> = {
	refused: ['notSent', 'api'],
	dns: ['notSent', 'api'],
	unreachable: ['notSent', 'api'],
	connectTimeout: ['notSent', 'api'],
	tls: ['rejected', 'api'],
	timeout: ['unclear', 'moment'],
	reset: ['unclear', 'moment'],
	tooLarge: ['answered', 'item'],
	redirect: ['rejected', 'item'],
	// A service may answer a POST that it accepted with 302 or 303.
	seeOther: ['answered', 'item'],
	http401: ['keyRefused', 'api'],
	http403: ['keyRefused', 'api'],
	// 408, 409, 425 and 499: the server may have accepted the request before.
	http4xxUnclear: ['unclear', 'moment'],
	http429: ['throttled', 'api'],
	http4xx: ['rejected', 'item'],
	http5xx: ['unclear', 'moment'],
	code1000: ['rejected', 'item'],
	code1001: ['rejected', 'item'],
	code1002: ['keyRefused', 'api'],
	code1003: ['throttled', 'api'],
	code5000: ['unclear', 'moment'],
	codeOther: ['answered', 'item'],
	html: ['unclear', 'moment'],
	empty: ['unclear', 'item'],
	notJson: ['unclear', 'item'],
	shape: ['unclear', 'item'],
};

const consequenceOf = ({ name }: Outcome) => POLICY[name][0];

export const scopeOf = ({ name }: Outcome): Scope => POLICY[name][1];

export const isKeyRefused = (outcome: Outcome) => consequenceOf(outcome) === 'keyRefused';

/** The paid request was surely not accepted, and another try may succeed. */
export const mayResubmit = (outcome: Outcome) =>
	['notSent', 'throttled'].includes(consequenceOf(outcome));

/** The paid request may have been accepted. */
export const mayBeAccepted = (outcome: Outcome) =>
	['unclear', 'answered'].includes(consequenceOf(outcome));

/** Another try of a request that costs nothing may succeed. */
export const mayPass = (outcome: Outcome) =>
	['notSent', 'throttled', 'unclear'].includes(consequenceOf(outcome));

/** The paid request was refused only for now: too many requests, or too many jobs at a time. */
export const isThrottled = (outcome: Outcome) => consequenceOf(outcome) === 'throttled';

/** The API itself says that it does not know the video, not only a server in between. */
export const isGone = ({ name, httpStatus, code }: Outcome) =>
	name === 'code1000' || ((httpStatus === 404 || httpStatus === 410) && code !== undefined);

/** A video file that is not there may be published later. A host has no key to refuse, so 401 and 403 count as well. */
export const mayAppear = (outcome: Outcome) =>
	mayPass(outcome) ||
	isKeyRefused(outcome) ||
	(consequenceOf(outcome) === 'rejected' && scopeOf(outcome) === 'item');

/** A status check of an unknown video shows that the API accepted the key. */
export const isKeyAccepted = (outcome: Outcome) =>
	outcome.code === 0 ||
	(outcome.code !== undefined && ['rejected', 'answered'].includes(consequenceOf(outcome))) ||
	(outcome.httpStatus === 404 && outcome.apiMessage !== undefined);

/**
 * The right to send the paid request once. An item gets one if it was never submitted, and another one for each proof
 * that the API did not accept it, or if the user chose to pay again. `VeoClient.generate` cannot be called without.
 */
export class PaidPermit {
	private used = false;

	private constructor() {}

	/** For an item that was never submitted. */
	static first(): PaidPermit {
		return new PaidPermit();
	}

	/** For an item whose last request was surely not accepted; undefined where that is not sure. */
	static afterOutcome(outcome: Outcome): PaidPermit | undefined {
		return mayResubmit(outcome) ? new PaidPermit() : undefined;
	}

	/** For an item whose video failed, or whose last request is unclear: the user chose to pay once more. */
	static byUserChoice(): PaidPermit {
		return new PaidPermit();
	}

	/** Throws if the permit was used before. */
	use(): void {
		if (this.used) throw new Error('A paid request was about to be sent twice');
		this.used = true;
	}
}
