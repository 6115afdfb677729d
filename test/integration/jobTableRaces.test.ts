/** The job table when n8n, another process or another run gets in between. */
import { retryRun } from '../../harness/core';
import { TABLE, TRACKED, withJobTable } from './jobTableScene';
import { failureOf, jsonOf, once, paidFor, PROMPT, prompts, useN8n } from './support';

useN8n();

const waited = { ...TRACKED, operation: 'generateAndWait' };

describe('Track Job', () => {
	it('completes the row in the retry when n8n did not take it in the first try', async () => {
		const faults = [once('status', { type: 'http', status: 401 })];
		await withJobTable({ faults }, async ({ emulator, tables, credentials, run }) => {
			tables.refuse = (request) => (request.startsWith('PATCH') ? { status: 503 } : undefined);
			const failed = await run(waited);
			failureOf(failed);
			expect(tables.rows(TABLE)[0]).toMatchObject({ uuid: null });

			tables.refuse = () => undefined;
			jsonOf(await retryRun(failed, { parameters: waited, credentials }));
			const { uuid } = emulator.jobs[0] ?? {};
			expect(tables.rows(TABLE)).toMatchObject([{ uuid, status: 'completed' }]);
			expect(paidFor(emulator)).toHaveLength(1);
		});
	});

	it('leaves a row that is complete as it is in the retry', async () => {
		const faults = [once('generate', { type: 'envelope', code: 1000 }, { prompt: 'bad' })];
		await withJobTable({ faults }, async ({ tables, credentials, run }) => {
			const items = prompts('good', 'bad');
			const failed = await run({ prompt: PROMPT }, { items });
			failureOf(failed);
			// A trigger has seen meanwhile that the video is finished.
			const finished = { status: 'completed', finishedAt: '2026-01-01T00:00:00.000Z' };
			Object.assign(tables.rows(TABLE)[0] ?? {}, finished);

			const parameters = { ...TRACKED, prompt: PROMPT };
			jsonOf(await retryRun(failed, { parameters, credentials, items }));
			expect(tables.rows(TABLE)[0]).toMatchObject(finished);
		});
	});

	it('uses the table that another process made at the same moment', async () => {
		await withJobTable({}, async ({ emulator, tables, run }) => {
			tables.refuse = (request) => {
				if (request !== 'POST /data-tables') return undefined;
				tables.insert(TABLE);
				return { status: 409 };
			};
			jsonOf(await run());
			expect(tables.rows(TABLE)).toMatchObject([{ uuid: emulator.jobs[0]?.uuid }]);
		});
	});

	it('does not slow down the Veo API when n8n is overloaded', async () => {
		await withJobTable({}, async ({ emulator, tables, run }) => {
			const refusedAt: number[] = [];
			tables.refuse = (request) => {
				if (!request.startsWith('PATCH') || refusedAt.length === 3) return undefined;
				refusedAt.push(Date.now());
				return { status: 503 };
			};
			let checkedAt = 0;
			emulator.options.log = ({ kind, receivedAt }) => {
				if (kind === 'status') checkedAt ||= receivedAt;
			};
			jsonOf(await run({ ...waited, options: { maxRetries: 2 } }));
			// The third refusal in a row asks for 2 to 4 seconds.
			expect(checkedAt - Number(refusedAt[2])).toBeLessThan(1_500);
		});
	});
});

describe('Reuse Identical', () => {
	it.each([null, ''])('does not return a video whose videoUrl is %p', async (videoUrl) => {
		await withJobTable({}, async ({ emulator, tables, run }) => {
			const parameters = { ...waited, options: { maxRetries: 0, reuseIdentical: true } };
			const [first] = jsonOf(await run(parameters));
			const [row] = tables.rows(TABLE);
			Object.assign(row ?? {}, { executionId: 'an earlier one' });
			tables.insert(TABLE, { ...row, uuid: 'no-file', videoUrl });

			const [again] = jsonOf(await run(parameters));
			expect(again).toMatchObject({ uuid: first?.uuid, videoUrl: first?.videoUrl });
			expect(paidFor(emulator)).toHaveLength(1);
		});
	});
});
