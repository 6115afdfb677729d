import type { Outcome } from '../outcome';
import { VeoError } from '../VeoError';
import { detailsOf } from './request';
import { apiMessageText, quoted } from './text';

/** The API reports the video as `failed`. */
export const videoFailed = (uuid: string, apiMessage: unknown) =>
	new VeoError(
		`Video ${uuid} could not be made${apiMessageText(apiMessage)}`,
		"Its last status was 'failed'. Change the prompt or the image and start a new execution, or use Get Status with this ID for more information.",
		{ uuid, lastStatus: 'failed' },
	);

export const waitTimedOut = (
	uuid: string,
	lastStatus: string | undefined,
	waitedMs: number,
	outcome?: Outcome,
) =>
	new VeoError(
		`Video ${uuid} was not finished after ${Math.round(waitedMs / 1000)} seconds`,
		`${lastStatusText(lastStatus)} It is paid for and still being made: get it later using Get Status with this ID, or raise 'Max Wait Time'.`,
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

export const downloadFailed = (uuid: string, outcome: Outcome) =>
	new VeoError(
		`Video ${uuid} is finished, but could not be downloaded: ${explainDownload(outcome)}`,
		"Its last status was 'completed'. Get it using Get Status with this ID.",
		{ uuid, lastStatus: 'completed', ...detailsOf(outcome) },
	);

/** What an outcome means for the host of the video file, which is not the API. */
function explainDownload({ name, httpStatus }: Outcome): string {
	if (name === 'tooLarge') return 'the file is larger than any video of the API should be';
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

/** Added to an error that ends the run. `videos` are `uuid`s with their items. */
export const otherVideosAccepted = (videos: string[]) =>
	`Other videos that the API accepted in this execution: ${videos.join(', ')}. A retry of this execution continues with them and does not pay for them again.`;

/** Added to an error that ends the run. `messages` are those of the unclear items. */
export const otherVideosUnclear = (messages: string[]) =>
	`${messages.join(' ')} Look in your veo3o1.com account for videos that may have been accepted and billed.`;
