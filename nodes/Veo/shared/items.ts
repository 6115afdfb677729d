import type { IDataObject } from 'n8n-workflow';
import type { UploadedImage } from '../api/client';
import type { JsonObject } from '../api/json';

/** Users look for these first. */
const FIRST_FIELDS = ['uuid', 'status', 'videoUrl'];

/** An answer of the API as an item's `json`: both types hold what JSON can hold. */
export function toItemJson(data: JsonObject | UploadedImage): IDataObject {
	const entries = Object.entries(data);
	const isFirst = ([name]: [string, unknown]) => FIRST_FIELDS.includes(name);
	const first = FIRST_FIELDS.flatMap((field) => entries.filter(([name]) => name === field));
	const rest = entries.filter((entry) => !isFirst(entry));
	return Object.fromEntries([...first, ...rest]) as IDataObject;
}
