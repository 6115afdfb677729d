import type { ITaskData } from 'n8n-workflow';
import { NODE, retryCrashed } from '../../harness/core';
import { TABLE, TRACKED, withJobTable } from './jobTableScene';
import { failureOf, jsonOf, once, paidFor, PROMPT, prompts, useN8n } from './support';

useN8n();

describe('Track Job', () => {
	it('creates the table and records a job before the paid request and after it', async () => {
		await withJobTable({}, async ({ emulator, tables, run }) => {
			let recorded: unknown;
			emulator.options.log = ({ kind }) => {
				if (kind === 'generate') recorded ??= { ...tables.rows(TABLE)[0] };
			};
			const [json] = jsonOf(await run());
			expect(recorded).toMatchObject({ status: 'submitting', prompt: 'A fox' });
			expect(recorded).toMatchObject({ uuid: null });
			expect(tables.rows(TABLE)).toEqual([
				expect.objectContaining({
					uuid: json?.uuid,
					status: 'pending',
					generationType: 'text_to_video',
					executionId: 'execution',
					workflowId: 'workflow',
					finishedAt: null,
				}),
			]);
		});
	});

	it('records the final status of each job of Generate and Wait', async () => {
		const outcome = ({ prompt }: { prompt: string }) => (prompt === 'bad' ? 'failed' : 'completed');
		await withJobTable({ outcome }, async ({ tables, run }) => {
			const parameters = { operation: 'generateAndWait', prompt: PROMPT };
			await run(parameters, {
				items: prompts('good', 'bad'),
				node: { onError: 'continueRegularOutput' },
			});
			const [good, bad] = tables.rows(TABLE);
			expect(good).toMatchObject({ prompt: 'good', status: 'completed', progress: 100 });
			expect(good?.videoUrl).toMatch(/mp4$/);
			expect(bad).toMatchObject({ prompt: 'bad', status: 'failed' });
			expect(bad?.errorMessage).toBe('The video could not be generated');
			for (const row of [good, bad]) expect(Date.parse(String(row?.finishedAt))).not.toBeNaN();
		});
	});

	it('does not change a final row, as the trigger may have emitted it', async () => {
		await withJobTable({}, async ({ emulator, tables, run }) => {
			const final = { status: 'completed', finishedAt: '2026-01-01T00:00:00.000Z' };
			emulator.options.log = ({ kind }) => {
				if (kind === 'status') Object.assign(tables.rows(TABLE)[0] ?? {}, final);
			};
			jsonOf(await run({ operation: 'generateAndWait' }));
			expect(tables.rows(TABLE)).toMatchObject([final]);
			expect(tables.rows(TABLE)[0]).toMatchObject({ videoUrl: null });
		});
	});

	it('accepts true as text, as from an expression, like the other switches', async () => {
		await withJobTable({}, async ({ emulator, tables, run }) => {
			const enabled = '={{ "true" }}';
			const parameters = {
				operation: 'generateAndWait',
				trackJob: enabled,
				downloadVideo: enabled,
				options: { reuseIdentical: enabled },
			};
			for (const executionId of ['first', 'second']) {
				const { outputs } = await run(parameters, { executionId });
				expect(outputs[0]).toMatchObject([{ binary: { data: { mimeType: 'video/mp4' } } }]);
			}
			expect(paidFor(emulator)).toHaveLength(1);
			expect(tables.rows(TABLE)).toMatchObject([{ status: 'completed' }]);
		});
	});

	it.each([
		['GET', 503, 'n8n could not serve the request'],
		['POST', 503, 'n8n could not serve the request'],
		['POST', 403, 'the n8n API key may not use Data Tables'],
		['GET', 404, 'this n8n has no Data Tables in its API'],
		['POST', 400, 'n8n did not accept the request'],
	])(
		'sends no paid request if n8n answers each %s with HTTP %d',
		async (method, status, reason) => {
			await withJobTable({}, async ({ emulator, tables, run }) => {
				tables.refuse = (request) => (request.startsWith(method) ? { status } : undefined);
				expect(failureOf(await run()).message).toContain(
					`The job table 'veo_jobs' could not be used: ${reason}`,
				);
				expect(paidFor(emulator)).toEqual([]);
			});
		},
	);

	it('returns the video with a hint if it could not be recorded', async () => {
		await withJobTable({}, async ({ emulator, tables, run }) => {
			tables.refuse = (request) => (request.startsWith('PATCH') ? { status: 503 } : undefined);
			const [json] = jsonOf(await run());
			const uuid = emulator.jobs[0]?.uuid;
			expect(json).toMatchObject({
				uuid,
				jobTableHint: `This video could not be recorded in the job table. Keep its ID ${uuid}: Get Status finds the video by it.`,
			});
		});
	});

	it('records a job that was certainly not accepted as failed, and submits it in the next attempt', async () => {
		const faults = [
			once('generate', { type: 'envelope', code: 1001, msg: 'Insufficient credits' }),
		];
		await withJobTable({ faults }, async ({ emulator, tables, run }) => {
			failureOf(await run());
			expect(tables.rows(TABLE)).toMatchObject([{ status: 'failed' }]);
			jsonOf(await run());
			expect(tables.rows(TABLE)).toMatchObject([
				{ status: 'pending', uuid: emulator.jobs[0]?.uuid, errorMessage: null, finishedAt: null },
			]);
		});
	});
});

describe('A repeated execution', () => {
	it('finds its jobs in the table and does not pay again', async () => {
		await withJobTable({}, async ({ emulator, tables, run }) => {
			const items = prompts('one', 'two', 'three');
			const first = jsonOf(await run({ prompt: PROMPT }, { items }));
			const second = jsonOf(await run({ prompt: PROMPT, operation: 'generateAndWait' }, { items }));
			expect(second.map(({ uuid }) => uuid)).toEqual(first.map(({ uuid }) => uuid));
			expect(second).toMatchObject(items.map(() => ({ status: 'completed' })));
			expect(paidFor(emulator)).toHaveLength(3);
			expect(tables.rows(TABLE)).toHaveLength(3);
		});
	});

	it('finds its jobs in a retry, and in a retry of the retry', async () => {
		await withJobTable({}, async ({ emulator, tables, run }) => {
			tables.retryOf.set('second', 'execution').set('third', 'second');
			const [first] = jsonOf(await run());
			for (const executionId of ['second', 'third']) {
				const [again] = jsonOf(await run({}, { mode: 'retry', executionId }));
				expect(again?.uuid).toBe(first?.uuid);
			}
			expect(paidFor(emulator)).toHaveLength(1);
		});
	});

	const task = { startTime: 0, executionIndex: 0, executionTime: 0, source: [null] };
	const retry = { parameters: TRACKED, executionId: 'second' };
	const recoveredItem = { json: { isArtificialRecoveredEventItem: true } };
	it.each<[string, ITaskData[]]>([
		['', []],
		[' after the node', [{ ...task, data: { main: [[recoveredItem]] } }]],
		[' in the node, and another node is the last one', [{ ...task, executionStatus: 'crashed' }]],
	])('pays for nothing again when n8n crashed%s', async (_, recovered) => {
		await withJobTable({}, async ({ emulator, tables, run, credentials }) => {
			const first = await run({}, { executionId: 'first' });
			tables.retryOf.set('second', 'first');
			const second = await retryCrashed(first, { ...retry, credentials }, recovered);
			expect(jsonOf(second)).toMatchObject([{ uuid: jsonOf(first)[0]?.uuid }]);
			expect(paidFor(emulator)).toHaveLength(1);
		});
	});

	it('makes a new video in the next turn of a loop that is retried', async () => {
		await withJobTable({}, async ({ emulator, tables, run, credentials }) => {
			const first = await run({}, { executionId: 'first' });
			tables.retryOf.set('second', 'first');
			const saved = first.run.data.resultData.runData[NODE] ?? [];
			await retryCrashed(first, { ...retry, credentials }, saved);
			expect(paidFor(emulator)).toHaveLength(2);
		});
	});

	it.each([
		[404, 'the n8n API key has no access to that execution, or n8n has deleted it'],
		[403, 'the n8n API key may not read executions'],
		[503, 'n8n could not serve the request'],
	])(
		'sends no paid request if n8n answers HTTP %d for the retried execution',
		async (status, reason) => {
			await withJobTable({}, async ({ emulator, tables, run }) => {
				tables.refuse = (request) =>
					request === 'GET /executions/second' ? { status } : undefined;
				const ran = await run({}, { mode: 'retry', executionId: 'second' });
				expect(failureOf(ran).message).toContain(
					`Could not determine which execution second retries, so its earlier videos cannot be found: ${reason}`,
				);
				expect(paidFor(emulator)).toEqual([]);
			});
		},
	);

	it('reports an interrupted submission as unclear', async () => {
		await withJobTable({}, async ({ emulator, tables, run }) => {
			await run();
			Object.assign(tables.rows(TABLE)[0] ?? {}, { status: 'submitting', uuid: null });
			expect(failureOf(await run()).message).toContain(
				'It is unclear whether the API accepted the video: an earlier try of this execution was interrupted while it sent the request',
			);
			expect(paidFor(emulator)).toHaveLength(1);
		});
	});

	it('does not repeat a submission with an unclear outcome', async () => {
		const faults = [once('generate', { type: 'resetBeforeAnswer' }, { accept: true })];
		await withJobTable({ faults }, async ({ emulator, tables, run }) => {
			failureOf(await run());
			expect(tables.rows(TABLE)).toMatchObject([{ status: 'submitting' }]);
			expect(failureOf(await run()).message).toContain('It is unclear');
			expect(paidFor(emulator)).toHaveLength(1);
		});
	});

	it('submits an item whose input has changed', async () => {
		await withJobTable({}, async ({ emulator, run }) => {
			await run({ prompt: 'one' });
			await run({ prompt: 'two' });
			expect(paidFor(emulator)).toEqual(['one', 'two']);
		});
	});
});

describe('Reuse Identical', () => {
	const options = { maxRetries: 0, reuseIdentical: true };

	it('returns the video of an identical request only', async () => {
		await withJobTable({}, async ({ emulator, tables, run }) => {
			const generate = async (prompt: string) => {
				const [json] = jsonOf(await run({ operation: 'generateAndWait', prompt, options }));
				// Makes the row belong to another execution.
				for (const row of tables.rows(TABLE)) row.executionId = 'earlier';
				return json?.uuid;
			};
			const first = await generate('A fox');
			const checks = emulator.count('status');
			expect(await generate('A fox')).toBe(first);
			// The API is asked for the current status and URL.
			expect(emulator.count('status')).toBeGreaterThan(checks);
			expect(await generate('A hare')).not.toBe(first);
			expect(paidFor(emulator)).toEqual(['A fox', 'A hare']);
		});
	});

	it('does not reuse a failed or unfinished video', async () => {
		await withJobTable({ outcome: 'failed' }, async ({ emulator, tables, run }) => {
			for (const operation of ['generate', 'generateAndWait', 'generate']) {
				await run({ operation, options });
				for (const row of tables.rows(TABLE)) row.executionId = 'earlier';
				for (const row of tables.rows(TABLE)) row.jobKey = `earlier ${row.id}`;
			}
			expect(paidFor(emulator)).toHaveLength(3);
		});
	});
});
