import getPort, { portNumbers } from 'get-port';

export const loopback = '127.0.0.1';

const NEIGHBOURS = 9;

/** The preferred port, otherwise the next free one of its neighbours, otherwise any free port. */
export async function freePort(preferred?: number): Promise<number> {
	return await getPort({
		host: loopback,
		port: preferred && portNumbers(preferred, Math.min(preferred + NEIGHBOURS, 65_535)),
	});
}
