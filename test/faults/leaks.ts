import type { RecordedRequest } from '../../emulator';
import type { Violation } from './violations';

/** Where the key must not appear. */
export interface Places {
	/** All strings in the executions' data. */
	execution: readonly string[];
	requests: readonly RecordedRequest[];
	otherHostReceived: (text: string) => boolean;
}

/** The key may appear only in the Authorization header of the API's three calls. */
export function findLeaks(apiKey: string, places: Places): Violation[] {
	const forms = [apiKey, encodeURIComponent(apiKey), Buffer.from(apiKey).toString('base64')];
	const holdsKey = (text: string) => forms.some((form) => text.includes(form));
	const leak = (text: string): Violation => ({ kind: 'key leak', text: `The key is in ${text}` });

	const strings = places.execution.filter(holdsKey);
	const requests = places.requests.filter(({ kind, path, headers, body }) => {
		const { authorization, ...others } = headers;
		const allowed = kind === 'generate' || kind === 'status' || kind === 'upload';
		const elsewhere = JSON.stringify([path, others, body]);
		return holdsKey(elsewhere) || (!allowed && authorization !== undefined);
	});
	return [
		...strings.map((text) => leak(`the execution's data: ${text.slice(0, 200)}`)),
		...requests.map(({ method, path }) => leak(`a request: ${method} ${path}`)),
		...(places.otherHostReceived(apiKey) ? [leak('a request to another host')] : []),
	];
}
