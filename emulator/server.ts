import { setTimeout as sleep } from 'node:timers/promises';
import multipart from '@fastify/multipart';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { bodyOf, Refusal, toRefusal, type Answer } from './answers';
import { alterAnswer, applyFault, reset } from './apply-fault';
import { createsJob } from './faults';
import { maxImageBytes } from './images';
import type { GenerateRequest } from './jobs';
import type { Kind, RecordedRequest } from './requests';
import { describeError, generateBody } from './validation';
import type { VeoApi } from './veo-api';

declare module 'fastify' {
	interface FastifyContextConfig {
		kind?: Kind;
	}
	interface FastifyRequest {
		record: RecordedRequest;
	}
}

/** The HTTP server: records requests, asks the API for the answer and applies faults to it. */
export async function createServer(api: VeoApi): Promise<FastifyInstance> {
	const app = fastify({
		bodyLimit: 10 * 1024 * 1024,
		exposeHeadRoutes: false,
		forceCloseConnections: true,
		routerOptions: { maxParamLength: 1000 },
		ajv: { customOptions: { coerceTypes: false } },
		schemaErrorFormatter: describeError,
	});
	app.decorateRequest('record');
	app.addHook('onRequest', async (request, reply) => {
		const record = startRecord(api, request, reply);
		if (record.kind === 'other' || request.method === 'HEAD') return;
		record.fault = api.nextFault(record.kind, record.uuid, undefined, false);
		if (record.fault) return reset(reply, record);
	});
	app.addHook('onSend', (request, reply, payload, done) => {
		// Keep `aborted` if the client disconnected before the answer was ready.
		request.record.answered ??= reply.statusCode;
		done(null, payload);
	});
	const refuse = (refusal: Refusal, request: FastifyRequest, reply: FastifyReply) =>
		send(refusal.answer(api.settings.httpStatus), request, reply);
	app.setErrorHandler((error, request, reply) => refuse(toRefusal(error), request, reply));
	app.setNotFoundHandler((request, reply) => {
		const msg = `Not found: ${request.method} ${request.url}`;
		return refuse(new Refusal(1000, msg, { status: 404 }), request, reply);
	});
	await app.register(multipart, {
		throwFileSizeLimit: false,
		limits: { fileSize: maxImageBytes },
	});
	addRoutes(app, api);
	return app;
}

function addRoutes(app: FastifyInstance, api: VeoApi): void {
	app.post<{ Body: GenerateRequest }>(
		'/api/generate-video',
		{ config: { kind: 'generate' }, schema: { body: generateBody }, attachValidation: true },
		(request, reply) =>
			respond(api, request, reply, (accept) => {
				api.admit(request.headers.authorization);
				if (request.validationError) throw new Refusal(1000, request.validationError.message);
				return api.generate(request.body, accept, request.record);
			}),
	);
	app.get<{ Params: { uuid: string } }>(
		'/api/video-status/:uuid',
		{ config: { kind: 'status' } },
		(request, reply) =>
			respond(api, request, reply, () => {
				api.admit(request.headers.authorization);
				return api.status(request.params.uuid);
			}),
	);
	app.post('/api/upload-video-image', { config: { kind: 'upload' } }, (request, reply) =>
		respond(api, request, reply, async () => {
			api.admit(request.headers.authorization);
			return api.upload(await request.file(), request.record);
		}),
	);
	app.route<{ Params: { uuid: string } }>({
		method: ['GET', 'HEAD'],
		url: '/videos/:uuid.mp4',
		config: { kind: 'video' },
		handler: (request, reply) =>
			respond(api, request, reply, () =>
				api.video(request.params.uuid, request.url, request.headers.range),
			),
	});
	app.route<{ Params: { key: string } }>({
		method: ['GET', 'HEAD'],
		url: '/images/:key',
		config: { kind: 'image' },
		handler: (request, reply) =>
			respond(api, request, reply, () => api.image(request.params.key, request.headers.range)),
	});
}

function startRecord(api: VeoApi, request: FastifyRequest, reply: FastifyReply): RecordedRequest {
	const { method, url: path, headers, params } = request;
	const kind = request.routeOptions.config.kind ?? 'other';
	const record: RecordedRequest = { kind, method, path, headers, receivedAt: Date.now() };
	if (typeof params === 'object' && params !== null && 'uuid' in params) {
		record.uuid = String(params.uuid);
	}
	request.record = record;
	api.requests.push(record);
	const job = api.job(record.uuid);
	if (job && kind === 'status') job.statusChecks++;
	if (job && kind === 'video' && method === 'GET') job.fileRequests++;
	reply.raw.once('close', () => {
		if (!reply.raw.writableFinished && record.answered !== 'reset') record.answered = 'aborted';
		api.options.log?.(record);
	});
	return record;
}

/** `normal` returns the answer without faults. If its `accept` is false, it must not create a job. */
async function respond(
	api: VeoApi,
	request: FastifyRequest,
	reply: FastifyReply,
	normal: (accept: boolean) => Answer | Promise<Answer>,
): Promise<unknown> {
	const { record } = request;
	const { kind } = request.routeOptions.config;
	if (kind === 'generate') record.body = request.body;
	// Faults ignore HEAD requests: they have no body, and video players send them at any time.
	if (kind && request.method !== 'HEAD') {
		record.fault = api.nextFault(kind, record.uuid, record.body, true);
	}
	const { fault } = record;
	let answer: Answer;
	try {
		answer = await normal(createsJob(fault));
	} catch (error) {
		answer = toRefusal(error).answer(api.settings.httpStatus);
	}
	if (api.settings.latencyMs > 0) {
		await sleep(api.settings.latencyMs, undefined, { ref: false });
	}
	if (fault?.do.type === 'delay') await sleep(fault.do.ms, undefined, { ref: false });
	else if (fault?.do.type === 'alter') answer = alterAnswer(answer, fault.do);
	else if (fault) return applyFault(fault.do, answer, reply, record);
	api.recordReportedStatus(record, answer);
	return send(answer, request, reply);
}

function send(answer: Answer, request: FastifyRequest, reply: FastifyReply): FastifyReply {
	const { type, size, read } = bodyOf(answer);
	const headers = { 'content-type': type, 'content-length': size, ...answer.headers };
	// Fastify sends a header given as undefined with an empty value.
	const given = Object.entries(headers).filter(([, value]) => value !== undefined);
	reply.code(answer.status).headers(Object.fromEntries(given));
	if (request.method === 'HEAD') return reply.send();
	return reply.send('file' in answer ? read(0, size) : JSON.stringify(answer.envelope));
}
