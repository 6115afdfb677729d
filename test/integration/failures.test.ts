import type { INodeParameters } from 'n8n-workflow';
import type { EmulatorOptions, Fault } from '../../emulator';
import {
	always,
	containing,
	credentialsFor,
	failureOf,
	IMAGES,
	jsonOf,
	KEY,
	lowerFirst,
	numbered,
	once,
	paidFor,
	PROMPT,
	prompts,
	useN8n,
	withEmulator,
} from './support';
import { type Credentials, retryRun, runNode, storeFile } from '../../harness/core';

useN8n();

interface ApiCode {
	code: number;
	status: number;
	message: string;
	description?: string;
	/** The message for a paid request, which may have been accepted. */
	unclear?: string;
}

const CODES: ApiCode[] = [
	{ code: 1000, status: 400, message: 'The API did not accept the input: Text of the API' },
	{
		code: 1001,
		status: 402,
		message: 'Not enough credits: needs 2 credits, 0 left',
		description: 'Add credits in your veo3o1.com account, then try again.',
	},
	{
		code: 1002,
		status: 401,
		message: 'The API refused the key: Text of the API',
		description: "Check 'API Key' in the Veo API credential.",
	},
	{
		code: 1003,
		status: 429,
		message: 'The API received too many requests from this account: Text of the API',
		description:
			"Try again later, or send fewer items at a time: with 'Max Concurrent Jobs' in Generate and Wait, otherwise with the Loop Over Items node.",
	},
	{
		code: 5000,
		status: 500,
		message: 'The API could not handle the request: Text of the API',
		description: 'Try again later.',
		unclear:
			'It is unclear whether the API accepted the video: the API could not handle the request: Text of the API',
	},
];

const cases: ApiCode[] = [
	...CODES.flatMap((one) => [one, { ...one, status: 200 }]),
	{ code: 4711, status: 418, message: 'The server answered with HTTP 418: Text of the API' },
	{
		code: 4711,
		status: 200,
		message: 'The API answered with code 4711: Text of the API',
		unclear:
			'It is unclear whether the API accepted the video: the API answered with code 4711: Text of the API',
	},
];

function refusal(on: Fault['on'], { code, status }: { code: number; status: number }): Fault {
	const data = code === 1001 ? { required: 2, current: 0 } : null;
	return always(on, { type: 'envelope', code, status, msg: 'Text of the API', data });
}

describe.each(cases)(
	'Code $code with HTTP $status',
	({ code, status, message, description, unclear }) => {
		const known = { httpCode: `${status}`, context: { code, httpStatus: status, itemIndex: 0 } };
		// A refusal for now is waited out. In this time there is one more try.
		const options = { maxRetries: 0, maxWaitTime: 1 };

		it.each(['generate', 'generateAndWait'])(
			'is reported by %s, which pays for nothing twice',
			async (operation) => {
				const faults = [refusal('generate', { code, status })];
				await withEmulator({ faults }, async ({ emulator, run }) => {
					const failure = failureOf(await run({ operation, prompt: 'A fox', options }));
					expect(failure).toMatchObject({
						name: 'NodeApiError',
						message: `${unclear ?? message}`,
						...known,
					});
					if (unclear)
						expect(failure.description).toContain('It may have been accepted and billed');
					else expect(failure.description).toContain(description ?? '');
					expect(failure.messages).toEqual([
						expect.stringContaining(`HTTP status: ${status}. API code: ${code}`),
					]);
					expect(failure.context).not.toHaveProperty('uuid');
					expect(emulator.count('generate')).toBe(code === 1003 ? 2 : 1);
					expect(emulator.jobs).toEqual([]);
				});
			},
		);

		it('is reported by Get Status with the ID', async () => {
			await withEmulator(
				{ faults: [refusal('status', { code, status })] },
				async ({ run, emulator }) => {
					const { uuid } = emulator.accept({ generationType: 'text_to_video', prompt: 'A fox' });
					const ran = await run({ operation: 'getStatus', uuid, options });
					const failure = failureOf(ran);
					expect(failure).toMatchObject({
						name: 'NodeApiError',
						httpCode: known.httpCode,
						context: { ...known.context, uuid },
					});
					expect(failure.message).toContain(
						`The status of video ${uuid} could not be checked: ${lowerFirst(message)}`,
					);
					expect(failure.message).toContain(description ?? '');
					expect(ran.customData).toEqual({ veo_uuid: uuid });
				},
			);
		});

		it('is reported by Upload Image', async () => {
			await withEmulator({ faults: [refusal('upload', { code, status })] }, async ({ run }) => {
				const data = await storeFile(IMAGES.png, { fileName: 'a.png', mimeType: 'image/png' });
				const items = [{ json: {}, binary: { data } }];
				const ran = await run({ resource: 'image', operation: 'uploadImage', options }, { items });
				expect(failureOf(ran)).toMatchObject({
					name: 'NodeApiError',
					message: `${message}`,
					...known,
				});
			});
		});
	},
);

describe('A refusal by the API', () => {
	const refused: Array<[string, EmulatorOptions, number]> = [
		['no credits', { credits: 0 }, 1001],
		['an unknown key', { apiKeys: ['another'] }, 1002],
		['too many requests', { rateLimit: { requests: 0, perMs: 60_000 } }, 1003],
	];

	it.each(refused)('has its code with any HTTP status: %s', async (_, options, code) => {
		for (const httpStatus of ['ok', 'matching'] as const) {
			await withEmulator({ ...options, httpStatus }, async ({ emulator, run }) => {
				const parameters = { operation: 'generate', prompt: 'A fox', options: { maxWaitTime: 1 } };
				const { context } = failureOf(await run(parameters));
				const status = { 1001: 402, 1002: 401, 1003: 429 }[code];
				expect(context).toMatchObject({ code, httpStatus: httpStatus === 'ok' ? 200 : status });
				expect(emulator.jobs).toEqual([]);
			});
		}
	});

	it('contains the time to wait, if the API says so', async () => {
		const rateLimit = { requests: 0, perMs: 60_000, retryAfterSeconds: 7 };
		await withEmulator({ rateLimit }, async ({ run }) => {
			const ran = await run({
				operation: 'generate',
				prompt: 'A fox',
				options: { maxWaitTime: 1 },
			});
			expect(failureOf(ran).description).toContain('Try again in 7 seconds');
		});
	});
});

describe('A failed item', () => {
	const mixed = prompts('good one', 'bad', 'good two');
	const bad = always('generate', { type: 'envelope', code: 1000, msg: 'Bad' }, { prompt: 'bad' });

	it('ends the run with its index and the IDs of the accepted videos', async () => {
		await withEmulator({ faults: [bad] }, async ({ emulator, run }) => {
			const ran = await run({ operation: 'generate', prompt: PROMPT }, { items: mixed });
			const { message, description, context } = failureOf(ran);
			expect(message).toBe('The API did not accept the input: Bad [item 1]');
			expect(context).toMatchObject({ itemIndex: 1, code: 1000 });
			expect(emulator.jobs.length).toBeGreaterThan(0);
			for (const { uuid, request } of emulator.jobs) {
				const item = request.prompt === 'good one' ? 0 : 2;
				expect(description).toContain(`${uuid} [item ${item}]`);
				expect(ran.customData.veo_uuid).toContain(uuid);
			}
		});
	});

	it('becomes an item with its message with continueRegularOutput', async () => {
		await withEmulator({ faults: [bad] }, async ({ emulator, run }) => {
			for (const operation of ['generate', 'generateAndWait']) {
				const node = { onError: 'continueRegularOutput' } as const;
				const { outputs, error } = await run({ operation, prompt: PROMPT }, { items: mixed, node });
				expect(error).toBeUndefined();
				expect(outputs).toHaveLength(1);
				expect(outputs[0]).toHaveLength(3);
				expect(outputs[0]?.[1]).toEqual({
					json: {
						error:
							"The API did not accept the input: Bad [item 1]. Check the node's fields. The prompt had 3 characters.",
					},
					pairedItem: { item: 1 },
				});
				for (const item of [0, 2]) {
					expect(outputs[0]?.[item]).toMatchObject({
						json: { prompt: mixed[item]?.json.prompt },
						pairedItem: { item },
					});
					expect(outputs[0]?.[item]?.json).not.toHaveProperty('error');
					expect(outputs[0]?.[item]).not.toHaveProperty('error');
				}
			}
			expect(paidFor(emulator)).toHaveLength(6);
		});
	});

	it('has the ID of its accepted job with continueRegularOutput', async () => {
		const outcome = ({ prompt }: { prompt: string }) => (prompt === 'bad' ? 'failed' : 'completed');
		await withEmulator({ outcome }, async ({ emulator, run }) => {
			const node = { onError: 'continueRegularOutput' } as const;
			const ran = await run(
				{ operation: 'generateAndWait', prompt: PROMPT },
				{ items: mixed, node },
			);
			const uuid = emulator.jobs.find(({ outcome }) => outcome === 'failed')?.uuid;
			expect(ran.outputs[0]?.[1]).toEqual({
				json: { uuid, error: containing(`Video ${uuid} could not be made`) },
				pairedItem: { item: 1 },
			});
			expect(ran.customData).toEqual({ veo_uuid: uuid });
			expect(jsonOf(ran)[0]).not.toHaveProperty('error');
		});
	});

	it('goes to the error output with its input fields, message and ID', async () => {
		const outcome = ({ prompt }: { prompt: string }) => (prompt === 'bad' ? 'failed' : 'completed');
		const refused = once('generate', { type: 'envelope', code: 1000 }, { prompt: 'refused' });
		await withEmulator({ outcome, faults: [refused] }, async ({ emulator, run }) => {
			const items = prompts('good', 'bad', 'refused', '').map(({ json }, index) => ({
				json: { ...json, row: index },
			}));
			const node = { onError: 'continueErrorOutput' } as const;
			const ran = await run({ operation: 'generateAndWait', prompt: PROMPT }, { items, node });
			const uuid = emulator.jobs.find(({ outcome }) => outcome === 'failed')?.uuid;

			expect(ran.error).toBeUndefined();
			expect(ran.outputs[0]).toMatchObject([{ json: { prompt: 'good' }, pairedItem: { item: 0 } }]);
			expect(jsonOf(ran)[0]).not.toHaveProperty('error');
			expect(ran.outputs[1]).toMatchObject([
				{
					json: {
						row: 1,
						prompt: 'bad',
						uuid,
						error: containing(`Video ${uuid} could not be made`),
					},
					pairedItem: { item: 1 },
				},
				{
					json: { row: 2, prompt: 'refused', error: containing('did not accept the input') },
					pairedItem: { item: 2 },
				},
				{ json: { row: 3, prompt: '', error: containing('is blank') }, pairedItem: { item: 3 } },
			]);
			expect(ran.outputs[1]?.[1]?.json).not.toHaveProperty('uuid');
		});
	});

	it.each(['continueRegularOutput', 'continueErrorOutput'] as const)(
		'of Get Status has its ID with %s',
		async (onError) => {
			await withEmulator({}, async ({ run }) => {
				const ran = await run({ operation: 'getStatus', uuid: 'lost' }, { node: { onError } });
				const output = onError === 'continueErrorOutput' ? 1 : 0;
				expect(jsonOf(ran, output)).toEqual([
					{ uuid: 'lost', error: containing('The status of video lost could not be checked') },
				]);
			});
		},
	);

	const broken = (value: string) => `={{ $itemIndex === 1 ? $('Sheet').item.json.a : ${value} }}`;
	const fileParameters: Array<[string, INodeParameters]> = [
		['Download Video', { downloadVideo: broken('true') }],
		['Put Output File in Field', { downloadVideo: true, binaryOutputField: broken("'data'") }],
		['File Name', { downloadVideo: true, options: { fileName: broken("'a'") } }],
	];

	it.each(fileParameters)(
		'is not paid for if the expression in %s fails',
		async (_, parameters) => {
			await withEmulator({}, async ({ emulator, run }) => {
				const more = { items: prompts('one', 'two') };
				const wait = { operation: 'generateAndWait', prompt: PROMPT, ...parameters };
				failureOf(await run(wait, more));
				expect(paidFor(emulator)).toEqual([]);
				const node = { onError: 'continueRegularOutput' } as const;
				const json = jsonOf(await run(wait, { ...more, node }));
				expect(json).toMatchObject([{ status: 'completed' }, { error: containing('[item 1]') }]);
				expect(paidFor(emulator)).toEqual(['one']);
			});
		},
	);

	it.each(fileParameters)(
		'of Get Status has its ID and URL if the expression in %s fails',
		async (_, parameters) => {
			await withEmulator({}, async ({ emulator, run }) => {
				const accepted = ['one', 'two'].map((prompt) =>
					emulator.accept({ generationType: 'text_to_video', prompt }),
				);
				const items = accepted.map(({ uuid }) => ({ json: { uuid } }));
				const get = { operation: 'getStatus', uuid: '={{ $json.uuid }}', ...parameters };
				const node = { onError: 'continueRegularOutput' } as const;
				const uuid = accepted[1]?.uuid;
				expect(jsonOf(await run(get, { items, node }))[1]).toEqual({
					error: containing(`Video ${uuid} was accepted, but could not be returned: `),
					uuid,
					videoUrl: containing('http'),
				});
			});
		},
	);

	it('has the ID of its earlier video if a retry cannot read its fields any more', async () => {
		const faults = [once('status', { type: 'http', status: 401 })];
		await withEmulator({ faults }, async ({ emulator, credentials, run }) => {
			const wait = { operation: 'generateAndWait', prompt: 'A fox' };
			const failed = await run(wait);
			const node = { onError: 'continueRegularOutput' } as const;
			const { uuid } = emulator.jobs[0] ?? {};
			for (const prompt of ['={{ "" }}', "={{ $('Sheet').item.json.a }}"]) {
				const parameters = { ...wait, prompt };
				const json = jsonOf(await retryRun(failed, { parameters, credentials, node }));
				expect(json).toEqual([{ uuid, error: containing(`${uuid}`) }]);
			}
			expect(paidFor(emulator)).toHaveLength(1);
		});
	});

	it('does not mention a payment if the key is invalid', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			for (const apiKey of ['zero\u200bwidth', 'new\nline', '', {}]) {
				const credentials = { veoApi: { apiKey, baseUrl: emulator.url } };
				const parameters = { operation: 'generate', prompt: 'A fox' };
				expect(failureOf(await run(parameters, { credentials }))).toMatchObject({
					name: 'NodeOperationError',
					message:
						"The 'API Key' in the Veo API credential is blank or contains a character that a key cannot have",
				});
			}
			expect(emulator.requests).toEqual([]);
		});
	});

	it('does not occur if an expression returns the key as a number', async () => {
		await withEmulator({ apiKeys: ['12345678'] }, async ({ emulator, run }) => {
			const credentials = { veoApi: { apiKey: 12345678, baseUrl: emulator.url } };
			jsonOf(await run({ operation: 'generate', prompt: 'A fox' }, { credentials }));
			expect(emulator.count('generate')).toBe(1);
		});
	});

	it.each([3_000_000, 5_000_000_000])(
		'does not occur with a Request Timeout of %s seconds',
		async (seconds) => {
			await withEmulator({ latencyMs: 200 }, async ({ run }) => {
				const options = { requestTimeout: seconds };
				jsonOf(await run({ operation: 'generate', prompt: 'A fox', options }));
			});
		},
	);

	const elsewhere = 'http://127.0.0.1:1/api';
	const invalidSettings: Array<[string, INodeParameters, Credentials, string]> = [
		[
			'an invalid Base URL',
			{},
			{ veoApi: { apiKey: KEY, baseUrl: 'veo3o1.com' } },
			"The 'Base URL' in the Veo API credential is not a web address",
		],
		[
			'a job table without a name',
			{ trackJob: true, jobTableName: '={{ null }}' },
			{ ...credentialsFor(elsewhere), veoJobTableApi: { apiKey: KEY, baseUrl: elsewhere } },
			"The 'Job Table Name' is blank",
		],
		[
			'a job table that cannot be reached',
			{ trackJob: true, options: { maxRetries: 0 } },
			{
				...credentialsFor(elsewhere),
				veoJobTableApi: { apiKey: KEY, baseUrl: elsewhere },
			},
			"The job table 'veo_jobs' could not be used: n8n could not be reached",
		],
	];

	it.each(invalidSettings)('is every item with %s', async (_, more, credentials, message) => {
		const items = prompts('one', 'two');
		const parameters = { operation: 'generate', prompt: PROMPT, ...more };
		for (const onError of ['continueRegularOutput', 'continueErrorOutput'] as const) {
			const ran = await runNode({ parameters, items, credentials, node: { onError } });
			const [failed, succeeded] = onError === 'continueErrorOutput' ? [1, 0] : [0, 1];
			expect(ran.error).toBeUndefined();
			expect(ran.outputs[succeeded] ?? []).toEqual([]);
			expect(ran.outputs[failed]).toMatchObject(
				items.map((__, item) => ({
					json: { error: containing(`${message} [item ${item}]. `) },
					pairedItem: { item },
				})),
			);
		}
		expect(failureOf(await runNode({ parameters, items, credentials })).message).toBe(
			`${message} [item 0]`,
		);
	});

	it('is not an item whose answer has a field named "error"', async () => {
		const faults = (['generate', 'status'] as const).map((on) =>
			always(on, { type: 'alter', data: { error: 'Only a remark' } }),
		);
		await withEmulator({ faults }, async ({ emulator, run }) => {
			for (const operation of ['generate', 'generateAndWait', 'getStatus']) {
				const uuid = emulator.jobs.at(-1)?.uuid ?? '';
				const node = { onError: 'continueErrorOutput' } as const;
				const ran = await run({ operation, prompt: 'A fox', uuid }, { node });
				expect(ran.outputs[1] ?? []).toEqual([]);
				expect(jsonOf(ran)).toMatchObject([{ errorMessage: 'Only a remark' }]);
				expect(jsonOf(ran)[0]).not.toHaveProperty('error');
			}
		});
	});
});

describe('The highlighted data of an execution', () => {
	it('contains the IDs of many failed jobs', async () => {
		await withEmulator({ outcome: 'failed' }, async ({ emulator, run }) => {
			const items = prompts(...numbered(20));
			const node = { onError: 'continueRegularOutput' } as const;
			const options = { maxConcurrentJobs: 20 };
			const ran = await run(
				{ operation: 'generateAndWait', prompt: PROMPT, options },
				{ items, node },
			);
			const uuids = Object.values(ran.customData).join(',').split(',');
			expect(uuids.sort()).toEqual(emulator.jobs.map(({ uuid }) => uuid).sort());
			expect(Object.keys(ran.customData)).toEqual(
				['', '_2', '_3', '_4'].map((suffix) => `veo_uuid${suffix}`),
			);
		});
	});

	it('is empty if no item failed', async () => {
		await withEmulator({}, async ({ run }) => {
			const ran = await run({ operation: 'generateAndWait', prompt: 'A fox' });
			expect(ran.customData).toEqual({});
		});
	});
});
