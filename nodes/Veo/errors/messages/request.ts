import type { Outcome } from '../outcome';
import { VeoError } from '../VeoError';
import type { Situation } from './situation';
import { apiMessageText, lowerFirst, NOTHING_PAID } from './text';

/** A request to the Veo API that was surely not accepted, or that costs nothing. */
export function requestFailed(outcome: Outcome): VeoError {
	const { message, description } = explain(outcome);
	return new VeoError(message, description, detailsOf(outcome));
}

/** A paid request that may have been accepted. */
export const submissionUnclear = (outcome: Outcome, situation: Situation) =>
	unclear(explain(outcome).message, detailsOf(outcome), situation);

/** An earlier try of this execution ended while the paid request was being sent. */
export const submissionInterrupted = (situation: Situation) =>
	unclear(
		'An earlier try of this execution was interrupted while it sent the request',
		{},
		situation,
	);

/** Another execution, item or tool call with the same idempotency key has been sending its request for too long. */
export const keySubmissionUnclear = (situation: Situation) =>
	unclear(
		"The item that used its 'Idempotency Key' first was interrupted while it sent the request",
		{},
		situation,
	);

const unclear = (cause: string, details: VeoError['details'], situation: Situation) =>
	new VeoError(
		`It is unclear whether the API accepted the video: ${lowerFirst(cause)}`,
		`It may have been accepted and billed, so it is not sent again automatically. Look for it in your veo3o1.com account${situation === 'tool' ? ' before you call the tool again' : ''}. To submit it again, which may pay twice, set 'On Unclear Submission' to 'Send Again, May Pay Twice'${situation === 'stops' ? ", save, and use 'Retry with currently saved workflow' in the executions list" : ''}.`,
		{ ...details, isUnclear: true },
	);

/** The user chose to send an unclear request again, and that one is unclear too. */
export const unclearTwice = ({ message, details }: VeoError) =>
	new VeoError(
		message,
		'It was sent twice, and both requests may have been accepted and billed, so a retry does not send it again. Look for the videos in your veo3o1.com account. A new execution sends it again and pays again.',
		details,
	);

/** The user chose to send an unclear request again, but that one was not accepted either. */
export const refusedWhenSentAgain = (unclear: VeoError, thrown: VeoError) =>
	new VeoError(
		unclear.message,
		`${unclear.description} It was not accepted when it was sent again: ${lowerFirst(thrown.message)}.`,
		{ ...thrown.details, isUnclear: true },
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

/** An identical video exists, but the API did not say what became of it. */
export function identicalNotChecked(uuid: string, outcome: Outcome): VeoError {
	const { message, description } = explain(outcome);
	return new VeoError(
		`Video ${uuid} of an identical request could not be checked: ${lowerFirst(message)}`,
		`${description} To make a new video instead, turn off 'Reuse Identical'. ${NOTHING_PAID}`,
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
const CHECK_FIELDS = "Check the node's fields.";
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
				message: `The server answered with a redirect (HTTP ${httpStatus}), which is not followed, in order to protect the key`,
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
				message: `The API received too many requests from this account${apiMessage}`,
				description: `Try again ${retryAfterText(outcome)}, or send fewer items at a time: with 'Max Concurrent Jobs' in Generate and Wait, otherwise with the Loop Over Items node.`,
			};
		case 'code1000':
			return {
				message: `The API did not accept the input${apiMessage}`,
				description: CHECK_FIELDS,
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
		case 'http4xxUnclear':
		case 'http4xx':
		case 'http5xx':
			return {
				message: `The server answered with HTTP ${httpStatus}${apiMessage}`,
				description: name !== 'http4xx' ? LATER : apiMessage ? CHECK_FIELDS : CHECK_BASE_URL,
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
