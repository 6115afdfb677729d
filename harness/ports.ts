import getPort, { portNumbers } from 'get-port';

export const loopback = '127.0.0.1';

/** How many ports after the preferred one are tried before any other. */
const NEIGHBOURS = 20;

/** The preferred port, otherwise the next free one after it. Any free port if none is preferred. */
export async function freePort(preferred?: number): Promise<number> {
	const port = preferred && portNumbers(preferred, Math.min(preferred + NEIGHBOURS, 65_535));
	return await getPort({ host: loopback, port });
}
