import { createServer, request, type Server } from 'node:http';

import { loopback } from './ports';

export interface RecordedCall {
	method: string;
	/** Decoded, with the query. */
	path: string;
	/** Milliseconds since the epoch. */
	startedAt: number;
	endedAt: number;
}

/** A proxy in front of a server, which records all requests. */
export class RecordingProxy {
	/** The answered requests, in the order in which they ended. */
	readonly calls: RecordedCall[] = [];

	private constructor(private readonly server: Server) {}

	static async start(target: string): Promise<RecordingProxy> {
		const server = createServer();
		const proxy = new RecordingProxy(server);
		server.on('request', (incoming, answer) => {
			const { method = '', url = '', headers } = incoming;
			const startedAt = Date.now();
			const forwarded = request(target + url, { method, headers }, (response) => {
				answer.writeHead(response.statusCode ?? 502, response.headers);
				response.pipe(answer);
			});
			forwarded.on('error', () => answer.destroy());
			incoming.pipe(forwarded);
			answer.on('finish', () => {
				const path = decodeURIComponent(url);
				proxy.calls.push({ method, path, startedAt, endedAt: Date.now() });
			});
		});
		await new Promise<void>((resolve) => server.listen(0, loopback, resolve));
		return proxy;
	}

	get url(): string {
		const address = this.server.address();
		if (address === null || typeof address === 'string') throw new Error('The proxy is closed');
		return `http://${loopback}:${address.port}`;
	}

	async close(): Promise<void> {
		this.server.closeAllConnections();
		await new Promise((resolve) => this.server.close(resolve));
	}
}
