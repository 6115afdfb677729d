import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import { bodyOf, type Answer, type Envelope } from './answers';
import type { FaultAction, RetryAfter } from './faults';
import { repeatChunk, type ServedFile } from './files';
import type { RecordedRequest } from './requests';

/** Applies an `alter` fault. */
export function alterAnswer(
	answer: Answer,
	{ envelope, data, headers, status = answer.status }: Extract<FaultAction, { type: 'alter' }>,
): Answer {
	const changed = { ...answer, status, headers: { ...answer.headers, ...headers } };
	if ('file' in changed) return changed;
	const changedData = data ? { ...changed.envelope.data, ...data } : changed.envelope.data;
	return { ...changed, envelope: { ...changed.envelope, data: changedData, ...envelope } };
}

const html =
	'<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body></body></html>\n';
const noEnvelope: Envelope = { code: 0, msg: 'Success', data: null };

/** Sends what the fault prescribes in place of `answer`. */
export async function applyFault(
	action: Exclude<FaultAction, { type: 'delay' | 'alter' }>,
	answer: Answer,
	reply: FastifyReply,
	record: RecordedRequest,
): Promise<unknown> {
	const body = bodyOf(answer);
	const half = Math.floor(body.size / 2);
	const envelope = 'envelope' in answer ? answer.envelope : noEnvelope;
	switch (action.type) {
		case 'resetWhileSending':
		case 'resetBeforeAnswer':
			return reset(reply, record);
		case 'resetMidAnswer':
			reply.hijack();
			reply.raw.writeHead(answer.status, {
				...answer.headers,
				'content-type': body.type,
				'content-length': body.size,
			});
			// Ignore the error if the client disconnects first.
			await pipeline(body.read(0, half), reply.raw, { end: false }).catch(() => {});
			// A reset discards unsent data, so wait until the first half has arrived.
			await sleep(20);
			return reset(reply, record);
		case 'hang':
			return reply.hijack();
		case 'http':
			return reply
				.code(action.status)
				.headers({ ...retryAfter(action), ...action.headers })
				.send(action.body ?? '');
		case 'envelope': {
			const { code, msg = 'Fault', data = null, status = 200, headers } = action;
			return reply
				.code(status)
				.headers({ ...retryAfter(action), ...headers })
				.send({ code, msg, data });
		}
		case 'html':
			return reply
				.code(action.status ?? 502)
				.type('text/html')
				.send(html);
		case 'empty':
			return reply.code(action.status ?? 200).send('');
		case 'cutOff':
			return reply
				.code(answer.status)
				.type(body.type)
				.header('content-length', half)
				.send(body.read(0, half));
		case 'json':
			return reply
				.code(action.status ?? 200)
				.headers(retryAfter(action))
				.type('application/json; charset=utf-8')
				.send(JSON.stringify(action.value));
		case 'huge':
			return reply
				.type('application/json; charset=utf-8')
				.send(Readable.from(padded(envelope, action.megabytes)));
		case 'trickle':
			return reply.type(body.type).send(Readable.from(spaces(action.everyMs ?? 1000)));
		case 'endless':
			return reply.type(body.type).send(Readable.from(endless(body)));
	}
}

export function reset(reply: FastifyReply, record: RecordedRequest): FastifyReply {
	record.answered = 'reset';
	reply.hijack();
	reply.raw.socket?.resetAndDestroy();
	return reply;
}

function retryAfter({
	retryAfter: seconds,
	retryAfterAs = 'seconds',
}: RetryAfter): Record<string, string> {
	if (seconds === undefined) return {};
	const date = new Date(Date.now() + seconds * 1000).toUTCString();
	return { 'retry-after': retryAfterAs === 'date' ? date : String(seconds) };
}

function* padded(envelope: Envelope, megabytes: number) {
	yield '{"padding":"';
	yield* repeatChunk(megabytes * 1024 * 1024, Buffer.alloc(64 * 1024, 'x'));
	yield `",${JSON.stringify(envelope).slice(1)}`;
}

// JSON may start with any amount of whitespace, so a parser waits for more.
async function* spaces(everyMs: number) {
	for (;;) {
		yield ' ';
		await sleep(everyMs, undefined, { ref: false });
	}
}

async function* endless(body: ServedFile) {
	yield* body.read(0, body.size);
	yield* repeatChunk(Infinity);
}
