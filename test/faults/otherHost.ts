import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server that is not the API. Redirects and some video URLs lead to it. It must never receive a key. */
export interface OtherHost {
	/** `http://localhost:PORT`. The API's host is 127.0.0.1. */
	readonly origin: string;
	/** Whether this text was in the URL, headers or body of any request. */
	received(text: string): boolean;
	close(): Promise<void>;
}

export async function startOtherHost(): Promise<OtherHost> {
	const requests: string[] = [];
	const server = createServer((request, response) => {
		const parts = [request.url ?? '', ...request.rawHeaders];
		request.on('data', (chunk: Buffer) => parts.push(chunk.toString('latin1')));
		request.on('error', () => undefined);
		request.on('close', () => requests.push(parts.join('\n')));
		response.setHeader('content-type', 'video/mp4');
		response.end('not a playable video');
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address() as AddressInfo;
	return {
		origin: `http://localhost:${port}`,
		received: (text) => requests.some((request) => request.includes(text)),
		close: async () => {
			const closed = once(server, 'close');
			server.close();
			server.closeAllConnections();
			await closed;
		},
	};
}
