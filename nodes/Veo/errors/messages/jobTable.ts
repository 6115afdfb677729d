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
			message: 'The n8n API key does not see that execution, or n8n has deleted it',
			description:
				'Use an API key of a user who can open this workflow, or start a new execution instead of a retry.',
		};
	}
	return explainDataTables(outcome);
}

const CHECK_TABLE_URL = "Check 'Base URL' in the Veo Job Table API credential.";

/** What an outcome means for a request to n8n's own API. */
function explainDataTables(outcome: Outcome): { message: string; description: string } {
	const apiMessage = apiMessageText(outcome.apiMessage);
	switch (outcome.name) {
		case 'http401':
			return {
				message: 'n8n refused the API key',
				description:
					"Check 'API Key' in the Veo Job Table API credential: it has to be a key of this n8n instance.",
			};
		case 'http403':
			return {
				message: 'The n8n API key may not use Data Tables',
				description: 'Give the key the Data Table scopes, or create a new key.',
			};
		case 'http4xx':
			return outcome.httpStatus === 404
				? {
						message: 'This n8n has no Data Tables in its API',
						description: `Update n8n to version 2.8 or newer. ${CHECK_TABLE_URL}`,
					}
				: {
						message: `n8n did not accept the request${apiMessage}`,
						description:
							"The Data Table needs the columns that 'Track Job' gives to a table that it creates. Choose another 'Job Table Name', or rename that Data Table.",
					};
		case 'html':
		case 'shape':
		case 'redirect':
		case 'seeOther':
			return {
				message: "The address is not that of n8n's API",
				description: CHECK_TABLE_URL,
			};
		default:
			return {
				message: `n8n could not be reached${apiMessage}`,
				description: CHECK_TABLE_URL,
			};
	}
}
