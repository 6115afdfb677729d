import { createServer, request, type Server } from 'node:http';

import { freePort, loopback } from '../../harness/ports';

export interface Passed {
	method: string;
	/** With its query, decoded. */
	path: string;
	/** Milliseconds since the epoch, as all times here. */
	startedAt: number;
	endedAt: number;
}

/** Hands every request on to a server, and keeps a list of them. */
export class PassThrough {
	/** Those that were answered, in the order in which they ended. */
	readonly passed: Passed[] = [];

	private constructor(
		readonly url: string,
		private readonly server: Server,
	) {}

	static async to(target: string): Promise<PassThrough> {
		const port = await freePort();
		const server = createServer();
		const passThrough = new PassThrough(`http://${loopback}:${port}`, server);
		server.on('request', (incoming, answer) => {
			const { method = '', url = '', headers } = incoming;
			const startedAt = Date.now();
			const onward = request(target + url, { method, headers }, (response) => {
				answer.writeHead(response.statusCode ?? 502, response.headers);
				response.pipe(answer);
			});
			onward.on('error', () => answer.destroy());
			incoming.pipe(onward);
			answer.on('finish', () => {
				const path = decodeURIComponent(url);
				passThrough.passed.push({ method, path, startedAt, endedAt: Date.now() });
			});
		});
		await new Promise<void>((resolve) => server.listen(port, loopback, resolve));
		return passThrough;
	}

	async close(): Promise<void> {
		this.server.closeAllConnections();
		await new Promise((resolve) => this.server.close(resolve));
	}
}
