import type { Outcome } from '../outcome';
import { VeoError } from '../VeoError';
import { detailsOf } from './request';
import type { Situation } from './situation';
import { megabytes, NOTHING_PAID, quoted } from './text';

/** What the user filled in and cannot be used. Every check runs before anything is sent. */
const inputError = (message: string, description: string) =>
	new VeoError(message, description, { isInput: true });

export const blankPrompt = () =>
	inputError(
		"The 'Prompt' is blank",
		`Describe the video in 'Prompt' and run the node again. ${NOTHING_PAID}`,
	);

/** `prompt` as an expression made it of an object. */
export const objectInPrompt = () =>
	inputError(
		`The 'Prompt' contains "[object Object]" instead of a description`,
		`The expression puts structured data into text. Use {{ JSON.stringify(…) }} around it, or choose one of its fields. ${NOTHING_PAID}`,
	);

export const invalidChoice = (displayName: string, value: unknown, choices: readonly string[]) =>
	inputError(
		`'${displayName}' is ${quoted(value)}, which the API does not know`,
		`Use one of: ${choices.join(', ')}. ${NOTHING_PAID}`,
	);

export const missingImageUrl = () =>
	inputError(
		"The 'Image URL' is blank",
		`Image to video needs an image: fill in 'Image URL', or set 'Image Source' to 'File From Input'. ${NOTHING_PAID}`,
	);

export const invalidImageUrl = (url: string) =>
	inputError(
		`The 'Image URL' ${quoted(url)} is not a web address`,
		`Use an address that begins with http:// or https://. For an image that is not on the web, set 'Image Source' to 'File From Input'. ${NOTHING_PAID}`,
	);

/** `content` is what the file is instead; `others` are the item's other fields with files. */
export const notAnImage = (
	fieldName: string,
	content: string,
	formats: string,
	others: readonly string[],
) =>
	inputError(
		`The file in '${fieldName}' is ${content}, not a ${formats} image`,
		`Convert it, or choose another file with 'Input Data Field Name'. ${othersText(others)}The file's content counts, not its name. ${NOTHING_PAID}`,
	);

const othersText = (fields: readonly string[]) =>
	fields.length === 0 ? '' : `The item also has files in ${namesText(fields)}. `;

const namesText = (names: readonly string[]) => names.map((name) => `'${name}'`).join(', ');

export const imageTooLarge = (fieldName: string, bytes: number, maxBytes: number) =>
	inputError(
		`The image in '${fieldName}' is ${megabytes(bytes)} MB, and the API takes at most ${megabytes(maxBytes)} MB`,
		`Make the image smaller before this node. ${NOTHING_PAID}`,
	);

/** `fields` are the item's fields with files. */
export const noImageFile = (fieldName: string, fields: readonly string[]) =>
	inputError(
		`The input item has no file in '${fieldName}'`,
		fields.length === 0
			? `It has no files at all: check that the previous node outputs a file. ${NOTHING_PAID}`
			: `It has files in ${namesText(fields)}: check 'Input Data Field Name'. ${NOTHING_PAID}`,
	);

export const invalidUuid = () =>
	inputError(
		"The 'Video ID' is blank or not a video ID",
		"Fill in the 'uuid' that Generate returned for the video.",
	);

export const noUuids = () =>
	inputError(
		"The 'Video IDs' are blank",
		"Fill in the 'uuid' that Generate returned for each video.",
	);

export const blankTableName = () =>
	inputError(
		"The 'Job Table Name' is blank",
		'Fill in the name of the Data Table that holds the jobs, such as veo_jobs.',
	);

export const invalidBaseUrl = (credentialName: string) =>
	inputError(
		`The 'Base URL' in the ${credentialName} credential is not a web address`,
		'Open the credential and set it to an address that begins with http:// or https://.',
	);

export const invalidApiKey = (credentialName: string) =>
	inputError(
		`The 'API Key' in the ${credentialName} credential is blank or contains a character that a key cannot have`,
		'Open the credential and paste the key again, without spaces or line breaks.',
	);

export const blankIdempotencyKey = () =>
	inputError(
		"The 'Idempotency Key' is blank",
		`Use a value that is different for each video, such as a row ID, or remove the option. ${NOTHING_PAID}`,
	);

export const idempotencyKeyInUse = (key: string, uuid: string) =>
	inputError(
		`The 'Idempotency Key' ${quoted(key)} belongs to another request, that of video ${uuid}`,
		`One key stands for one video. Use another key for this prompt and image. ${NOTHING_PAID}`,
	);

export const severalImageUrls = () =>
	inputError(
		"The 'Image URL' has more than one address",
		`The API takes one image for a video: use one item for each address. ${NOTHING_PAID}`,
	);

export const privateImageUrl = (url: string) =>
	inputError(
		`The 'Image URL' ${quoted(url)} can be reached from your own network only`,
		`The service has to reach it: set 'Image Source' to 'File From URL' or 'File From Input'. ${NOTHING_PAID}`,
	);

export const sharePageAsImage = (url: string, service: string, canFetch: boolean) =>
	inputError(
		`The 'Image URL' ${quoted(url)} opens a page of ${service}, not the image itself`,
		`${canFetch ? "Set 'Image Source' to 'File From URL' if everyone with the link may open it. Otherwise download" : 'Download'} the image with another node and set 'Image Source' to 'File From Input'. ${NOTHING_PAID}`,
	);

export const heicImageUrl = (url: string) =>
	inputError(
		`The 'Image URL' ${quoted(url)} is a HEIC image by its name, which the API does not take`,
		`Convert it to JPEG, PNG or WebP and use its new address. ${NOTHING_PAID}`,
	);

export const privateFetch = () =>
	inputError(
		"The 'Image URL' leads into a private network, from which n8n fetches nothing for an AI agent",
		`Use an image with a public address. ${NOTHING_PAID}`,
	);

export const imageUrlWithPassword = () =>
	inputError(
		"The 'Image URL' contains a user name or a password, which n8n does not send",
		`Download the image with the HTTP Request node and set 'Image Source' to 'File From Input'. ${NOTHING_PAID}`,
	);

export const fetchedNoImage = (content: string, formats: string) =>
	inputError(
		`The file at 'Image URL' is ${content}, not a ${formats} image`,
		`Open the address in a private browser window: it has to show the image alone. ${NOTHING_PAID}`,
	);

export const fetchedTooLarge = (maxBytes: number) =>
	inputError(
		`The image at 'Image URL' is larger than ${megabytes(maxBytes)} MB, the most that the API takes`,
		`Use a smaller image. ${NOTHING_PAID}`,
	);

export const imageNotFetched = (outcome: Outcome) => {
	const [cause, next] = explainFetch(outcome);
	return new VeoError(
		`The image at 'Image URL' could not be fetched: ${cause}`,
		`${next} ${NOTHING_PAID}`,
		{ ...detailsOf(outcome), isInput: true },
	);
};

/** What an outcome means for the host of an image, which is not the API. */
function explainFetch({ name, httpStatus, networkCode }: Outcome): [cause: string, next: string] {
	if (networkCode?.startsWith('Ssrf')) {
		return [
			"n8n's SSRF protection blocks its address",
			'Use an image with a public address, or allow this one on the n8n server with N8N_SSRF_ALLOWED_IP_RANGES or N8N_SSRF_ALLOWED_HOSTNAMES.',
		];
	}
	if (name === 'shape') {
		return [
			'its host sent it compressed, although n8n asked for the image as it is',
			"Download it with the HTTP Request node and set 'Image Source' to 'File From Input'.",
		];
	}
	if (name === 'timeout')
		return ['it took too long', "Try again later, or raise 'Request Timeout'."];
	if (name === 'redirect') {
		return [
			'its host redirects too many times',
			'Open the address in a browser and use the address that it ends at.',
		];
	}
	return httpStatus === undefined
		? [
				'its host could not be reached',
				"Check the address, and whether n8n's settings allow requests to that host.",
			]
		: [
				`its host answered with HTTP ${httpStatus}`,
				'Open the address in a private browser window: it has to show the image alone.',
			];
}

export const promptTooLong = (length: number, maxLength: number) =>
	inputError(
		`The 'Prompt' has ${length} characters, and 'Max Prompt Length' is ${maxLength}`,
		`Shorten the prompt, or raise 'Max Prompt Length'. ${NOTHING_PAID}`,
	);

/** `cause` completes "The 'Extra Parameters' …". */
export const invalidExtraParameters = (cause: string) =>
	inputError(
		`The 'Extra Parameters' ${cause}`,
		`Write them as JSON in curly brackets, such as {"seed": 42}. ${NOTHING_PAID}`,
	);

/** Before anything of this run is sent. `earlier` videos were submitted in earlier runs of this execution. */
export const tooManyVideos = (videos: number, maxVideos: number, earlier: number) =>
	inputError(
		`This run would make ${videos} new videos, and 'Max Videos per Execution' is ${maxVideos}`,
		`${NOTHING_PAID}${earlier > 0 ? ` Before this run, the execution submitted ${earlier}.` : ''} To make all of them, raise 'Max Videos per Execution', or set it to 0 for no limit.`,
	);

/** Added to the message of an unclear request that is to be sent again. */
export const notSentAgain = (maxVideos: number) =>
	`It was not sent again, because this execution has reached its 'Max Videos per Execution' (${maxVideos}).`;

/** At one item, after other videos were submitted. */
export const maxVideosReached = (maxVideos: number, situation: Situation) =>
	inputError(
		`This execution has reached its 'Max Videos per Execution' (${maxVideos})`,
		`No further video was submitted for this item. To go on, ${GO_ON[situation]}`,
	);

const GO_ON: Record<Situation, string> = {
	stops:
		"raise 'Max Videos per Execution' and retry the execution: the count starts again, and videos that it already submitted are not paid for again.",
	continues: 'run the remaining items in a new execution, where the count starts again.',
	subWorkflow:
		"raise 'Max Videos per Execution'. A retry of the calling workflow also pays again for the videos that this execution submitted, unless Track Job is on with an 'Idempotency Key'.",
	tool: "raise 'Max Videos per Execution', or call the tool in a new execution, where the count starts again.",
};
