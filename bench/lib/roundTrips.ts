/** How long this process waits for answers, as Node itself tells: so it is known of what n8n's helper sends, too. */
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';

const hasRequest = (message: unknown): message is { request: ClientRequest } =>
	typeof message === 'object' && message !== null && 'request' in message;

const sentAt = new WeakMap<ClientRequest, number>();
const latestMs = new Map<string, number>();

/** From now on, for requests whose path has this in it. */
export function watchRoundTrips(part: string): void {
	subscribe('http.client.request.start', (message) => {
		if (hasRequest(message)) sentAt.set(message.request, performance.now());
	});
	subscribe('http.client.response.finish', (message) => {
		if (!hasRequest(message) || !message.request.path.includes(part)) return;
		const { request } = message;
		latestMs.set(request.path, performance.now() - (sentAt.get(request) ?? NaN));
	});
}

/** The longest of the last one to each path: of a video's status, the one that found it finished. */
export const longestRoundTripMs = () => Math.max(0, ...latestMs.values());
