import { VeoFailure } from './VeoError';
import type { JsonObject, Outcome } from './outcome';
import { POLICY, type RequestKind } from '../api/policy';

/**
 * Every text that tells a user of something gone wrong, in one place: what happened, then how to go on. n8n asks for
 * fields by their display names and for none of the words "error", "problem", "failure" and "mistake".
 */

const NOTHING_PAID = 'Nothing was sent, so nothing was paid.';

export const blankPrompt = () =>
	new VeoFailure(
		"The 'Prompt' is blank",
		`Describe the video in 'Prompt' and run the node again. ${NOTHING_PAID}`,
		{ input: true },
	);

export const notAChoice = (displayName: string, value: unknown, choices: readonly string[]) =>
	new VeoFailure(
		`'${displayName}' is ${quoted(value)}, which the API does not know`,
		`Use one of: ${choices.join(', ')}. ${NOTHING_PAID}`,
		{ input: true },
	);

export const missingImageUrl = () =>
	new VeoFailure(
		"The 'Image URL' is blank",
		`Image to video needs an image: fill in 'Image URL', or set 'Image Source' to 'File From Input'. ${NOTHING_PAID}`,
		{ input: true },
	);

export const badImageUrl = (url: string) =>
	new VeoFailure(
		`The 'Image URL' ${quoted(url)} is not a web address`,
		`Give an address that begins with http:// or https://. ${NOTHING_PAID}`,
		{ input: true },
	);

export const notAnImage = (fieldName: string, formats: string) =>
	new VeoFailure(
		`The file in '${fieldName}' is not a ${formats} image`,
		`Convert it, or choose another file with 'Input Data Field Name'. The file's content counts, not its name. ${NOTHING_PAID}`,
		{ input: true },
	);

export const imageTooLarge = (fieldName: string, bytes: number, largestBytes: number) =>
	new VeoFailure(
		`The image in '${fieldName}' has ${megabytes(bytes)} MB, and the API takes at most ${megabytes(largestBytes)} MB`,
		`Make the image smaller before this node. ${NOTHING_PAID}`,
		{ input: true },
	);

export const noImageFile = (fieldName: string) =>
	new VeoFailure(
		`The input has no file in '${fieldName}'`,
		`Check 'Input Data Field Name', and that the node before this one gives a file. ${NOTHING_PAID}`,
		{ input: true },
	);

export const badUuid = () =>
	new VeoFailure(
		"The 'Video ID' is blank or not a video ID",
		"Fill in the 'uuid' that Generate gave for the video.",
		{ input: true },
	);

export const blankTableName = () =>
	new VeoFailure(
		"The 'Job Table Name' is blank",
		'Fill in the name of the Data Table that holds the jobs, such as veo_jobs.',
		{ input: true },
	);

export const badBaseUrl = (credentialName: string) =>
	new VeoFailure(
		`The 'Base URL' in the ${credentialName} credential is not a web address`,
		'Open the credential and set it to an address that begins with http:// or https://.',
		{ input: true },
	);

export const badApiKey = (credentialName: string) =>
	new VeoFailure(
		`The 'API Key' in the ${credentialName} credential is blank or holds a character that no key has`,
		'Open the credential and paste the key anew, without anything before, within or after it.',
		{ input: true },
	);

/** A request that the API did not answer as asked, before any job was accepted for it. */
export function requestFailed(kind: RequestKind, outcome: Outcome): VeoFailure {
	const { what, next } = explain(outcome);
	const facts = factsOf(outcome);
	if (POLICY[outcome.name][kind] === 'unclear') return unclear(what, facts);
	return new VeoFailure(what, next, facts);
}

const unclear = (what: string, facts: VeoFailure['facts']) =>
	new VeoFailure(
		`It is unclear whether the API accepted the video: ${lowerFirst(what)}`,
		'It may have been accepted and billed, so it is not sent again by itself. Look for it in your veo3o1.com account. To submit it all the same, start a new execution; a retry of this one leaves it alone.',
		{ ...facts, unclear: true },
	);

/** An earlier try of this execution ended in the middle of the paid request. */
export const interruptedSubmission = () =>
	unclear('An earlier try of this execution was interrupted while it sent the request', {});

/** An earlier try of this execution got an unclear answer; `message` is what it said. */
export const stillUnclear = (what: string, next: string) =>
	new VeoFailure(what, next, { unclear: true });

export const jobFailed = (uuid: string, words: unknown) =>
	new VeoFailure(
		`Video ${uuid} could not be made${saidBy({ words })}`,
		"Its last status was 'failed'. Change the prompt or the image and start a new execution, or ask Get Status with this ID for more.",
		{ uuid, lastStatus: 'failed' },
	);

export function waitTimedOut(
	uuid: string,
	lastStatus: string | undefined,
	waitedMs: number,
	outcome?: Outcome,
): VeoFailure {
	const seconds = Math.round(waitedMs / 1000);
	return new VeoFailure(
		`Video ${uuid} was not finished after ${seconds} seconds`,
		`${lastStatusText(lastStatus)} It is paid for and goes on: fetch it later using Get Status with this ID, or raise 'Max Wait Time'.`,
		{ uuid, lastStatus, ...(outcome && factsOf(outcome)) },
	);
}

export const refusedWhileWaiting = (
	uuid: string,
	lastStatus: string | undefined,
	outcome: Outcome,
) =>
	new VeoFailure(
		`The API refused the key while video ${uuid} was being made`,
		`${lastStatusText(lastStatus)} It is paid for and goes on: check the Veo API credential, then fetch it using Get Status with this ID.`,
		{ uuid, lastStatus, ...factsOf(outcome) },
	);

export function statusFailed(uuid: string, outcome: Outcome): VeoFailure {
	const { what, next } = explain(outcome);
	const notFound = outcome.name === 'http4xx' || outcome.name === 'code1000';
	return new VeoFailure(
		`Video ${uuid} could not be checked: ${lowerFirst(what)}`,
		notFound ? "Check 'Video ID': it is the 'uuid' that Generate gave." : next,
		{ uuid, ...factsOf(outcome) },
	);
}

export const downloadFailed = (uuid: string, outcome: Outcome) =>
	new VeoFailure(
		`Video ${uuid} is finished, but could not be downloaded: ${explainDownload(outcome)}`,
		"Its last status was 'completed'. Fetch it using Get Status with this ID.",
		{ uuid, lastStatus: 'completed', ...factsOf(outcome) },
	);

export const noVideoUrl = (uuid: string) => unusableVideo(uuid, 'the API gave no address for it');

export const badVideoUrl = (uuid: string, videoUrl: unknown) =>
	unusableVideo(uuid, `its address ${quoted(videoUrl)} is not a web address`);

const unusableVideo = (uuid: string, why: string) =>
	new VeoFailure(
		`Video ${uuid} is finished, but ${why}`,
		"Its last status was 'completed'. Ask Get Status with this ID again, or look for it in your veo3o1.com account.",
		{ uuid, lastStatus: 'completed' },
	);

/** What a credential's test says; nothing where the key is good. The outcome is that of a status check. */
export function credentialRefused(outcome: Outcome): string | undefined {
	// The API looked for the video, so it took the key; that there is no such video was to be expected.
	const { name, httpStatus, code, words } = outcome;
	if (code === 0 || name === 'code1000' || name === 'code1001' || name === 'codeOther')
		return undefined;
	if (httpStatus === 404 && words !== undefined) return undefined;
	const { what, next } = explain(outcome);
	return `${what}. ${next}`;
}

/** The job table could not be read or written, and nothing was paid for. */
export function tableFailed(tableName: string, outcome: Outcome): VeoFailure {
	const { what, next } = explainTable(outcome);
	return new VeoFailure(
		`The job table '${tableName}' could not be used: ${lowerFirst(what)}`,
		next,
		{
			httpStatus: outcome.httpStatus,
			details: detailsOf(outcome),
		},
	);
}

/** Whose videos a retry has to take up is not known. */
export function unknownRetry(executionId: string, outcome: Outcome): VeoFailure {
	const { what, next } = explainExecution(outcome);
	return new VeoFailure(
		`n8n did not tell what execution ${executionId} is a retry of, so its earlier videos cannot be found: ${lowerFirst(what)}`,
		`${next} ${NOTHING_PAID}`,
		{ httpStatus: outcome.httpStatus, details: detailsOf(outcome) },
	);
}

function explainExecution(outcome: Outcome): { what: string; next: string } {
	if (outcome.name === 'http403') {
		return {
			what: 'The n8n API key may not read executions',
			next: 'Give the key in the Veo Job Table API credential the scope to read executions, or make a new key.',
		};
	}
	if (outcome.httpStatus === 404) {
		return {
			what: 'The n8n API key does not see that execution, or n8n has deleted it',
			next: 'Use an API key of somebody who can open this workflow, or start a new execution instead of a retry.',
		};
	}
	return explainTable(outcome);
}

/** The Veo API refused the key while jobs were being checked. */
export const keyRefused = (outcome: Outcome) => requestFailed('status', outcome);

/** In n8n's log: checks that gave nothing, and will be made again. */
export function notChecked(inVain: ReadonlyArray<{ uuid: string; outcome: Outcome }>): string {
	const others = inVain.length - 1;
	const texts = inVain
		.slice(0, 1)
		.map(({ uuid, outcome }) => `${statusFailed(uuid, outcome).what}, and will be again.`);
	return [...texts, others > 0 && `The same goes for ${others} more.`].filter(Boolean).join(' ');
}

/** In n8n's log: `items` finished videos for which n8n started no execution. */
export const notTaken = (items: number) =>
	`n8n did not take finished videos (${items}). They are kept for the next time.`;

/** What a stop because of one item adds about the others; `videos` are their IDs and items. */
export const othersAccepted = (videos: string[]) =>
	`Other videos that the API accepted in this execution: ${videos.join(', ')}. A retry of this execution takes them up again and pays for none of them twice.`;

/** `sentences` say what was unclear of other items. */
export const othersUnclear = (sentences: string[]) =>
	`${sentences.join(' ')} Look for what may have been accepted and billed in your veo3o1.com account.`;

/** What a row says of a video whose turn had not come when the execution ended. */
export const notSent = () =>
	'Not sent, so not paid: the execution ended before. A retry submits it.';

/** What a job's row says once nobody waits for it any more. */
export const givenUp = (afterMs: number) =>
	`Given up: not finished after ${Math.round(afterMs / 360_000) / 10} hours. Get Status tells whether it was finished later`;

export const nothingFinished = () =>
	new VeoFailure(
		'There is no finished video yet',
		'Make one with Generate, wait until it is finished, and fetch the test event again.',
		{ input: true },
	);

export const noUuids = () =>
	new VeoFailure(
		"The 'Video IDs' are blank",
		"Fill in the 'uuid' that Generate gave for each video.",
		{ input: true },
	);

export const missingTable = (tableName: string) =>
	new VeoFailure(
		`There is no Data Table named '${tableName}'`,
		"Run Generate with 'Track Job' once, which makes it, or correct 'Job Table Name'.",
		{ input: true },
	);

/** What the job table credential's test says; nothing where it is good. */
export function tableCredentialRefused(outcome: Outcome): string {
	const { what, next } = explainTable(outcome);
	return `${what}. ${next}`;
}

/** The hint beside a job that was paid for but is not in the table. */
export const notInTable = (uuid: string) =>
	`This video could not be noted in the job table. Keep its ID ${uuid}: Get Status finds the video by it.`;

const CHECK_TABLE_URL = "Check 'Base URL' in the Veo Job Table API credential.";

/** What an outcome means when n8n's own API was asked. */
function explainTable(outcome: Outcome): { what: string; next: string } {
	switch (outcome.name) {
		case 'http401':
			return {
				what: 'n8n refused the API key',
				next: "Check 'API Key' in the Veo Job Table API credential: it has to be a key of this n8n instance.",
			};
		case 'http403':
			return {
				what: 'The n8n API key may not use Data Tables',
				next: 'Give the key the Data Table scopes, or make a new key.',
			};
		case 'http4xx':
			return outcome.httpStatus === 404
				? {
						what: 'This n8n has no Data Tables in its API',
						next: `Update n8n to version 2.8 or newer. ${CHECK_TABLE_URL}`,
					}
				: {
						what: `n8n did not take the request${saidBy(outcome)}`,
						next: "The Data Table has to have the columns that 'Track Job' gives to one that it makes. Choose another 'Job Table Name', or rename that Data Table.",
					};
		case 'html':
		case 'shape':
		case 'redirect':
		case 'seeOther':
			return { what: "The address is not that of n8n's API", next: CHECK_TABLE_URL };
		default:
			return { what: `n8n could not be reached${saidBy(outcome)}`, next: CHECK_TABLE_URL };
	}
}

/** The API's words, as the end of a clause: a full stop of theirs would double ours. */
const saidBy = ({ words }: { words?: unknown }) =>
	typeof words === 'string' && words !== '' ? `: ${words.replace(/[.\s]+$/, '')}` : '';

/** Of the host where the video lies, which is not the API. */
function explainDownload({ name, httpStatus }: Outcome): string {
	if (name === 'tooLarge') return 'it is larger than any video of the API should be';
	if (name === 'shape' || name === 'empty') return 'what lies at its address is not a video';
	if (name === 'http401' || name === 'http403') {
		return `its host refused it (HTTP ${httpStatus}), as when a link has expired`;
	}
	return httpStatus === undefined
		? 'its host could not be reached, or broke off'
		: `its host answered with HTTP ${httpStatus}`;
}

const factsOf = (outcome: Outcome) => ({
	httpStatus: outcome.httpStatus,
	code: outcome.code,
	details: detailsOf(outcome),
});

const lastStatusText = (lastStatus: string | undefined) =>
	lastStatus === undefined ? 'Its status is not known.' : `Its last status was '${lastStatus}'.`;

const CHECK_BASE_URL =
	"Check 'Base URL' in the Veo API credential and your network, then try again.";
const LATER = 'Try again later.';

/** What an outcome means, whatever the request was for. */
function explain(outcome: Outcome): { what: string; next: string } {
	const { name, httpStatus } = outcome;
	const said = saidBy(outcome);
	switch (name) {
		case 'refused':
		case 'dns':
		case 'unreachable':
		case 'connectTimeout':
			return { what: 'The server could not be reached', next: CHECK_BASE_URL };
		case 'tls':
			return { what: "The server's certificate was not accepted", next: CHECK_BASE_URL };
		case 'timeout':
			return {
				what: 'The server did not answer in time',
				next: "Try again later, or raise 'Request Timeout'.",
			};
		case 'reset':
			return { what: 'The connection broke before the answer was complete', next: LATER };
		case 'tooLarge':
			return { what: 'The answer was too large to be one of the API', next: CHECK_BASE_URL };
		case 'redirect':
		case 'seeOther':
			return {
				what: `The server answered with a redirect (HTTP ${httpStatus}), which is not followed so that the key goes nowhere else`,
				next: CHECK_BASE_URL,
			};
		case 'http401':
		case 'http403':
		case 'code1002':
			return {
				what: `The API refused the key${said}`,
				next: "Check 'API Key' in the Veo API credential.",
			};
		case 'http429':
		case 'code1003':
			return {
				what: 'The API is getting too many requests from this account',
				next: `Try again ${retryAfterText(outcome)}, or send fewer items at a time.`,
			};
		case 'code1000':
			return { what: `The API did not take the input${said}`, next: "Check the node's fields." };
		case 'code1001':
			return {
				what: creditsText(outcome.data),
				next: 'Add credits in your veo3o1.com account, then try again.',
			};
		case 'code5000':
			return { what: `The API could not handle the request${said}`, next: LATER };
		case 'codeOther':
			return { what: `The API answered with code ${outcome.code}${said}`, next: LATER };
		case 'http408':
		case 'http4xx':
		case 'http5xx':
			return {
				what: `The server answered with HTTP ${httpStatus}${said}`,
				next: name === 'http4xx' ? CHECK_BASE_URL : LATER,
			};
		case 'html':
		case 'empty':
		case 'notJson':
		case 'shape':
			return { what: `The server's answer was ${UNREADABLE[name]}`, next: CHECK_BASE_URL };
	}
}

const UNREADABLE = {
	html: 'a web page instead of data',
	empty: 'empty',
	notJson: 'cut short or garbled',
	shape: 'not as the API reference describes it',
};

function creditsText(data: JsonObject = {}): string {
	const { required, current } = data;
	return typeof required === 'number' && typeof current === 'number'
		? `Not enough credits: needs ${required} credits, ${current} left`
		: 'Not enough credits';
}

function retryAfterText({ retryAfterMs }: Outcome): string {
	return retryAfterMs === undefined ? 'later' : `in ${Math.ceil(retryAfterMs / 1000)} seconds`;
}

function detailsOf({ httpStatus, code, words, networkCode }: Outcome): string | undefined {
	const parts = [
		httpStatus !== undefined && `HTTP status: ${httpStatus}`,
		code !== undefined && `API code: ${code}`,
		words && `API message: ${words}`,
		networkCode && `Network: ${networkCode}`,
	].filter((part) => typeof part === 'string');
	return parts.length > 0 ? parts.join('. ') : undefined;
}

/** What the user gave, cut where it is long, as an image pasted for its address is. */
function quoted(value: unknown): string {
	const text = JSON.stringify(value) ?? 'nothing';
	return text.length <= 100 ? text : `${text.slice(0, 100)}…`;
}

const megabytes = (bytes: number) => Math.round((bytes / 1024 / 1024) * 10) / 10;

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
