import type { Outcome } from '../outcome';
import { VeoError } from '../VeoError';
import { detailsOf } from './request';
import { apiMessageText, lowerFirst, NOTHING_PAID } from './text';

/** The job table could not be read or written. */
export function tableFailed(tableName: string, outcome: Outcome): VeoError {
	const { message, description } = explainDataTables(outcome);
	return new VeoError(
		`The job table '${tableName}' could not be used: ${lowerFirst(message)}`,
		description,
		detailsOf(outcome),
	);
}

export const missingTable = (tableName: string) =>
	new VeoError(
		`There is no Data Table named '${tableName}'`,
		"Run Generate with 'Track Job' once to create it, or correct 'Job Table Name'.",
		{ isInput: true },
	);

/** More than one table that the key sees has the name. */
export function ambiguousTable(
	tableName: string,
	tables: ReadonlyArray<{ id: string; projectId?: string; createdAt?: string }>,
): VeoError {
	const texts = tables.slice(0, MAX_LISTED).map(({ id, projectId, createdAt }) => {
		const known = [projectId && `project ${projectId}`, createdAt && `created ${createdAt}`];
		return [id, ...known].filter(Boolean).join(', ');
	});
	const others = tables.length - texts.length;
	return new VeoError(
		`The n8n API key has access to ${tables.length} Data Tables named '${tableName}': ${texts.join('; ')}${others > 0 ? `; and ${others} more` : ''}`,
		"Choose the right one in 'Job Table Name' from the list.",
		{ isInput: true },
	);
}

const MAX_LISTED = 5;

export const missingColumns = (tableName: string, columns: readonly string[]) =>
	new VeoError(
		`The Data Table '${tableName}' has no column ${columns.map((name) => `"${name}"`).join(', ')}`,
		`Add ${columns.length === 1 ? 'it' : 'them'} to the table with exactly ${columns.length === 1 ? 'this name' : 'these names'}, or choose another 'Job Table Name'. The documentation of this package lists all columns with their types.`,
		{ isInput: true },
	);

/** The result of a job table credential's test, where the credential does not work. */
export function tableCredentialRefused(outcome: Outcome): string {
	const { message, description } = explainDataTables(outcome);
	return `${message}. ${description}`;
}

/** The videos of the execution that is being retried are not known. */
export function unknownRetry(executionId: string, outcome: Outcome): VeoError {
	const { message, description } = explainExecutions(outcome);
	return new VeoError(
		`Could not determine which execution ${executionId} retries, so its earlier videos cannot be found: ${lowerFirst(message)}`,
		`${description} ${NOTHING_PAID}`,
		detailsOf(outcome),
	);
}

/** n8n names ever more executions as retries of one another. */
export const endlessRetries = (executionId: string) =>
	new VeoError(
		`Execution ${executionId} is a retry of too many others, so its earlier videos cannot be found`,
		`Start a new execution instead of a retry. ${NOTHING_PAID}`,
	);

/** Somebody changed the row of a paid video. */
export const invalidRowUuid = (tableName: string, rowId: number) =>
	new VeoError(
		`Row ${rowId} of the job table '${tableName}' has a 'uuid' that is not a video ID`,
		`Correct it in the Data Table, or empty it to submit the video again, which pays for it again. ${NOTHING_PAID}`,
	);

/** In the output item of a paid job that is not in the table. */
export const notInTable = (uuid: string) =>
	`This video could not be recorded in the job table. Keep its ID ${uuid}: Get Status finds the video by it.`;

/** In the row of a video that was not submitted before the execution ended. */
export const notSubmitted = () =>
	'Not sent, so not paid: the execution ended before that. A retry submits it.';

/** In the row of a job that is no longer checked. */
export const givenUp = (afterMs: number) =>
	`Given up: not finished after ${Math.round(afterMs / 360_000) / 10} hours. Use Get Status to see whether it was finished later`;

function explainExecutions(outcome: Outcome): { message: string; description: string } {
	if (outcome.name === 'http403') {
		return {
			message: 'The n8n API key may not read executions',
			description:
				'Give the key in the Veo Job Table API credential the scope to read executions, or create a new key.',
		};
	}
	if (outcome.httpStatus === 404) {
		return {
			message: 'The n8n API key has no access to that execution, or n8n has deleted it',
			description:
				'Use an API key of a user who can open this workflow, or start a new execution instead of a retry.',
		};
	}
	return explainDataTables(outcome);
}

const CHECK_TABLE_URL = "Check 'Base URL' in the Veo Job Table API credential.";

const BUSY = 'Try again later. n8n may be busy, or the Data Table very large.';

/** What an outcome means for a request to n8n's own API. */
function explainDataTables(outcome: Outcome): { message: string; description: string } {
	const apiMessage = apiMessageText(outcome.apiMessage);
	switch (outcome.n8nCause) {
		case 'sizeLimit':
			return {
				message: `All Data Tables of this n8n together are larger than n8n allows${apiMessage}`,
				description:
					'Delete rows or tables that are no longer needed, or raise the limit of n8n, N8N_DATA_TABLES_MAX_SIZE_BYTES. Finished rows of the job table may be deleted. Do not rename the table.',
			};
		case 'missingColumn':
			return {
				message: `The Data Table lacks a column${apiMessage}`,
				description:
					'Add a column with exactly this name to the table. The documentation of this package lists all columns with their types.',
			};
		case 'proxy':
			return {
				message: 'A server in front of n8n requires a user name and a password',
				description:
					"Put them into 'Base URL' in the Veo Job Table API credential, as in https://user:password@n8n.example.com/api/v1, or use an address that does not pass that server.",
			};
	}
	switch (outcome.name) {
		case 'http401':
			return {
				message: 'n8n refused the API key, or its public API is disabled',
				description:
					"Check 'API Key' in the Veo Job Table API credential: it has to be a key of this n8n instance that has not expired. On an n8n of your own, N8N_PUBLIC_API_DISABLED must not be set.",
			};
		case 'http403':
			return {
				message: 'The n8n API key may not use Data Tables',
				description: 'Give the key the Data Table scopes, or create a new key.',
			};
		case 'http4xx':
			return outcome.httpStatus === 404
				? {
						message: 'This n8n has no Data Tables in its API, or the table was deleted',
						description: `Update n8n to version 2.8 or newer. ${CHECK_TABLE_URL}`,
					}
				: {
						message: `n8n did not accept the request${apiMessage}`,
						description:
							"The Data Table needs the columns that 'Track Job' gives to a table that it creates. Choose another 'Job Table Name', or correct the columns.",
					};
		case 'html':
		case 'shape':
		case 'redirect':
		case 'seeOther':
			return {
				message: "The address is not that of n8n's API, or the public API is disabled",
				description: `${CHECK_TABLE_URL} On an n8n of your own, N8N_PUBLIC_API_DISABLED must not be set.`,
			};
		case 'tls':
			return {
				message: 'The certificate of n8n was not accepted',
				description:
					"If n8n uses a certificate of your own, start n8n with NODE_EXTRA_CA_CERTS set to the file of its authority. In a network that you trust, 'Ignore SSL Issues' in the Veo Job Table API credential turns this check off.",
			};
		case 'tooLarge':
			return {
				message: 'The answer of n8n was too large',
				description: 'Shorten or delete rows of the job table that hold very long texts.',
			};
		case 'timeout':
			return { message: 'n8n did not answer in time', description: BUSY };
		case 'http429':
		case 'http5xx':
			return { message: `n8n could not serve the request${apiMessage}`, description: BUSY };
		default:
			return outcome.networkCode?.startsWith('Ssrf')
				? {
						message: 'The SSRF protection of n8n blocks the address of its own API',
						description:
							'Allow the address on the n8n server with N8N_SSRF_ALLOWED_IP_RANGES or N8N_SSRF_ALLOWED_HOSTNAMES, or use an address that is allowed.',
					}
				: { message: `n8n could not be reached${apiMessage}`, description: CHECK_TABLE_URL };
	}
}

/** In the row of a request that is sent again because of On Unclear Submission, until its answer comes. */
export const sentAgain = () => 'Sent again: the outcome of the first request is unclear';

/** In the row of an item whose idempotency key another item used at the same time. */
export const keyTakenByOther = () => 'Not sent: another item used the same Idempotency Key first';

/** In n8n's log: a row that could not be written. The video is delivered all the same. */
export const notWritten = (uuid: string, outcome: Outcome) =>
	`The row of video ${uuid} could not be written. The video is delivered all the same. ${explainDataTables(outcome).description}`;

/** In n8n's log: old rows that could not be deleted. */
export function deletionFailed(tableName: string, outcome: Outcome): string {
	const { message, description } =
		outcome.name === 'http403'
			? {
					message: 'The n8n API key lacks the scope to delete rows',
					description: "Add it to the key, or set 'Delete After' to 0.",
				}
			: explainDataTables(outcome);
	return `Rows of the job table '${tableName}' could not be deleted: ${lowerFirst(message)}. ${description}`;
}
