/** What the tests of this folder have in common. */
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { INodeParameters } from 'n8n-workflow';
import { type Emulator, type EmulatorOptions, type Fault, startEmulator } from '../../emulator';
import { type Credentials, type Ran, runNode, type RunOptions, startN8n } from '../../harness/core';

/** A key that can be found again wherever it leaks to. */
export const KEY = 'veo-secret-0123456789abcdef';

export const credentialsFor = (baseUrl: string, apiKey = KEY): Credentials => ({
	veoApi: { apiKey, baseUrl },
});

/** n8n for the tests of one file. */
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
	/** The node's run on the items, by default on one without any fields. */
	run: (parameters: INodeParameters, more?: Partial<RunOptions>) => Promise<Ran>;
}

/** An emulator of its own for `act`, whose jobs are finished at once unless `options` say otherwise. */
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
		await emulator.close();
	}
}

/** One item for each prompt, and the parameter that reads it. */
export const prompts = (...list: string[]) => list.map((prompt) => ({ json: { prompt } }));
export const PROMPT = '={{ $json.prompt }}';

/** The paid requests that arrived, by their prompts. */
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

/** What the node threw, as n8n keeps it. */
export function failureOf({ error, outputs }: Ran) {
	if (!error) throw new Error(`The run was expected to fail, but gave ${JSON.stringify(outputs)}`);
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

/** What the node remembers in the execution, which both of n8n's retries give back to it. */
export const rememberedBy = ({ run }: Ran): unknown =>
	run.data.executionData?.contextData['node:Veo'];

/** All that n8n holds of an execution, to its last corner, for finding a string in it. */
export const everythingIn = (ran: Ran): string =>
	JSON.stringify(ran) + inspect(ran, { depth: Infinity, maxStringLength: Infinity });

/** Tests that mostly wait, under way side by side, `limit` at once; each shows up as a test of its own. */
export function together(limit = 12) {
	const waiting: Array<() => Promise<void>> = [];
	const worker = async () => {
		for (let next = waiting.shift(); next; next = waiting.shift()) await next();
	};
	beforeAll(() => {
		for (let i = 0; i < limit; i++) void worker();
	});
	return (name: string, body: () => Promise<void>) => {
		const done = new Promise<void>((resolve, reject) => {
			waiting.push(async () => await body().then(resolve, reject));
		});
		// It is looked at only when its turn to be reported comes.
		done.catch(() => undefined);
		it(name, async () => await done);
	};
}

/** Waits for something that is bound to happen. */
export async function until(condition: () => boolean, withinMs = 30_000): Promise<void> {
	const deadline = Date.now() + withinMs;
	while (!condition()) {
		if (Date.now() > deadline) throw new Error('It never came to that');
		await sleep(10);
	}
}

export const aString = expect.any(String) as string;
export const containing = (text: string) => expect.stringContaining(text) as string;

/** The smallest things that the API takes for images: it looks at no more than their beginnings. */
export const IMAGES = {
	jpeg: Buffer.concat([Buffer.from('ffd8ffe000104a46494600', 'hex'), Buffer.alloc(64)]),
	png: Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), Buffer.alloc(64)]),
	webp: Buffer.concat([Buffer.from('RIFF\x20\0\0\0WEBPVP8 ', 'latin1'), Buffer.alloc(64)]),
};

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null;
}
