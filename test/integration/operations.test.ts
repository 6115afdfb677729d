import type { RecordedRequest } from '../../emulator';
import {
	always,
	aString,
	everythingIn,
	failureOf,
	jsonOf,
	KEY,
	paidFor,
	PROMPT,
	prompts,
	together,
	useN8n,
	withEmulator,
} from './support';

useN8n();

const numbered = (count: number) => Array.from({ length: count }, (_, item) => `video ${item}`);

const accepted = (uuid: string | undefined, prompt: string) => ({
	uuid,
	generationType: 'text_to_video',
	prompt,
	aspectRatio: 'auto',
	createdAt: aString,
});

describe('Generate', () => {
	it('gives the data of the answer for each item, paired with it and in the order of the input', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			const { outputs, error } = await run(
				{ operation: 'generate', prompt: PROMPT },
				{ items: prompts('one', 'two', 'three') },
			);

			expect(error).toBeUndefined();
			const byPrompt = new Map(emulator.jobs.map(({ request, uuid }) => [request.prompt, uuid]));
			expect(outputs).toEqual([
				['one', 'two', 'three'].map((prompt, item) => ({
					json: { ...accepted(byPrompt.get(prompt), prompt), status: 'pending' },
					pairedItem: { item },
				})),
			]);
			expect(emulator.count('status')).toBe(0);
		});
	});

	it('sends what the form says and nothing else', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			await run({ operation: 'generate', prompt: ' A fox ', aspectRatio: '9:16' });
			expect(emulator.requests).toMatchObject([{ method: 'POST', path: '/api/generate-video' }]);
			expect(emulator.requests[0]?.body).toEqual({
				generationType: 'text_to_video',
				prompt: ' A fox ',
				aspectRatio: '9:16',
			});
		});
	});

	it('passes on fields that the API reference does not know', async () => {
		const data = { seed: 7, tags: ['new'], nested: { deep: true } };
		const faults = [always('generate', { type: 'alter', data })];
		await withEmulator({ faults }, async ({ run }) => {
			expect(jsonOf(await run({ operation: 'generate', prompt: 'A fox' }))).toMatchObject([data]);
		});
	});

	it('takes a thousand items', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			const wanted = numbered(1000);
			const ran = await run(
				{ operation: 'generate', prompt: PROMPT },
				{ items: prompts(...wanted) },
			);
			expect(jsonOf(ran).map(({ prompt }) => prompt)).toEqual(wanted);
			expect(emulator.jobs).toHaveLength(1000);
		});
	});
});

describe('Get Status', () => {
	it('gives the data of the answer for each item, in the order of the input', async () => {
		const durationMs = ({ prompt }: { prompt: string }) => (prompt === 'slow' ? 60_000 : 0);
		await withEmulator({ durationMs }, async ({ emulator, run }) => {
			const [slow, quick] = ['slow', 'quick'].map((prompt) =>
				emulator.accept({ generationType: 'text_to_video', prompt }),
			);
			const { outputs } = await run(
				{ operation: 'getStatus', uuid: '={{ $json.uuid }}' },
				{ items: [{ json: { uuid: quick?.uuid } }, { json: { uuid: slow?.uuid } }] },
			);
			expect(outputs).toEqual([
				[
					{
						json: {
							uuid: quick?.uuid,
							status: 'completed',
							progress: 100,
							videoUrl: `${emulator.origin}/videos/${quick?.uuid}.mp4`,
						},
						pairedItem: { item: 0 },
					},
					{
						json: {
							uuid: slow?.uuid,
							status: 'processing',
							progress: expect.any(Number) as number,
							estimatedTime: expect.any(Number) as number,
						},
						pairedItem: { item: 1 },
					},
				],
			]);
		});
	});

	it.each(['error', 'errorMessage', 'message', 'failReason', 'msg'] as const)(
		'gives a video that failed as an answer, with its reason from the field "%s"',
		async (failureField) => {
			const failed = { outcome: 'failed', failureField, failureMessage: 'No foxes' } as const;
			await withEmulator(failed, async ({ emulator, run }) => {
				const { uuid } = emulator.accept({ generationType: 'text_to_video', prompt: 'A fox' });
				for (const onError of ['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput']) {
					const ran = await run(
						{ operation: 'getStatus', uuid },
						{ node: { onError: onError as 'stopWorkflow' } },
					);
					const [json] = jsonOf(ran);
					expect(json).toMatchObject({ uuid, status: 'failed', errorMessage: 'No foxes' });
					expect(json).not.toHaveProperty('error');
					expect(ran.outputs[1] ?? []).toEqual([]);
				}
			});
		},
	);

	it('says that a video is not known to the API, with its ID', async () => {
		await withEmulator({}, async ({ run }) => {
			expect(failureOf(await run({ operation: 'getStatus', uuid: 'lost' }))).toMatchObject({
				name: 'NodeApiError',
				message: expect.stringMatching(
					/^The status of video lost could not be checked.*\[item 0\]/,
				) as string,
				context: { uuid: 'lost', code: 1000, httpStatus: 400, itemIndex: 0 },
			});
		});
	});

	it('keeps an ID with path parts within its place in the path', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			await run({ operation: 'getStatus', uuid: '../generate-video?a=b#c' });
			expect(emulator.requests.map(({ path }) => path)).toEqual([
				'/api/video-status/..%2Fgenerate-video%3Fa%3Db%23c',
			]);
		});
	});

	it.each(['', '  ', '..', '.'])('refuses the ID "%s" without a request', async (id) => {
		await withEmulator({}, async ({ emulator, run }) => {
			const uuid = `={{ ${JSON.stringify(id)} }}`;
			expect(failureOf(await run({ operation: 'getStatus', uuid }))).toMatchObject({
				name: 'NodeOperationError',
				message: "The 'Video ID' is blank or not a video ID [item 0]",
			});
			expect(emulator.requests).toEqual([]);
		});
	});
});

describe('Generate and Wait', () => {
	const test = together();

	test('gives the fields of both answers for each item, paired with it', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			const { outputs } = await run(
				{ operation: 'generateAndWait', prompt: PROMPT },
				{ items: prompts('one', 'two') },
			);
			const byPrompt = new Map(emulator.jobs.map(({ request, uuid }) => [request.prompt, uuid]));
			expect(outputs).toEqual([
				['one', 'two'].map((prompt, item) => ({
					json: {
						...accepted(byPrompt.get(prompt), prompt),
						status: 'completed',
						progress: 100,
						videoUrl: `${emulator.origin}/videos/${byPrompt.get(prompt)}.mp4`,
					},
					pairedItem: { item },
				})),
			]);
		});
	});

	test('waits for twenty videos at the same time', async () => {
		const durationMs = (_: unknown, index: number) => 500 + index * 200;
		await withEmulator({ durationMs }, async ({ emulator, run }) => {
			const wanted = numbered(20);
			const ran = await run(
				{ operation: 'generateAndWait', prompt: PROMPT, options: { maxConcurrentJobs: 20 } },
				{ items: prompts(...wanted) },
			);
			expect(jsonOf(ran).map(({ prompt }) => prompt)).toEqual(wanted);
			// Every video was accepted before the first was seen to be finished.
			const lastAccepted = Math.max(...emulator.jobs.map(({ acceptedAt }) => acceptedAt));
			const firstFinished = Math.min(...emulator.jobs.map(toldFinal));
			expect(emulator.jobs).toHaveLength(20);
			expect(lastAccepted).toBeLessThan(firstFinished);
			expect(mostAtOnce(emulator.jobs)).toBe(20);
		});
	});

	test('has no more videos in the making than Max Concurrent Jobs', async () => {
		await withEmulator({ durationMs: 800 }, async ({ emulator, run }) => {
			const wanted = numbered(6);
			const ran = await run(
				{ operation: 'generateAndWait', prompt: PROMPT, options: { maxConcurrentJobs: 3 } },
				{ items: prompts(...wanted) },
			);
			expect(jsonOf(ran).map(({ prompt }) => prompt)).toEqual(wanted);
			expect(mostAtOnce(emulator.jobs)).toBe(3);
		});
	});

	test('answers in the order of the input, whichever video is finished first', async () => {
		const durationMs = ({ prompt }: { prompt: string }) => (prompt === 'slow' ? 1000 : 0);
		await withEmulator({ durationMs }, async ({ run }) => {
			const { outputs } = await run(
				{ operation: 'generateAndWait', prompt: PROMPT },
				{ items: prompts('slow', 'quick') },
			);
			expect(outputs[0]).toMatchObject([
				{ json: { prompt: 'slow', status: 'completed' }, pairedItem: { item: 0 } },
				{ json: { prompt: 'quick', status: 'completed' }, pairedItem: { item: 1 } },
			]);
		});
	});

	test('checks a video every 5 seconds at most, however short the Poll Interval is set', async () => {
		await withEmulator({ durationMs: 1000 }, async ({ emulator, run }) => {
			await run({ operation: 'generateAndWait', prompt: 'A fox', options: { pollInterval: 1 } });
			const [first = 0, second = 0, ...more] = emulator.requests
				.filter(({ kind }) => kind === 'status')
				.map(({ receivedAt }) => receivedAt);
			expect(more).toEqual([]);
			expect(second - first).toBeGreaterThanOrEqual(4950);
		});
	});

	test('ends with the ID and the reason where a video could not be made', async () => {
		const failed = { outcome: 'failed', failureMessage: 'No foxes' } as const;
		await withEmulator(failed, async ({ emulator, run }) => {
			const ran = await run({ operation: 'generateAndWait', prompt: 'A fox' });
			const uuid = emulator.jobs[0]?.uuid;
			expect(failureOf(ran)).toMatchObject({
				name: 'NodeApiError',
				message: `Video ${uuid} could not be made: No foxes [item 0]. Its last status was 'failed'. Change the prompt or the image and start a new execution, or use Get Status with this ID for more information.`,
				context: { uuid, lastStatus: 'failed', itemIndex: 0 },
			});
			expect(ran.customData).toEqual({ veo_uuid: uuid });
		});
	});
});

describe('The key', () => {
	it('goes to the API as a bearer key with every request, and stays out of the execution', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			const ran = await run({ operation: 'generateAndWait', prompt: 'A fox' });
			expect(emulator.requests.map(({ kind }) => kind)).toEqual(['generate', 'status']);
			expect(emulator.requests.map(authorization)).toEqual([`Bearer ${KEY}`, `Bearer ${KEY}`]);
			expect(everythingIn(ran).includes(KEY)).toBe(false);
		});
	});

	it('works with the blanks that copying leaves around it and around the address', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			const veoApi = { apiKey: ` ${KEY}\n`, baseUrl: ` ${emulator.url}/ ` };
			const ran = await run(
				{ operation: 'generate', prompt: 'A fox' },
				{ credentials: { veoApi } },
			);
			expect(jsonOf(ran)).toHaveLength(1);
			expect(emulator.requests.map(authorization)).toEqual([`Bearer ${KEY}`]);
		});
	});

	it.each(['', 'veo3o1.com/api', 'ftp://veo3o1.com/api', 'javascript:alert(1)'])(
		'is sent nowhere where the address is "%s"',
		async (baseUrl) => {
			await withEmulator({}, async ({ emulator, run }) => {
				const credentials = { veoApi: { apiKey: KEY, baseUrl } };
				const ran = await run({ operation: 'generate', prompt: 'A fox' }, { credentials });
				expect(failureOf(ran)).toMatchObject({
					name: 'NodeOperationError',
					message: expect.stringMatching(/^The 'Base URL' .* is not a web address/) as string,
				});
				expect(emulator.requests).toEqual([]);
			});
		},
	);
});

describe('Input that the API would not take', () => {
	const operations = ['generate', 'generateAndWait'] as const;
	const aspectRatio = '={{ $json.ratio }}';
	const good = { prompt: 'A fox', ratio: 'auto' };

	it.each(operations)('costs nothing with %s, not even for the other items', async (operation) => {
		await withEmulator({}, async ({ emulator, run }) => {
			for (const [bad, words] of [
				[{ prompt: ' \n' }, "The 'Prompt' is blank"],
				[{ ratio: '4:3' }, `'Aspect Ratio' is "4:3"`],
			] as const) {
				const items = [{ json: good }, { json: { ...good, ...bad } }];
				const ran = await run({ operation, prompt: PROMPT, aspectRatio }, { items });
				const { name, message, context, description } = failureOf(ran);
				expect(name).toBe('NodeOperationError');
				expect(message).toMatch(words);
				expect(message).toMatch('[item 1]');
				expect(description).toMatch('Nothing was sent, so nothing was paid.');
				expect(context).toMatchObject({ itemIndex: 1 });
			}
			expect(emulator.requests).toEqual([]);
		});
	});

	it.each(operations)('costs nothing with %s where the others go on', async (operation) => {
		await withEmulator({}, async ({ emulator, run }) => {
			const { outputs } = await run(
				{ operation, prompt: PROMPT },
				{
					items: prompts('', 'A fox'),
					node: { onError: 'continueRegularOutput' },
				},
			);
			expect(outputs[0]).toMatchObject([
				{
					json: { error: expect.stringMatching(/^The 'Prompt' is blank \[item 0\]/) as string },
					pairedItem: { item: 0 },
				},
				{ json: { prompt: 'A fox' }, pairedItem: { item: 1 } },
			]);
			expect(paidFor(emulator)).toEqual(['A fox']);
		});
	});
});

const authorization = ({ headers }: RecordedRequest) => headers.authorization;

interface Told {
	acceptedAt: number;
	firstToldFinalAt?: number;
}

const toldFinal = ({ firstToldFinalAt = Infinity }: Told) => firstToldFinalAt;

/** How many jobs at most were accepted and not yet known to be finished. */
function mostAtOnce(jobs: readonly Told[]): number {
	return Math.max(
		...jobs.map(
			({ acceptedAt }) =>
				jobs.filter((other) => other.acceptedAt <= acceptedAt && toldFinal(other) >= acceptedAt)
					.length,
		),
	);
}
