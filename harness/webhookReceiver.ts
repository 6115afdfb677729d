import fastify from 'fastify';

import { loopback } from './ports';

/** A webhook of the user: records all bodies that are posted to it. */
export interface WebhookReceiver {
	url: string;
	/** The bodies, in order. */
	received: unknown[];
	/** Whether it answers 503 and records nothing. */
	refuses: boolean;
	close: () => Promise<void>;
}

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
	const app = fastify({ forceCloseConnections: true });
	const receiver: WebhookReceiver = {
		url: '',
		received: [],
		refuses: false,
		close: async () => await app.close(),
	};
	app.post('/', async (request, reply) => {
		if (receiver.refuses) return await reply.code(503).send();
		receiver.received.push(request.body);
		return await reply.code(204).send();
	});
	receiver.url = await app.listen({ host: loopback, port: 0 });
	return receiver;
}
