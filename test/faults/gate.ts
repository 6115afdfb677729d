import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Below the ports that systems hand out by themselves, so that nobody else gets one while its gate is closed. */
const FIRST_PORT = 20_000;
const PORTS = 10_000;
let nextPort = FIRST_PORT + (process.pid % PORTS);

/** A port in front of another one, which can be closed for a while: connections are refused, and those open are cut. */
export class Gate {
	private readonly sockets = new Set<Socket>();
	private server?: Server;

	private constructor(
		readonly port: number,
		private readonly target: number,
	) {}

	static async start(target: number): Promise<Gate> {
		for (let tries = 0; tries < PORTS; tries++) {
			const gate = new Gate(nextPort, target);
			nextPort = nextPort + 1 < FIRST_PORT + PORTS ? nextPort + 1 : FIRST_PORT;
			if (await gate.open()) return gate;
		}
		throw new Error(`No port is free from ${FIRST_PORT} on`);
	}

	/** Gives false where the port is taken. */
	async open(): Promise<boolean> {
		const server = createServer((socket) => this.join(socket, connect(this.target, '127.0.0.1')));
		server.listen(this.port, '127.0.0.1');
		const open = await once(server, 'listening').then(
			() => true,
			() => false,
		);
		if (open) this.server = server;
		return open;
	}

	async close(): Promise<void> {
		const { server } = this;
		this.server = undefined;
		const closed = server && once(server, 'close');
		server?.close();
		for (const socket of this.sockets) socket.resetAndDestroy();
		await closed;
	}

	private join(one: Socket, other: Socket): void {
		for (const [from, to] of [
			[one, other],
			[other, one],
		] as const) {
			this.sockets.add(from);
			from.on('error', () => undefined);
			from.once('close', () => {
				this.sockets.delete(from);
				// What was cut on one side is cut on the other, not ended in good order.
				if (from.errored || !from.readableEnded) to.resetAndDestroy();
			});
			from.pipe(to);
		}
	}
}
