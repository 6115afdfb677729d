import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Below the ephemeral ports: no other process is given the port of a closed gate. */
const FIRST_PORT = 20_000;
const PORTS = 10_000;
/** Two fault runs at the same time must not give a closed gate's port to each other. */
const PORTS_PER_PROCESS = 250;
let nextPort = FIRST_PORT + ((process.pid * PORTS_PER_PROCESS) % PORTS);

/** Forwards a port. While it is closed, new connections are refused and open ones are reset. */
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
		throw new Error(`No free port from ${FIRST_PORT} to ${FIRST_PORT + PORTS - 1}`);
	}

	/** Returns false if the port is in use. */
	async open(): Promise<boolean> {
		const server = createServer((socket) =>
			this.forward(socket, connect(this.target, '127.0.0.1')),
		);
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

	private forward(one: Socket, other: Socket): void {
		for (const [from, to] of [
			[one, other],
			[other, one],
		] as const) {
			this.sockets.add(from);
			from.on('error', () => undefined);
			from.once('close', () => {
				this.sockets.delete(from);
				// A reset on one side is forwarded as a reset, not as a regular end.
				if (from.errored || !from.readableEnded) to.resetAndDestroy();
			});
			from.pipe(to);
		}
	}
}
