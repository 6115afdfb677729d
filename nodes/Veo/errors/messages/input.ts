import { VeoError } from '../VeoError';
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
		`Use an address that begins with http:// or https://. ${NOTHING_PAID}`,
	);

export const notAnImage = (fieldName: string, formats: string) =>
	inputError(
		`The file in '${fieldName}' is not a ${formats} image`,
		`Convert it, or choose another file with 'Input Data Field Name'. The file's content counts, not its name. ${NOTHING_PAID}`,
	);

export const imageTooLarge = (fieldName: string, bytes: number, maxBytes: number) =>
	inputError(
		`The image in '${fieldName}' has ${megabytes(bytes)} MB, and the API takes at most ${megabytes(maxBytes)} MB`,
		`Make the image smaller before this node. ${NOTHING_PAID}`,
	);

export const noImageFile = (fieldName: string) =>
	inputError(
		`The input item has no file in '${fieldName}'`,
		`Check 'Input Data Field Name', and that the previous node outputs a file. ${NOTHING_PAID}`,
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
		`The 'API Key' in the ${credentialName} credential is blank or contains a character that no key has`,
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
