/** A web server for images that n8n fetches. */
import { createServer, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Page {
	status?: number;
	headers?: OutgoingHttpHeaders;
	body?: string | Buffer;
	/** Sends the body again and again, until the client hangs up. */
	endless?: boolean;
	/** Before the head is sent. */
	delayMs?: number;
}

export interface Web {
	url: string;
	/** The paths that were requested, with their headers. */
	requests: Array<{ path: string; headers: IncomingHttpHeaders }>;
	/** Bytes that endless pages have sent. */
	sentBytes: () => number;
	close: () => Promise<void>;
}

/** Serves these pages, by path. A list is served in order, its last page again and again. */
export async function startWeb(pages: Record<string, Page | Page[]>): Promise<Web> {
	const requests: Web['requests'] = [];
	let sentBytes = 0;
	const server = createServer((request, response) => {
		const path = request.url ?? '';
		const before = requests.filter((one) => one.path === path).length;
		requests.push({ path, headers: request.headers });
		const found = pages[path] ?? { status: 404 };
		const page = Array.isArray(found) ? found[Math.min(before, found.length - 1)] : found;
		const { status = 200, headers, body = '', endless = false, delayMs = 0 } = page ?? {};
		void sleep(delayMs).then(() => {
			response.writeHead(status, headers);
			if (!endless) return response.end(body);
			response.write(body);
			const chunk = Buffer.alloc(256 * 1024, 'x');
			const more = () => {
				while (!response.destroyed) {
					sentBytes += chunk.length;
					if (!response.write(chunk)) return response.once('drain', more);
				}
				return undefined;
			};
			return more();
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const address = server.address();
	const port = typeof address === 'object' && address ? address.port : 0;
	return {
		url: `http://127.0.0.1:${port}`,
		requests,
		sentBytes: () => sentBytes,
		close: async () => {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}
