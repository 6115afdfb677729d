import fastify from 'fastify';

import { loopback } from './ports';

/** Somebody's webhook: takes whatever is posted, and keeps it. */
export interface Receiver {
	url: string;
	/** The bodies, in the order in which they came. */
	received: unknown[];
	close: () => Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
	const app = fastify({ forceCloseConnections: true });
	const received: unknown[] = [];
	app.post('/', async (request, reply) => {
		received.push(request.body);
		return await reply.code(204).send();
	});
	const url = await app.listen({ host: loopback, port: 0 });
	return { url, received, close: async () => await app.close() };
}
