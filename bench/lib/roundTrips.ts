/** Round-trip times from Node's diagnostics channels, which also cover the requests of n8n's HTTP helper. */
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';

const hasRequest = (message: unknown): message is { request: ClientRequest } =>
	typeof message === 'object' && message !== null && 'request' in message;

const sentAt = new WeakMap<ClientRequest, number>();
const latestMs = new Map<string, number>();

/** Starts recording requests whose path includes `part`. */
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

/** The longest of the last round trips of each path: for a video's status, of the check that found it completed. */
export const maxRoundTripMs = () => Math.max(0, ...latestMs.values());
