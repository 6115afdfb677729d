import getPort from 'get-port';

export const loopback = '127.0.0.1';

/** The preferred port if it is free, otherwise any free port. */
export async function freePort(preferred?: number): Promise<number> {
	return await getPort({ host: loopback, port: preferred });
}
