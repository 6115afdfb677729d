import type { RecordedRequest } from '../../emulator';
import {
	always,
	aString,
	dumpOf,
	failureOf,
	jsonOf,
	KEY,
	numbered,
	paidFor,
	PROMPT,
	prompts,
	together,
	useN8n,
	withEmulator,
} from './support';

useN8n();

const accepted = (uuid: string | undefined, prompt: string) => ({
	uuid,
	generationType: 'text_to_video',
	prompt,
	aspectRatio: 'auto',
	createdAt: aString,
});

describe('Generate', () => {
	it('returns the data of the answer for each item, paired and in input order', async () => {
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

	it('sends only the fields of the form', async () => {
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

	it('returns fields that the API reference does not list', async () => {
		const data = { seed: 7, tags: ['new'], nested: { deep: true } };
		const faults = [always('generate', { type: 'alter', data })];
		await withEmulator({ faults }, async ({ run }) => {
			expect(jsonOf(await run({ operation: 'generate', prompt: 'A fox' }))).toMatchObject([data]);
		});
	});

	it('handles a thousand items', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			const list = numbered(1000);
			const options = { maxVideos: 0 };
			const parameters = { operation: 'generate', prompt: PROMPT, options };
			const ran = await run(parameters, { items: prompts(...list) });
			expect(jsonOf(ran).map(({ prompt }) => prompt)).toEqual(list);
			expect(emulator.jobs).toHaveLength(1000);
		});
	});
});

describe('Get Status', () => {
	it('returns the data of the answer for each item, in input order', async () => {
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
		'returns a failed video as data, with the reason from the field "%s"',
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

	it('fails with the ID of an unknown video', async () => {
		await withEmulator({}, async ({ run }) => {
			expect(failureOf(await run({ operation: 'getStatus', uuid: 'lost' }))).toMatchObject({
				name: 'NodeApiError',
				message: expect.stringMatching(/^The status of video lost could not be checked/) as string,
				context: { uuid: 'lost', code: 1000, httpStatus: 400, itemIndex: 0 },
			});
		});
	});

	it('encodes an ID that contains path and query characters', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			await run({ operation: 'getStatus', uuid: 'a/generate-video?a=b#c' });
			expect(emulator.requests.map(({ path }) => path)).toEqual([
				'/api/video-status/a%2Fgenerate-video%3Fa%3Db%23c',
			]);
		});
	});

	it.each(['', '  ', '..', '.'])('refuses the ID "%s" without a request', async (id) => {
		await withEmulator({}, async ({ emulator, run }) => {
			const uuid = `={{ ${JSON.stringify(id)} }}`;
			expect(failureOf(await run({ operation: 'getStatus', uuid }))).toMatchObject({
				name: 'NodeOperationError',
				message: "The 'Video ID' is blank or not a video ID",
			});
			expect(emulator.requests).toEqual([]);
		});
	});
});

describe('Generate and Wait', () => {
	const test = together();

	test('returns the fields of both answers for each item, paired', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			const { outputs } = await run(
				{ operation: 'generateAndWait', prompt: PROMPT, downloadVideo: false },
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

	test('waits for twenty videos concurrently', async () => {
		const durationMs = (_: unknown, index: number) => 500 + index * 200;
		await withEmulator({ durationMs }, async ({ emulator, run }) => {
			const list = numbered(20);
			const ran = await run(
				{ operation: 'generateAndWait', prompt: PROMPT, options: { maxConcurrentJobs: 20 } },
				{ items: prompts(...list) },
			);
			expect(jsonOf(ran).map(({ prompt }) => prompt)).toEqual(list);
			// Every video was accepted before the first one was reported as finished.
			const lastAccepted = Math.max(...emulator.jobs.map(({ acceptedAt }) => acceptedAt));
			const firstFinished = Math.min(...emulator.jobs.map(finalAt));
			expect(emulator.jobs).toHaveLength(20);
			expect(lastAccepted).toBeLessThan(firstFinished);
			expect(maxConcurrent(emulator.jobs)).toBe(20);
		});
	});

	test('has at most Max Concurrent Jobs unfinished videos', async () => {
		await withEmulator({ durationMs: 800 }, async ({ emulator, run }) => {
			const list = numbered(6);
			const ran = await run(
				{ operation: 'generateAndWait', prompt: PROMPT, options: { maxConcurrentJobs: 3 } },
				{ items: prompts(...list) },
			);
			expect(jsonOf(ran).map(({ prompt }) => prompt)).toEqual(list);
			expect(maxConcurrent(emulator.jobs)).toBe(3);
		});
	});

	test('returns the videos in input order', async () => {
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

	test('checks a video at most every 5 seconds with a shorter Poll Interval', async () => {
		await withEmulator({ durationMs: 1000 }, async ({ emulator, run }) => {
			await run({ operation: 'generateAndWait', prompt: 'A fox', options: { pollInterval: 1 } });
			const [first = 0, second = 0, ...more] = emulator.requests
				.filter(({ kind }) => kind === 'status')
				.map(({ receivedAt }) => receivedAt);
			expect(more).toEqual([]);
			expect(second - first).toBeGreaterThanOrEqual(4950);
		});
	});

	test('fails with the ID and the reason if the video failed', async () => {
		const failed = { outcome: 'failed', failureMessage: 'No foxes' } as const;
		await withEmulator(failed, async ({ emulator, run }) => {
			const ran = await run({ operation: 'generateAndWait', prompt: 'A fox' });
			const uuid = emulator.jobs[0]?.uuid;
			expect(failureOf(ran)).toMatchObject({
				name: 'NodeApiError',
				message: `Video ${uuid} could not be made: No foxes. Its last status was 'failed', and it may have been billed. To make it again, use Retry in the executions list: this pays for this video again and keeps all others.`,
				context: { uuid, lastStatus: 'failed', itemIndex: 0 },
			});
			expect(ran.customData).toEqual({ veo_uuid: uuid });
		});
	});
});

describe('The key', () => {
	it('is sent to the API as a bearer token and is not in the execution data', async () => {
		await withEmulator({}, async ({ emulator, run }) => {
			const ran = await run({ operation: 'generateAndWait', prompt: 'A fox' });
			expect(emulator.requests.map(({ kind }) => kind)).toEqual(['generate', 'status', 'video']);
			expect(emulator.requests.map(authorization)).toEqual([
				`Bearer ${KEY}`,
				`Bearer ${KEY}`,
				undefined,
			]);
			expect(dumpOf(ran).includes(KEY)).toBe(false);
		});
	});

	it('is trimmed, as is the Base URL', async () => {
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
		'is not sent with the Base URL "%s"',
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

describe('Invalid input', () => {
	const operations = ['generate', 'generateAndWait'] as const;
	const aspectRatio = '={{ $json.ratio }}';
	const good = { prompt: 'A fox', ratio: 'auto' };

	it.each(operations)('of %s prevents the paid requests of all items', async (operation) => {
		await withEmulator({}, async ({ emulator, run }) => {
			for (const [bad, text] of [
				[{ prompt: ' \n' }, "The 'Prompt' is blank"],
				[{ ratio: '4:3' }, `'Aspect Ratio' is "4:3"`],
			] as const) {
				const items = [{ json: good }, { json: { ...good, ...bad } }];
				const ran = await run({ operation, prompt: PROMPT, aspectRatio }, { items });
				const { name, message, context, description } = failureOf(ran);
				expect(name).toBe('NodeOperationError');
				expect(message).toMatch(text);
				expect(message).toMatch('[item 1]');
				expect(description).toMatch('Nothing was sent, so nothing was paid.');
				expect(context).toMatchObject({ itemIndex: 1 });
			}
			expect(emulator.requests).toEqual([]);
		});
	});

	it.each(operations)(
		'of %s with continueRegularOutput prevents only its own paid request',
		async (operation) => {
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
		},
	);
});

const authorization = ({ headers }: RecordedRequest) => headers.authorization;

interface JobTimes {
	acceptedAt: number;
	firstToldFinalAt?: number;
}

const finalAt = ({ firstToldFinalAt = Infinity }: JobTimes) => firstToldFinalAt;

/** The maximum number of jobs that were accepted and not yet reported as finished. */
function maxConcurrent(jobs: readonly JobTimes[]): number {
	return Math.max(
		...jobs.map(
			({ acceptedAt }) =>
				jobs.filter((other) => other.acceptedAt <= acceptedAt && finalAt(other) >= acceptedAt)
					.length,
		),
	);
}
