/** Servers that no emulator can be: unreachable, distrusted or deaf ones. */
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';

export interface TestServer {
	port: number;
	/** How many connections came in. */
	connections: () => number;
	/** Ends every connection too. */
	close: () => Promise<void>;
}

/** A port at which nobody listens. */
export async function closedPort(): Promise<number> {
	const server = await serve(createServer());
	await server.close();
	return server.port;
}

/** Takes connections and hears nothing of what is sent, so that a large body gets stuck on its way. */
export async function startDeafServer(): Promise<TestServer> {
	return await serve(createServer({ pauseOnConnect: true }));
}

/** Sends the beginning of a video and hangs up. */
export async function startCuttingServer(): Promise<TestServer> {
	const head = 'HTTP/1.1 200 OK\r\ncontent-type: video/mp4\r\ncontent-length: 10000\r\n\r\n';
	return await serve(
		createServer((socket) => {
			socket.once('data', () => socket.end(`${head}the first bytes`));
		}),
	);
}

/** Shows a certificate that nobody signed but itself. */
export async function startDistrustedServer(): Promise<TestServer> {
	const file = (name: string) => readFileSync(join(__dirname, 'fixtures', name));
	const key = file('self-signed.key.pem');
	const cert = file('self-signed.cert.pem');
	return await serve(createTlsServer({ key, cert }));
}

async function serve(server: Server): Promise<TestServer> {
	const sockets = new Set<Socket>();
	let connections = 0;
	server.on('connection', (socket: Socket) => {
		connections++;
		sockets.add(socket.on('error', () => undefined));
	});
	const port = await new Promise<number>((resolve) => {
		server.listen(0, '127.0.0.1', () => {
			const address = server.address();
			resolve(typeof address === 'object' && address ? address.port : 0);
		});
	});
	const close = async () => {
		for (const socket of sockets) socket.destroy();
		await new Promise((resolve) => server.close(resolve));
	};
	return { port, connections: () => connections, close };
}
