import type { Outcome } from '../outcome';
import { VeoError } from '../VeoError';
import { apiMessageText, lowerFirst } from './text';

/** A request to the Veo API that was surely not accepted, or that costs nothing. */
export function requestFailed(outcome: Outcome): VeoError {
	const { message, description } = explain(outcome);
	return new VeoError(message, description, detailsOf(outcome));
}

/** A paid request that may have been accepted. */
export const submissionUnclear = (outcome: Outcome) =>
	unclear(explain(outcome).message, detailsOf(outcome));

/** An earlier try of this execution ended while the paid request was being sent. */
export const submissionInterrupted = () =>
	unclear('An earlier try of this execution was interrupted while it sent the request', {});

const unclear = (cause: string, details: VeoError['details']) =>
	new VeoError(
		`It is unclear whether the API accepted the video: ${lowerFirst(cause)}`,
		'It may have been accepted and billed, so it is not sent again automatically. Look for it in your veo3o1.com account. To submit it anyway, start a new execution. A retry of this execution does not submit it again.',
		{ ...details, isUnclear: true },
	);

/** A status check that failed. */
export function statusFailed(uuid: string, outcome: Outcome): VeoError {
	const { message, description } = explain(outcome);
	const isNotFound = outcome.name === 'http4xx' || outcome.name === 'code1000';
	return new VeoError(
		`The status of video ${uuid} could not be checked: ${lowerFirst(message)}`,
		isNotFound ? "Check 'Video ID': it is the 'uuid' that Generate returned." : description,
		{ uuid, ...detailsOf(outcome) },
	);
}

/** What an outcome adds to the details of an error. */
export const detailsOf = (outcome: Outcome) => ({
	httpStatus: outcome.httpStatus,
	code: outcome.code,
	technical: technicalText(outcome),
});

function technicalText({ httpStatus, code, apiMessage, networkCode }: Outcome): string | undefined {
	const parts = [
		httpStatus !== undefined && `HTTP status: ${httpStatus}`,
		code !== undefined && `API code: ${code}`,
		apiMessage && `API message: ${apiMessage}`,
		networkCode && `Network: ${networkCode}`,
	].filter((part) => typeof part === 'string');
	return parts.length > 0 ? parts.join('. ') : undefined;
}

const CHECK_BASE_URL =
	"Check 'Base URL' in the Veo API credential and your network, then try again.";
const LATER = 'Try again later.';

/** What an outcome means, for all kinds of requests to the Veo API. */
function explain(outcome: Outcome): { message: string; description: string } {
	const { name, httpStatus } = outcome;
	const apiMessage = apiMessageText(outcome.apiMessage);
	switch (name) {
		case 'refused':
		case 'dns':
		case 'unreachable':
		case 'connectTimeout':
			return { message: 'The server could not be reached', description: CHECK_BASE_URL };
		case 'tls':
			return { message: "The server's certificate was not accepted", description: CHECK_BASE_URL };
		case 'timeout':
			return {
				message: 'The server did not answer in time',
				description: "Try again later, or raise 'Request Timeout'.",
			};
		case 'reset':
			return {
				message: 'The connection broke before the answer was complete',
				description: LATER,
			};
		case 'tooLarge':
			return {
				message: 'The answer was too large to come from the API',
				description: CHECK_BASE_URL,
			};
		case 'redirect':
		case 'seeOther':
			return {
				message: `The server answered with a redirect (HTTP ${httpStatus}), which is not followed to protect the key`,
				description: CHECK_BASE_URL,
			};
		case 'http401':
		case 'http403':
		case 'code1002':
			return {
				message: `The API refused the key${apiMessage}`,
				description: "Check 'API Key' in the Veo API credential.",
			};
		case 'http429':
		case 'code1003':
			return {
				message: 'The API received too many requests from this account',
				description: `Try again ${retryAfterText(outcome)}, or send fewer items at a time.`,
			};
		case 'code1000':
			return {
				message: `The API did not accept the input${apiMessage}`,
				description: "Check the node's fields.",
			};
		case 'code1001':
			return {
				message: creditsText(outcome.data),
				description: 'Add credits in your veo3o1.com account, then try again.',
			};
		case 'code5000':
			return {
				message: `The API could not handle the request${apiMessage}`,
				description: LATER,
			};
		case 'codeOther':
			return {
				message: `The API answered with code ${outcome.code}${apiMessage}`,
				description: LATER,
			};
		case 'http408':
		case 'http4xx':
		case 'http5xx':
			return {
				message: `The server answered with HTTP ${httpStatus}${apiMessage}`,
				description: name === 'http4xx' ? CHECK_BASE_URL : LATER,
			};
		case 'html':
		case 'empty':
		case 'notJson':
		case 'shape':
			return {
				message: `The server's answer was ${UNREADABLE[name]}`,
				description: CHECK_BASE_URL,
			};
	}
}

const UNREADABLE = {
	html: 'a web page instead of data',
	empty: 'empty',
	notJson: 'incomplete or garbled',
	shape: 'not what the API reference describes',
};

function creditsText({ required, current }: Record<string, unknown> = {}): string {
	return typeof required === 'number' && typeof current === 'number'
		? `Not enough credits: needs ${required} credits, ${current} left`
		: 'Not enough credits';
}

function retryAfterText({ retryAfterMs }: Outcome): string {
	return retryAfterMs === undefined ? 'later' : `in ${Math.ceil(retryAfterMs / 1000)} seconds`;
}

/** The API refused a paid request. It names no maximum length of a prompt, so the message says how long this one was. */
export function submissionRefused(outcome: Outcome, promptLength: number): VeoError {
	const { message, description, details } = requestFailed(outcome);
	if (outcome.name !== 'code1000') return new VeoError(message, description, details);
	const hint = `The prompt had ${promptLength} characters.`;
	return new VeoError(message, `${description} ${hint}`, details);
}
