import { createServer } from 'node:net';

export const loopback = '127.0.0.1';

/** A port that nothing listens on right now. */
export async function freePort(): Promise<number> {
	return await listen(0);
}

export async function isPortFree(port: number): Promise<boolean> {
	return await listen(port).then(
		() => true,
		() => false,
	);
}

async function listen(port: number): Promise<number> {
	return await new Promise((resolve, reject) => {
		const server = createServer();
		server.once('error', reject);
		server.listen(port, loopback, () => {
			const address = server.address();
			const bound = address !== null && typeof address === 'object' ? address.port : port;
			server.close(() => resolve(bound));
		});
	});
}
