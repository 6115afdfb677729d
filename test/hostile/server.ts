/** A server that gives one hostile answer, and otherwise answers as the API does. */
import { createServer, type Socket } from 'node:net';
import type { HostileAnswer } from './lines';
import { toText } from './lines';

const DRIP_MS = 50;

export interface HostileServer {
	url: string;
	/** Each request as `METHOD /path`. */
	requests: string[];
	close: () => Promise<void>;
}

/** The `uuid` of the video that the server knows. */
export const UUID = 'video-uuid-123';

export async function startHostileServer(
	answer: HostileAnswer,
	key: string,
): Promise<HostileServer> {
	const requests: string[] = [];
	const sockets = new Set<Socket>();
	let origin = '';
	const server = createServer((socket) => {
		sockets.add(socket);
		socket.on('error', () => undefined);
		socket.on('close', () => sockets.delete(socket));
		let received = '';
		let isAnswered = false;
		socket.on('data', (chunk) => {
			received += chunk.toString('latin1');
			const head = received.indexOf('\r\n\r\n');
			const length = Number(/^content-length: (\d+)/im.exec(received)?.[1] ?? 0);
			if (isAnswered || head < 0 || received.length < head + 4 + length) return;
			isAnswered = true;
			const line = /^(\w+ \S+)/.exec(received)?.[1] ?? '';
			requests.push(line);
			if (kindOf(line) === answer.on) void send(socket, answer, key);
			else socket.end(toResponse(200, {}, regular(line, origin)), 'latin1');
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const address = server.address();
	origin = typeof address === 'object' && address ? `http://127.0.0.1:${address.port}` : '';
	const close = async () => {
		for (const socket of sockets) socket.destroy();
		await new Promise((resolve) => server.close(resolve));
	};
	return { url: `${origin}/api`, requests, close };
}

function kindOf(line: string): HostileAnswer['on'] {
	if (line === 'POST /api/generate-video') return 'generate';
	if (line === 'POST /api/upload-video-image') return 'upload';
	return line.startsWith('GET /api/video-status/') ? 'status' : 'video';
}

function regular(line: string, origin: string): string {
	const videoUrl = `${origin}/videos/1.mp4`;
	const data =
		kindOf(line) === 'status'
			? { uuid: UUID, status: 'completed', videoUrl }
			: { uuid: UUID, status: 'pending' };
	return JSON.stringify({ code: 0, msg: 'Success', data });
}

function toResponse(status: number, headers: Record<string, string>, body: string): string {
	const all = { 'content-type': 'application/json', 'content-length': body.length, ...headers };
	const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
	return `HTTP/1.1 ${status} x\r\n${lines.join('')}connection: close\r\n\r\n${body}`;
}

async function send(socket: Socket, answer: HostileAnswer, key: string): Promise<void> {
	const { status, headers, body, raw, then } = answer;
	const filled = Object.fromEntries(
		Object.entries(headers).map(([name, value]) => [name, toText(value, key)]),
	);
	// Bodies are UTF-8, whose bytes go through as they are.
	const bytes = (text: string) => Buffer.from(text, 'utf8').toString('latin1');
	const isBinary = answer.on === 'video' || raw !== undefined;
	const content = toText(raw ?? body, key);
	const response =
		raw !== undefined ? content : toResponse(status, filled, isBinary ? content : bytes(content));
	if (then === 'drip') {
		for (let at = 0; at < response.length && !socket.destroyed; at++) {
			socket.write(response.charAt(at), 'latin1');
			await new Promise((resolve) => setTimeout(resolve, DRIP_MS));
		}
		return;
	}
	if (then === 'end') {
		socket.end(response, 'latin1');
		return;
	}
	socket.write(response, 'latin1', () => {
		if (then === 'reset') socket.resetAndDestroy();
	});
}
