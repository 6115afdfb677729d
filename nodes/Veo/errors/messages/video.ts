import type { Outcome } from '../outcome';
import { VeoError } from '../VeoError';
import { detailsOf, requestFailed } from './request';
import type { Situation } from './situation';
import { apiMessageText, lowerFirst, quoted } from './text';

/** The API reports the video as `failed`. */
export const videoFailed = (uuid: string, apiMessage: unknown, situation: Situation) =>
	new VeoError(
		`Video ${uuid} could not be made${apiMessageText(apiMessage)}`,
		`Its last status was 'failed', and it may have been billed. ${MAKE_AGAIN[situation]}`,
		{ uuid, lastStatus: 'failed' },
	);

const MAKE_AGAIN: Record<Situation, string> = {
	stops:
		'To make it again, use Retry in the executions list: this pays for this video again and keeps all others.',
	continues:
		"To make it again, run this item again or set 'Make Again When Failed'. Both pay for it again.",
	subWorkflow:
		"To make it again within an execution, set 'Make Again When Failed', which pays for it again. A retry of the calling workflow starts this workflow from the beginning: with Track Job and an 'Idempotency Key' it keeps all other videos, without them it pays for them again.",
	tool: "To make it again, set 'Make Again When Failed' or call the tool with a changed prompt. Both pay for it again.",
};

export const waitTimedOut = (
	uuid: string,
	lastStatus: string | undefined,
	waitedMs: number,
	outcome?: Outcome,
) =>
	new VeoError(
		`Video ${uuid} was not finished after ${Math.round(waitedMs / 1000)} seconds`,
		`${lastStatusText(lastStatus)}${lastAnswerText(outcome)} It is paid for and still being made: get it later using Get Status with this ID, or raise 'Max Wait Time'.`,
		{ uuid, lastStatus, ...(outcome && detailsOf(outcome)) },
	);

export const keyRefusedWhileWaiting = (
	uuid: string,
	lastStatus: string | undefined,
	outcome: Outcome,
) =>
	new VeoError(
		`The API refused the key while video ${uuid} was being made`,
		`${lastStatusText(lastStatus)} It is paid for and still being made: check the Veo API credential, then get it using Get Status with this ID.`,
		{ uuid, lastStatus, ...detailsOf(outcome) },
	);

const lastStatusText = (lastStatus: string | undefined) =>
	lastStatus === undefined ? 'Its status is not known.' : `Its last status was '${lastStatus}'.`;

/** Why the last status check gave no status. */
const lastAnswerText = (outcome: Outcome | undefined) =>
	outcome === undefined
		? ''
		: ` The last status check did not succeed: ${lowerFirst(requestFailed(outcome).message)}.`;

export const downloadFailed = (uuid: string, videoUrl: string, outcome: Outcome) =>
	new VeoError(
		`Video ${uuid} is finished, but could not be downloaded: ${explainDownload(outcome)}`,
		`Its last status was 'completed'. ${outcome.name === 'tooLarge' ? WITHOUT_DOWNLOAD : 'Get it using Get Status with this ID.'}`,
		{ uuid, lastStatus: 'completed', videoUrl, ...detailsOf(outcome) },
	);

const WITHOUT_DOWNLOAD =
	"Open its URL in a browser. For a new URL, use Get Status with this ID and 'Download Video' off.";

/** What an outcome means for the host of the video file, which is not the API. */
function explainDownload({ name, httpStatus }: Outcome): string {
	if (name === 'tooLarge') {
		return 'the file is larger than this node downloads (2 GB, or 128 MB where n8n keeps files in memory)';
	}
	if (name === 'shape' || name === 'empty') return 'the file at its URL is not a video';
	if (name === 'http401' || name === 'http403') {
		return `its host refused the request (HTTP ${httpStatus}), as with an expired link`;
	}
	return httpStatus === undefined
		? 'its host could not be reached, or closed the connection'
		: `its host answered with HTTP ${httpStatus}`;
}

export const noVideoUrl = (uuid: string) => unusableUrl(uuid, 'the API returned no URL for it');

export const invalidVideoUrl = (uuid: string, videoUrl: unknown) =>
	unusableUrl(uuid, `its URL ${quoted(videoUrl)} is not a web address`);

const unusableUrl = (uuid: string, cause: string) =>
	new VeoError(
		`Video ${uuid} is finished, but ${cause}`,
		"Its last status was 'completed'. Use Get Status with this ID again, or look for it in your veo3o1.com account.",
		{ uuid, lastStatus: 'completed' },
	);

/** Something else than the API went wrong after the video was accepted, such as an expression. `cause` is its text. */
export const notReturned = (video: { uuid: string; videoUrl?: string }, cause: string) =>
	new VeoError(
		`Video ${video.uuid} was accepted, but could not be returned${apiMessageText(cause)}`,
		'Get it using Get Status with this ID.',
		{ ...video, isInput: true },
	);

/** Added to an error that ends the run. `videos` are `uuid`s with their items. Says how to get them at no further cost. */
export const otherVideosAccepted = (videos: string[], situation: Situation) =>
	`Other videos that the API accepted in this execution: ${videos.join(', ')}. ${KEEPS_THEM[situation]}`;

const KEEPS_THEM: Record<Situation, string> = {
	stops:
		"Retry in the executions list continues with them and does not pay for them again. To get them without this item and at no further cost, set 'On Error' in the node's settings to 'Continue', save, and use 'Retry with currently saved workflow' in the executions list. Execute step in the editor is a new execution and pays again.",
	continues: 'They are in the output of this node.',
	subWorkflow:
		"Get them using Get Status. A retry of the calling workflow pays for them again, unless Track Job is on with an 'Idempotency Key'. To get all other videos without this item, set 'On Error' in the node's settings to 'Continue'.",
	tool: 'Get them using Get Status.',
};

/** Added to an error of a try that could not start. */
export const acceptedBefore = (uuid: string) =>
	`An earlier try submitted video ${uuid}: get it using Get Status with this ID.`;

/** Added to an error that ends the run. `messages` are those of the unclear items. */
export const otherVideosUnclear = (messages: string[]) =>
	`${messages.join(' ')} Look in your veo3o1.com account for videos that may have been accepted and billed.`;
