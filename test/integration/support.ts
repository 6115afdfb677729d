/** Helpers shared by the integration tests. */
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { INode, INodeParameters } from 'n8n-workflow';
import { type Emulator, type EmulatorOptions, type Fault, startEmulator } from '../../emulator';
import { type Credentials, type Ran, runNode, type RunOptions, startN8n } from '../../harness/core';
import { isObject } from '../../harness/json';
import './leakChecks';
import { addKey, leaves } from './leaks';

/** A unique key, so that tests can search outputs and logs for it. */
export const KEY = 'veo-secret-0123456789abcdef';
addKey(KEY);

export const credentialsFor = (baseUrl: string, apiKey = KEY): Credentials => ({
	veoApi: { apiKey, baseUrl },
});

/** Starts n8n for the tests of one file. */
export function useN8n(binaryMode?: 'default' | 'filesystem') {
	const started = startN8n(binaryMode);
	beforeAll(async () => {
		await started;
	});
	afterAll(async () => (await started).close());
	return { logged: async () => await (await started).logged() };
}

export interface Scene {
	emulator: Emulator;
	credentials: Credentials;
	/** Runs the node on the items, by default on one item without fields. */
	run: (parameters: INodeParameters, more?: Partial<RunOptions>) => Promise<Ran>;
}

/** Calls `act` with a new emulator. Its jobs finish at once unless `options` say otherwise. */
export async function withEmulator<T>(
	options: EmulatorOptions,
	act: (scene: Scene) => Promise<T>,
): Promise<T> {
	const emulator = await startEmulator({ apiKeys: [KEY], durationMs: 0, ...options });
	const credentials = credentialsFor(emulator.url);
	const run: Scene['run'] = async (parameters, more) =>
		await runNode({ parameters, credentials, ...more });
	try {
		return await act({ emulator, credentials, run });
	} finally {
		searchRequests(emulator);
		await emulator.close();
	}
}

/** The key may only be in the Authorization header of the API's own calls. */
export function searchRequests({ requests }: Emulator): void {
	for (const { kind, method, path, headers, body } of requests) {
		const { authorization, ...others } = headers;
		const isCall = kind === 'generate' || kind === 'status' || kind === 'upload';
		leaves('a request', [method, path, others, body, !isCall && authorization]);
	}
}

/** n8n's setting Retry On Fail with three tries. */
export const RETRY_ON_FAIL: Partial<INode> = {
	retryOnFail: true,
	maxTries: 3,
	waitBetweenTries: 1,
};

/** One item for each prompt, and the parameter that reads it. */
export const prompts = (...list: string[]) => list.map((prompt) => ({ json: { prompt } }));
export const PROMPT = '={{ $json.prompt }}';

/** Prompts `video 0`, `video 1` and so on. */
export const numbered = (count: number) =>
	Array.from({ length: count }, (_, index) => `video ${index}`);

/** The prompts of the paid requests that arrived. */
export const paidFor = ({ requests }: Emulator): unknown[] =>
	requests
		.filter(({ kind }) => kind === 'generate')
		.map(({ body }) => (isObject(body) ? body.prompt : undefined));

export const always = (on: Fault['on'], action: Fault['do'], more?: Partial<Fault>): Fault => ({
	on,
	do: action,
	...more,
});

export const once = (on: Fault['on'], action: Fault['do'], more?: Partial<Fault>): Fault =>
	always(on, action, { occurrence: 1, ...more });

/** The error that the node threw, as n8n stores it. */
export function failureOf({ error, outputs }: Ran) {
	if (!error)
		throw new Error(`Expected a failed run, but its output is ${JSON.stringify(outputs)}`);
	const { name, message, description, context } = error;
	const httpCode = 'httpCode' in error ? error.httpCode : undefined;
	const messages = 'messages' in error ? error.messages : undefined;
	return { name, message, description, context, httpCode, messages };
}

/** The JSON of the items of one output. */
export function jsonOf({ outputs, error }: Ran, output = 0) {
	if (error) throw new Error(`The run failed: ${error.message}`);
	return (outputs[output] ?? []).map(({ json }) => json);
}

/** The node context, which n8n passes on to both kinds of retry. */
export const nodeContextOf = ({ run }: Ran): unknown =>
	run.data.executionData?.contextData['node:Veo'];

/** All data of an execution as text, to search for a string in it. */
export const dumpOf = (ran: Ran): string =>
	JSON.stringify(ran) + inspect(ran, { depth: Infinity, maxStringLength: Infinity });

/** Returns an `it` whose tests run concurrently, `limit` at a time. For tests that mostly wait. */
export function together(limit = 12) {
	const queue: Array<() => Promise<void>> = [];
	const worker = async () => {
		for (let next = queue.shift(); next; next = queue.shift()) await next();
	};
	beforeAll(() => {
		for (let i = 0; i < limit; i++) void worker();
	});
	return (name: string, body: () => Promise<void>) => {
		const done = new Promise<void>((resolve, reject) => {
			queue.push(async () => await body().then(resolve, reject));
		});
		// Prevents an unhandled rejection: jest awaits the promise later.
		done.catch(() => undefined);
		it(name, async () => await done);
	};
}

/** Waits until the condition is true. Throws when the time is up. */
export async function until(condition: () => boolean, withinMs = 30_000): Promise<void> {
	const deadline = Date.now() + withinMs;
	while (!condition()) {
		if (Date.now() > deadline)
			throw new Error(`The condition did not become true in ${withinMs / 1000} seconds`);
		await sleep(10);
	}
}

export const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);

export const aString = expect.any(String) as string;
export const containing = (text: string) => expect.stringContaining(text) as string;

/** Minimal images: the API checks only the first bytes. */
export const IMAGES = {
	jpeg: Buffer.concat([Buffer.from('ffd8ffe000104a46494600', 'hex'), Buffer.alloc(64)]),
	png: Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), Buffer.alloc(64)]),
	webp: Buffer.concat([Buffer.from('RIFF\x20\0\0\0WEBPVP8 ', 'latin1'), Buffer.alloc(64)]),
};
