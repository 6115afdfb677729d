import fastify from 'fastify';

import { loopback } from './ports';

/** A webhook of the user: records all bodies that are posted to it. */
export interface WebhookReceiver {
	url: string;
	/** The bodies, in order. */
	received: unknown[];
	close: () => Promise<void>;
}

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
	const app = fastify({ forceCloseConnections: true });
	const received: unknown[] = [];
	app.post('/', async (request, reply) => {
		received.push(request.body);
		return await reply.code(204).send();
	});
	const url = await app.listen({ host: loopback, port: 0 });
	return { url, received, close: async () => await app.close() };
}
