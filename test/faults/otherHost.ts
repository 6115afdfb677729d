import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server that is not the API: redirects and some videos lead to it. It must never see a key. */
export interface OtherHost {
	/** `http://localhost:PORT`: another name, too, than the API's. */
	readonly origin: string;
	/** Whether this text was in any request: its address, headers or body. */
	heard(text: string): boolean;
	close(): Promise<void>;
}

export async function startOtherHost(): Promise<OtherHost> {
	const heard: string[] = [];
	const server = createServer((request, response) => {
		const parts = [request.url ?? '', ...request.rawHeaders];
		request.on('data', (chunk: Buffer) => parts.push(chunk.toString('latin1')));
		request.on('error', () => undefined);
		request.on('close', () => heard.push(parts.join('\n')));
		response.setHeader('content-type', 'video/mp4');
		response.end('not much of a video');
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address() as AddressInfo;
	return {
		origin: `http://localhost:${port}`,
		heard: (text) => heard.some((request) => request.includes(text)),
		close: async () => {
			const closed = once(server, 'close');
			server.close();
			server.closeAllConnections();
			await closed;
		},
	};
}
