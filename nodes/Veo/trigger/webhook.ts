import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { isJsonObject, parseJson } from '../api/json';
import { triggerKeyOf } from './context';
import { hint } from './trigger';

const MAX_BODY_BYTES = 64 * 1024;
const MAX_STRINGS = 100;
const MAX_LENGTH = 200;
/** More values are not looked at, however small they are. */
const MAX_VALUES = 10_000;

/**
 * A call of the production URL. Its strings are hints at most: each that is the `uuid` of a watched job makes the trigger
 * check that job. The answer is the same for all calls, and no execution starts.
 */
export async function receiveWebhook(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	hint(triggerKeyOf(context), stringsIn(bodyOf(context)));
	return await Promise.resolve({ webhookResponse: { received: true } });
}

function bodyOf(context: IWebhookFunctions): unknown {
	const request: unknown = context.getRequestObject();
	const { rawBody, body } = isJsonObject(request) ? request : {};
	if (Buffer.isBuffer(rawBody) && rawBody.length > MAX_BODY_BYTES) return undefined;
	if ((JSON.stringify(body) ?? '').length > MAX_BODY_BYTES) return undefined;
	// A type that n8n does not read leaves an empty body.
	const isEmpty = body === undefined || (isJsonObject(body) && Object.keys(body).length === 0);
	return isEmpty && Buffer.isBuffer(rawBody) ? rawBody.toString('utf8') : body;
}

/** The first strings of a body, in any place of it. Walks without recursion. */
export function stringsIn(body: unknown): string[] {
	const strings = new Set<string>();
	const left: unknown[] = [typeof body === 'string' ? (parseJson(body) ?? body) : body];
	for (
		let values = 0;
		values < MAX_VALUES && left.length > 0 && strings.size < MAX_STRINGS;
		values++
	) {
		const value = left.shift();
		if (typeof value === 'string') {
			const parts = value.length <= MAX_LENGTH ? [value] : value.split(/[\s,;&=]+/, MAX_STRINGS);
			for (const part of parts)
				if (part !== '' && part.length <= MAX_LENGTH) strings.add(part.trim());
		} else if (typeof value === 'object' && value !== null) {
			const fields: unknown[] = Array.isArray(value) ? value : Object.entries(value).flat();
			left.push(...fields.slice(0, 2 * MAX_STRINGS));
		}
	}
	return [...strings].slice(0, MAX_STRINGS);
}
