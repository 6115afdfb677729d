import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { isLoopback, startEmulator, type Emulator } from '../../emulator';
import { generate, textRequest, until } from './client';

let emulator: Emulator;
let url: string;
const received: Array<{ method?: string; contentType?: string; body: unknown }> = [];
let httpStatus = 200;
const receiver = createServer((request, response) => {
	void text(request).then((body) => {
		const contentType = request.headers['content-type'];
		received.push({ method: request.method, contentType, body: JSON.parse(body) });
		response.writeHead(httpStatus, { location: '/elsewhere' }).end('ok');
	});
});

beforeAll(async () => {
	emulator = await startEmulator({ durationMs: 50 });
	receiver.listen(0, '127.0.0.1');
	await once(receiver, 'listening');
	url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
});
afterAll(async () => {
	await emulator.close();
	receiver.closeAllConnections();
	receiver.close();
});
beforeEach(() => {
	received.length = 0;
	httpStatus = 200;
	emulator.reset({ webhook: { url } });
});

const answered = () => emulator.webhookCalls.map((call) => call.answered);

test('a completed job is reported once, with its status answer', async () => {
	await generate(emulator, textRequest);
	const [job] = emulator.jobs;
	await until(() => answered().includes(200));
	const { uuid, finalAt = NaN } = job ?? {};
	const videoUrl = `${emulator.origin}/videos/${uuid}.mp4`;
	const data = { uuid, status: 'completed', videoUrl, progress: 100 };
	const body = { code: 0, msg: 'Success', data };
	expect(received).toEqual([{ method: 'POST', contentType: 'application/json', body }]);
	expect(emulator.webhookCalls).toMatchObject([{ uuid, url, body }]);
	expect(emulator.webhookCalls[0]?.sentAt).toBeGreaterThanOrEqual(finalAt);
	expect(emulator.count('status')).toBe(0);
});

test('a failed job is reported, with a body of choice', async () => {
	emulator.options.outcome = 'failed';
	emulator.options.webhook = { url, body: ({ uuid, status }) => ({ event: status, id: uuid }) };
	const { uuid } = emulator.accept(textRequest);
	await until(() => answered().includes(200));
	expect(received).toMatchObject([{ body: { event: 'failed', id: uuid } }]);
});

test('the URL may depend on the job', async () => {
	emulator.options.webhook = { url: ({ prompt }) => `${url}?prompt=${prompt}` };
	emulator.accept({ ...textRequest, prompt: 'fox' });
	await until(() => answered().includes(200));
	expect(emulator.webhookCalls[0]?.url).toBe(`${url}?prompt=fox`);
});

test('failed calls and redirects are recorded and not repeated', async () => {
	httpStatus = 302;
	emulator.accept(textRequest);
	await until(() => answered().includes(302));
	emulator.options.webhook = { url: 'http://127.0.0.1:9/hook' };
	emulator.accept(textRequest);
	await until(() => answered()[1] !== undefined);
	expect(answered()[1]).toMatch(/ECONNREFUSED/);
	await sleep(100);
	expect(received).toHaveLength(1);
	expect(emulator.webhookCalls).toHaveLength(2);
});

test('other hosts are not called by default', async () => {
	emulator.options.webhook = { url: 'http://192.0.2.1/hook' };
	emulator.accept(textRequest);
	await until(() => answered().length === 1);
	expect(answered()).toEqual(['not sent: the host is not a loopback address']);
});

test.each([
	['http://localhost:5678/webhook/a', true],
	['http://127.0.0.1/', true],
	['http://127.8.9.1/', true],
	['http://[::1]:5678/', true],
	['http://0x7f000001/', true],
	['http://127.0.0.1.example.com/', false],
	['http://localhost.example.com/', false],
	['http://10.0.0.1/', false],
	['http://[::2]/', false],
])('isLoopback(%j) is %s', (address, expected) => {
	expect(isLoopback(address)).toBe(expected);
});

test('reset and close cancel scheduled calls', async () => {
	emulator.accept(textRequest);
	emulator.reset();
	const other = await startEmulator({ durationMs: 50, webhook: { url } });
	other.accept(textRequest);
	await other.close();
	await sleep(150);
	expect(received).toEqual([]);
	expect(emulator.webhookCalls).toEqual([]);
});
