/** Every message that the package can show, for the tests of rules and docs. */
import { keyElsewhere, keyRerouted, plainHttpNotice } from '../../credentials/authorize';
import { VeoApi } from '../../credentials/VeoApi.credentials';
import { VeoJobTableApi } from '../../credentials/VeoJobTableApi.credentials';
import type { VeoError } from '../../nodes/Veo/errors/VeoError';
import * as messages from '../../nodes/Veo/errors/messages';
import { mayBeAccepted } from '../../nodes/Veo/api/policy';
import { OUTCOMES, type Outcome, type OutcomeName } from '../../nodes/Veo/errors/outcome';

export const UUID = 'video-uuid-123';
/** A message from the API. It breaks all rules for our own texts. */
export const API_MESSAGE = 'error, problem, failure or mistake in imageUrl: ETIMEDOUT';

export const HTTP_STATUS: Partial<Record<OutcomeName, number>> = {
	redirect: 302,
	seeOther: 303,
	http401: 401,
	http403: 403,
	http4xxUnclear: 408,
	http429: 429,
	http4xx: 404,
	http5xx: 502,
};
const CODE: Partial<Record<OutcomeName, number>> = {
	code1000: 1000,
	code1001: 1001,
	code1002: 1002,
	code1003: 1003,
	code5000: 5000,
	codeOther: 4242,
};

/** Each outcome twice: without and with all optional details. */
export const outcomes: Outcome[] = [
	...OUTCOMES.map((name) => ({ name, httpStatus: HTTP_STATUS[name], code: CODE[name] })),
	// The job table has a separate message for 404.
	{ name: 'http4xx' as const, httpStatus: 400 },
	{ name: 'http4xx' as const, httpStatus: 400, n8nCause: 'sizeLimit' as const },
	{ name: 'http4xx' as const, httpStatus: 400, n8nCause: 'missingColumn' as const },
	{ name: 'http401' as const, httpStatus: 401, n8nCause: 'proxy' as const },
	{ name: 'unreachable' as const, networkCode: 'SsrfBlockedIpError' },
].flatMap((bare): Outcome[] => {
	const data = { required: 2, current: 0 };
	return [bare, { ...bare, apiMessage: API_MESSAGE, data, retryAfterMs: 1_500, networkCode: 'EX' }];
});

export const SITUATIONS: messages.Situation[] = ['stops', 'continues', 'subWorkflow', 'tool'];
const STATUSES = [undefined, 'pending', 'processing', 'rendering'];

export const CREDENTIALS = [new VeoApi(), new VeoJobTableApi()];

/** The messages of each function in `errors/messages`. A new function needs a line here. */
export const ALL: Record<keyof typeof messages, Array<VeoError | string>> = {
	blankPrompt: [messages.blankPrompt()],
	objectInPrompt: [messages.objectInPrompt()],
	blankIdempotencyKey: [messages.blankIdempotencyKey()],
	idempotencyKeyInUse: [messages.idempotencyKeyInUse('order 17', UUID)],
	invalidChoice: [messages.invalidChoice('Aspect Ratio', '4:3', ['auto', '16:9'])],
	missingImageUrl: [messages.missingImageUrl()],
	invalidImageUrl: [messages.invalidImageUrl('cat.png')],
	notAnImage: [[], ['data', 'uuid']].map((others) =>
		messages.notAnImage('data', 'a web page', 'JPEG, PNG or WebP', others),
	),
	imageTooLarge: [messages.imageTooLarge('data', 60_000_000, 52_428_800)],
	noImageFile: [messages.noImageFile('data', []), messages.noImageFile('data', ['data', 'uuid'])],
	invalidUuid: [messages.invalidUuid()],
	blankTableName: [messages.blankTableName()],
	invalidBaseUrl: CREDENTIALS.map(({ displayName }) => messages.invalidBaseUrl(displayName)),
	invalidApiKey: CREDENTIALS.map(({ displayName }) => messages.invalidApiKey(displayName)),
	requestFailed: outcomes.map((outcome) => messages.requestFailed(outcome)),
	submissionUnclear: outcomes
		.filter((outcome) => mayBeAccepted(outcome))
		.flatMap((outcome) => SITUATIONS.map((one) => messages.submissionUnclear(outcome, one))),
	submissionInterrupted: SITUATIONS.map((one) => messages.submissionInterrupted(one)),
	refusedWhenSentAgain: [
		messages.refusedWhenSentAgain(
			messages.submissionInterrupted('stops'),
			messages.requestFailed({ name: 'code1001' }),
		),
	],
	unclearTwice: [messages.unclearTwice(messages.submissionInterrupted('stops'))],
	keySubmissionUnclear: SITUATIONS.map((one) => messages.keySubmissionUnclear(one)),
	identicalNotChecked: outcomes.map((outcome) => messages.identicalNotChecked(UUID, outcome)),
	videoFailed: SITUATIONS.flatMap((one) =>
		[undefined, API_MESSAGE].map((text) => messages.videoFailed(UUID, text, one)),
	),
	waitTimedOut: STATUSES.flatMap((lastStatus) =>
		[undefined, ...outcomes].map((outcome) =>
			messages.waitTimedOut(UUID, lastStatus, 900_000, outcome),
		),
	),
	keyRefusedWhileWaiting: STATUSES.flatMap((lastStatus) =>
		outcomes.map((outcome) => messages.keyRefusedWhileWaiting(UUID, lastStatus, outcome)),
	),
	statusFailed: outcomes.map((outcome) => messages.statusFailed(UUID, outcome)),
	downloadFailed: outcomes.map((outcome) =>
		messages.downloadFailed(UUID, 'https://x/a.mp4', outcome),
	),
	noVideoUrl: [messages.noVideoUrl(UUID)],
	invalidVideoUrl: ['x', 5, {}].map((url) => messages.invalidVideoUrl(UUID, url)),
	notReturned: [messages.notReturned({ uuid: UUID }, API_MESSAGE)],
	tableFailed: outcomes.map((outcome) => messages.tableFailed('veo_jobs', outcome)),
	unknownRetry: outcomes.map((outcome) => messages.unknownRetry('17', outcome)),
	missingTable: [messages.missingTable('veo_jobs')],
	ambiguousTable: [
		messages.ambiguousTable('veo_jobs', [
			{ id: 'abc', projectId: 'project-1', createdAt: '2026-01-01T00:00:00.000Z' },
			...Array.from({ length: 6 }, () => ({ id: 'other' })),
		]),
	],
	missingColumns: [
		messages.missingColumns('veo_jobs', ['idempotencyKey']),
		messages.missingColumns('veo_jobs', ['uuid', 'status']),
	],
	tableCredentialRefused: outcomes.map((outcome) => messages.tableCredentialRefused(outcome)),
	notInTable: [messages.notInTable(UUID)],
	// The reason in a row is a clause without a full stop.
	notSubmitted: [messages.notSubmitted()],
	sentAgain: [`${messages.sentAgain()}.`],
	keyTakenByOther: [`${messages.keyTakenByOther()}.`],
	givenUp: [`${messages.givenUp(24 * 3_600_000)}.`],
	nothingFinished: [messages.nothingFinished()],
	noUuids: [messages.noUuids()],
	notChecked: outcomes.flatMap((outcome) =>
		[1, 3].map((times) => messages.notChecked(Array(times).fill({ uuid: UUID, outcome }))),
	),
	notAVideoId: [messages.notAVideoId()],
	endlessRetries: [messages.endlessRetries('7')],
	invalidRowUuid: [messages.invalidRowUuid('veo_jobs', 7)],
	notWritten: outcomes.map((outcome) => messages.notWritten(UUID, outcome)),
	deletionFailed: outcomes.map((outcome) => messages.deletionFailed('veo_jobs', outcome)),
	notDelivered: [messages.notDelivered(1), messages.notDelivered(20)],
	otherVideosAccepted: SITUATIONS.map((one) =>
		messages.otherVideosAccepted([`${UUID} [item 0]`, `${UUID} [item 2]`], one),
	),
	acceptedBefore: [messages.acceptedBefore(UUID)],
	otherVideosUnclear: [
		messages.otherVideosUnclear(['The server did not answer in time [item 1].']),
	],
	submissionRefused: outcomes.map((outcome) => messages.submissionRefused(outcome, 2_345)),
	severalImageUrls: [messages.severalImageUrls()],
	privateImageUrl: [messages.privateImageUrl('http://10.0.0.1/cat.png')],
	sharePageAsImage: [true, false].map((canFetch) =>
		messages.sharePageAsImage('https://example.com/cat', 'Box', canFetch),
	),
	heicImageUrl: [messages.heicImageUrl('https://example.com/cat.heic')],
	privateFetch: [messages.privateFetch()],
	imageUrlWithPassword: [messages.imageUrlWithPassword()],
	fetchedNoImage: [messages.fetchedNoImage('a web page', 'JPEG, PNG or WebP')],
	fetchedTooLarge: [messages.fetchedTooLarge(52_428_800)],
	imageNotFetched: outcomes.map((outcome) => messages.imageNotFetched(outcome)),
	promptTooLong: [messages.promptTooLong(2_345, 2_000)],
	invalidExtraParameters: [
		'have more than 16 kB',
		'are not JSON in curly brackets',
		'name "Prompt", which has a field of its own',
		'are nested more than 10 levels deep',
		'contain the name "__proto__"',
	].map((cause) => messages.invalidExtraParameters(cause)),
	tooManyVideos: [messages.tooManyVideos(500, 100, 0), messages.tooManyVideos(500, 100, 20)],
	notSentAgain: [messages.notSentAgain(100)],
	maxVideosReached: SITUATIONS.map((one) => messages.maxVideosReached(100, one)),
};

/** The texts outside `errors/messages`, with ‹› for the variable parts. */
export const ELSEWHERE = {
	/** A success message, parts of the messages above, and a prefix of log lines. */
	parts: [
		'Connection successful',
		'JPEG, PNG or WebP',
		'Generation Type',
		'Aspect Ratio',
		'Input Data Field Name',
		'Veo Trigger "‹›": ‹›',
	],
};

/** The texts of the credentials, which other nodes show too. */
export const OF_CREDENTIALS = [
	...CREDENTIALS.flatMap(({ displayName }) => [
		keyElsewhere(displayName, ['']),
		keyElsewhere(displayName, ['/data-tables', '/executions']),
		keyRerouted(displayName),
	]),
	plainHttpNotice.displayName,
];

export const textOf = (one: VeoError | string) => (typeof one === 'string' ? one : one.fullText);
