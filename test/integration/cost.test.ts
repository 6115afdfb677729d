/** What keeps a user from paying for more than intended, and what else goes into a paid request. */
import { failing, lostAnswer } from '../../emulator';
import { NODE, type Ran, retryRun } from '../../harness/core';
import {
	always,
	containing,
	failureOf,
	jsonOf,
	numbered,
	once,
	paidFor,
	PROMPT,
	prompts,
	until,
	useN8n,
	withEmulator,
} from './support';
import { TABLE, withJobTable } from './jobTableScene';

useN8n();

const CONTINUE = { onError: 'continueRegularOutput' } as const;
const GENERATE = { operation: 'generate', prompt: PROMPT };

describe('Max Videos per Execution', () => {
	it.each(['generate', 'generateAndWait'])(
		'refuses 500 items in %s before anything is sent',
		async (operation) => {
			await withEmulator({}, async ({ emulator, run }) => {
				const items = prompts(...numbered(500));
				const ran = await run({ ...GENERATE, operation }, { items });
				expect(failureOf(ran)).toMatchObject({
					name: 'NodeOperationError',
					message: containing('This run would make 500 new videos'),
					description: containing('Nothing was sent, so nothing was paid.'),
				});
				const continued = await run({ ...GENERATE, operation }, { items, node: CONTINUE });
				expect(jsonOf(continued)).toHaveLength(500);
				expect(jsonOf(continued)[499]).toEqual({ error: containing('500 new videos') });
				expect(emulator.requests).toEqual([]);
			});
		},
	);

	it('lets exactly as many through, and counts a refused request as no video', async () => {
		const faults = [once('generate', { type: 'http', status: 429 })];
		await withEmulator({ faults }, async ({ emulator, run }) => {
			const options = { maxVideos: 3 };
			const items = prompts('a', 'b', 'c');
			expect(jsonOf(await run({ ...GENERATE, options }, { items }))).toHaveLength(3);
			expect(emulator.jobs).toHaveLength(3);
		});
	});

	it('does not count what another try takes up', async () => {
		const faults = [once('generate', { type: 'envelope', code: 1000 }, { occurrence: 3 })];
		await withEmulator({ faults }, async ({ emulator, run }) => {
			const options = { maxVideos: 3 };
			const items = prompts('a', 'b', 'c');
			const node = { retryOnFail: true, maxTries: 2, waitBetweenTries: 0 };
			expect(jsonOf(await run({ ...GENERATE, options }, { items, node }))).toHaveLength(3);
			expect(emulator.jobs).toHaveLength(3);
		});
	});

	it('does not count what the service refused', async () => {
		const faults = [always('generate', { type: 'envelope', code: 1001 })];
		await withEmulator({ faults }, async ({ emulator, run }) => {
			const options = { maxVideos: 2 };
			const node = { retryOnFail: true, maxTries: 4, waitBetweenTries: 0 };
			const ran = await run({ ...GENERATE, options }, { items: prompts('a'), node });
			expect(failureOf(ran).message).toContain('Not enough credits');
			expect(paidFor(emulator)).toHaveLength(4);
		});
	});

	it('starts again with a retry in the executions list', async () => {
		const faults = [once('generate', { type: 'envelope', code: 1000 }, { occurrence: 3 })];
		await withEmulator({ faults }, async ({ emulator, credentials, run }) => {
			const options = { maxVideos: 3 };
			const items = prompts('a', 'b', 'c');
			const parameters = { ...GENERATE, options };
			const failed = await run(parameters, { items });
			expect(failureOf(failed).message).toContain('did not accept');
			const again = { parameters, credentials, items, executionId: 'another' };
			expect(jsonOf(await retryRun(failed, again))).toHaveLength(3);
			expect(emulator.jobs).toHaveLength(3);
		});
	});
});

describe('Max Videos per Execution, of what is paid for again', () => {
	const REACHED = "has reached its 'Max Videos per Execution'";
	const wait = { operation: 'generateAndWait', prompt: PROMPT, downloadVideo: false };

	it('counts videos that are made again in the execution', async () => {
		await withEmulator({ outcome: failing({ prompt: 'bad' }) }, async ({ emulator, run }) => {
			const options = { makeAgain: 9, maxVideos: 3 };
			const ran = await run({ ...wait, options }, { items: prompts('bad'), node: CONTINUE });
			expect(jsonOf(ran)).toEqual([
				{ error: containing(REACHED), uuid: emulator.jobs.at(-1)?.uuid },
			]);
			expect(emulator.jobs).toHaveLength(3);
		});
	});

	it.each([
		['stops', {}, 'retry the execution: the count starts again'],
		['continues', { node: CONTINUE }, 'run the remaining items in a new execution'],
		['is in a sub-workflow', { mode: 'integrated' as const }, 'A retry of the calling workflow'],
		['is a tool', { node: { type: 'n8n-nodes-veo3o1.veoTool' } }, 'in a new execution'],
	])('promises a free retry only where there is one, if the node %s', async (name, more, text) => {
		await withEmulator({ outcome: 'failed' }, async ({ run }) => {
			const options = { makeAgain: 1, maxVideos: 1 };
			const ran = await run({ ...wait, prompt: 'bad', options }, more);
			const error = ran.error?.message ?? JSON.stringify(jsonOf(ran));
			expect(error).toContain(REACHED);
			expect(error).toContain(text);
			expect(error.includes('are not paid for again')).toBe(name === 'stops');
		});
	});

	it('counts videos that a person makes again in the executions list', async () => {
		await withEmulator({ outcome: failing({ prompt: 'bad' }) }, async (scene) => {
			const { emulator, credentials, run } = scene;
			const items = prompts('bad', 'bad', 'c');
			const parameters = { ...wait, options: { maxVideos: 3 } };
			const failed = await run(parameters, { items });
			expect(emulator.jobs).toHaveLength(3);
			const fewer = { ...wait, options: { maxVideos: 1 } };
			const again = await retryRun(failed, { parameters: fewer, credentials, items });
			expect(failureOf(again).message).toBeTruthy();
			expect(emulator.jobs).toHaveLength(4);
		});
	});

	it('counts requests that are sent again without a clear answer', async () => {
		await withEmulator({ faults: [lostAnswer(1)] }, async ({ emulator, run }) => {
			const options = { onUnclear: 'sendAgain', maxRetries: 0, maxVideos: 1 };
			const ran = await run({ ...wait, options }, { items: prompts('a'), node: CONTINUE });
			expect(jsonOf(ran)).toEqual([{ error: containing('It is unclear whether') }]);
			expect(jsonOf(ran)).toEqual([{ error: containing('It was not sent again, because this') }]);
			expect(emulator.jobs).toHaveLength(1);
			const two = { ...options, maxVideos: 2 };
			const sent = await run({ ...wait, options: two }, { items: prompts('b') });
			expect(jsonOf(sent)).toHaveLength(1);
		});
	});

	const keyed = (key: string, prompt: string) => ({ json: { key, prompt } });
	const withKeys = {
		prompt: PROMPT,
		options: { idempotencyKey: '={{ $json.key }}', maxVideos: 1, maxRetries: 0 },
	};

	it('does not block items whose idempotency key has a video', async () => {
		await withJobTable({}, async ({ emulator, run }) => {
			const items = Array.from({ length: 5 }, () => keyed('one', 'A fox'));
			for (const executionId of ['first', 'second']) {
				expect(jsonOf(await run(withKeys, { items, executionId }))).toHaveLength(5);
			}
			expect(emulator.jobs).toHaveLength(1);
		});
	});

	it('leaves the key of an item beyond it to the next execution', async () => {
		await withJobTable({}, async ({ emulator, tables, run }) => {
			const items = [keyed('one', 'A fox'), keyed('two', 'A cat')];
			const json = jsonOf(await run(withKeys, { items, node: CONTINUE, executionId: 'first' }));
			expect(json.filter(({ error }) => error !== undefined)).toEqual([
				{ error: containing(REACHED) },
			]);
			expect(emulator.jobs).toHaveLength(1);
			expect(
				tables
					.rows(TABLE)
					.map(({ status }) => status)
					.sort(),
			).toEqual(['failed', 'pending']);
			expect(jsonOf(await run(withKeys, { items, executionId: 'second' }))).toHaveLength(2);
			expect(emulator.jobs).toHaveLength(2);
		});
	});

	it('does not block identical videos that are reused', async () => {
		await withJobTable({}, async ({ emulator, run }) => {
			const options = { reuseIdentical: true, maxVideos: 1 };
			jsonOf(await run({ options }, { executionId: 'first' }));
			const items = Array.from({ length: 5 }, () => ({ json: {} }));
			expect(jsonOf(await run({ options }, { items, executionId: 'second' }))).toHaveLength(5);
			expect(emulator.jobs).toHaveLength(1);
		});
	});

	it('does not count videos of this execution that the job table has', async () => {
		const faults = [once('generate', { type: 'envelope', code: 1000 }, { occurrence: 3 })];
		await withJobTable({ faults }, async ({ emulator, run }) => {
			const tracked = { prompt: PROMPT, options: { maxVideos: 3 } };
			const node = { retryOnFail: true, maxTries: 2, waitBetweenTries: 0 };
			const items = prompts('a', 'b', 'c');
			expect(jsonOf(await run(tracked, { items, node }))).toHaveLength(3);
			expect(emulator.jobs).toHaveLength(3);
		});
	});
});

describe('The hint above the output', () => {
	const hintsOf = ({ run }: Ran) => run.data.resultData.runData[NODE]?.at(-1)?.hints;
	const hint = (pattern: RegExp) => [
		{
			message: expect.stringMatching(pattern) as string,
			type: 'info',
			location: 'outputPane',
		},
	];

	it('says how many videos were made, were reused and failed', async () => {
		const faults = [always('generate', { type: 'envelope', code: 1000 }, { prompt: 'bad' })];
		await withEmulator({ faults }, async ({ credentials, run }) => {
			const parameters = { ...GENERATE, operation: 'generateAndWait' };
			const items = prompts('a', 'b', 'bad');
			const failed = await run(parameters, { items });
			expect(failureOf(failed).message).toContain('did not accept');
			const retried = await retryRun(failed, { parameters, credentials, items, node: CONTINUE });
			expect(hintsOf(retried)).toEqual(hint(/^0 videos made, 2 reused, 1 failed, in \d+ s\.$/));
			const one = await run(parameters, { items: prompts('c') });
			expect(hintsOf(one)).toEqual(hint(/^1 video made, in \d+ s\.$/));
		});
	});
});

describe('Extra Parameters', () => {
	it('are in the body of each item, beside the fields', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			const items = [
				{ json: { prompt: 'a', extra: { seed: 1, nested: { on: true } } } },
				{ json: { prompt: 'b', extra: '{"seed": 2}' } },
				{ json: { prompt: 'c', extra: '' } },
			];
			const options = { extraParameters: '={{ $json.extra }}' };
			jsonOf(await run({ ...GENERATE, options }, { items }));
			const basics = { generationType: 'text_to_video', aspectRatio: 'auto' };
			expect(emulator.requests.map(({ body }) => body)).toEqual(
				expect.arrayContaining([
					{ ...basics, prompt: 'a', seed: 1, nested: { on: true } },
					{ ...basics, prompt: 'b', seed: 2 },
					{ ...basics, prompt: 'c' },
				]),
			);
		});
	});

	it.each([
		['{"seed": }', 'are not JSON in curly brackets'],
		['{"Prompt": "x"}', 'name "Prompt", which has a field of its own'],
		['{"__proto__": {"a": 1}}', 'contain the name "__proto__"'],
	])('are checked before anything is sent: %s', async (extra, words) => {
		await withEmulator({}, async ({ emulator, run }) => {
			const items = [{ json: { prompt: 'a', extra: '{}' } }, { json: { prompt: 'b', extra } }];
			const options = { extraParameters: '={{ $json.extra }}' };
			expect(failureOf(await run({ ...GENERATE, options }, { items }))).toMatchObject({
				message: `The 'Extra Parameters' ${words} [item 1]`,
			});
			expect(emulator.requests).toEqual([]);
		});
	});
});

describe('The length of a prompt', () => {
	it('is counted in characters as people count them, before anything is sent', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			const options = { maxPromptLength: 3 };
			const family = '👨‍👩‍👧‍👦';
			expect(
				jsonOf(await run({ operation: 'generate', prompt: family.repeat(3), options })),
			).toHaveLength(1);
			const ran = await run({ ...GENERATE, options }, { items: prompts('abc', 'abcd') });
			expect(failureOf(ran)).toMatchObject({
				message: "The 'Prompt' has 4 characters, and 'Max Prompt Length' is 3 [item 1]",
			});
			expect(emulator.jobs).toHaveLength(1);
		});
	});

	it('is in the message if the API does not accept the input', async () => {
		const faults = [always('generate', { type: 'envelope', code: 1000, msg: 'Too long' })];
		await withEmulator({ faults }, async ({ run }) => {
			const ran = await run({ operation: 'generate', prompt: 'é'.normalize('NFD').repeat(42) });
			expect(failureOf(ran)).toMatchObject({
				message: 'The API did not accept the input: Too long',
				description: containing('The prompt had 42 characters.'),
			});
		});
	});
});

describe('The output of Generate and Wait', () => {
	it('starts with the ID, the status and the URL, and has the video file', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			const ran = await run({ operation: 'generateAndWait', prompt: 'A fox' });
			const [json = {}] = jsonOf(ran);
			expect(Object.keys(json).slice(0, 3)).toEqual(['uuid', 'status', 'videoUrl']);
			expect(ran.outputs[0]?.[0]?.binary?.data).toMatchObject({
				fileName: `${emulator.jobs[0]?.uuid}.mp4`,
				mimeType: 'video/mp4',
			});
		});
	});

	it('has files that a trigger names as its File Name says', async () => {
		await withJobTable({}, async ({ tables, publish, addJob }) => {
			tables.insert(TABLE);
			const uuid = addJob();
			const options = { pollInterval: 5, fileName: 'Fox: 1/2' };
			const trigger = await publish({ downloadVideo: true, options });
			await until(() => trigger.executions.length > 0);
			expect(trigger.executions).toMatchObject([
				[{ json: { uuid }, binary: { data: { fileName: 'Fox_ 1_2.mp4' } } }],
			]);
		});
	});

	it('names each file as File Name says', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			const items = prompts('Fox', '../../etc/passwd', 'con', '🦊');
			const options = { fileName: '={{ $json.prompt }}' };
			const ran = await run({ ...GENERATE, operation: 'generateAndWait', options }, { items });
			const names = ran.outputs[0]?.map(({ binary }) => binary?.data?.fileName);
			expect(names).toEqual([
				'Fox.mp4',
				'_.._etc_passwd.mp4',
				'_con.mp4',
				`${emulator.jobs.find(({ request }) => request.prompt === '🦊')?.uuid}.mp4`,
			]);
		});
	});
});
