/** Servers for network faults that the emulator does not offer. */
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { gzipSync } from 'node:zlib';

export interface TestServer {
	port: number;
	/** The number of connections accepted so far. */
	connections: () => number;
	/** Closes the server and its connections. */
	close: () => Promise<void>;
}

/** A port without a listener. */
export async function closedPort(): Promise<number> {
	const server = await serve(createServer());
	await server.close();
	return server.port;
}

/** A server that reads so slowly that a large upload takes seconds. */
export async function startSlowServer() {
	let bytes = 0;
	let open = 0;
	const server = createServer((socket) => {
		open++;
		socket.on('close', () => open--);
		socket.on('data', (chunk) => {
			bytes += chunk.length;
			socket.pause();
			setTimeout(() => socket.resume(), 5);
		});
	});
	return { ...(await serve(server)), bytes: () => bytes, open: () => open };
}

/** A server that answers with a small gzip body of this unpacked size. */
export async function startGzipBomb(megabytes: number): Promise<TestServer> {
	const body = gzipSync(Buffer.alloc(megabytes * 1024 * 1024, ' '));
	const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`;
	return await serve(
		createServer((socket) => {
			socket.once('data', () => socket.end(Buffer.concat([Buffer.from(head), body])));
		}),
	);
}

/** A server that accepts connections but does not read, so that a large upload stalls. */
export async function startStalledServer(): Promise<TestServer> {
	return await serve(createServer({ pauseOnConnect: true }));
}

/** A server that sends the start of a video and closes the connection. */
export async function startTruncatingServer(): Promise<TestServer> {
	const head = 'HTTP/1.1 200 OK\r\ncontent-type: video/mp4\r\ncontent-length: 10000\r\n\r\n';
	return await serve(
		createServer((socket) => {
			socket.once('data', () => socket.end(`${head}the first bytes`));
		}),
	);
}

/** A server with a self-signed certificate. */
export async function startSelfSignedServer(): Promise<TestServer> {
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
