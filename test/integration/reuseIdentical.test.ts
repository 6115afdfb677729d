/** Reuse Identical: a job of the same request, of any execution, checked at the API first. */
import { always, failureOf, jsonOf, once, prompts, together, useN8n } from './support';
import { TABLE, type JobTableScene, withJobTable } from './jobTableScene';

useN8n();
const test = together(12);

const reuse = (operation: string, more: object = {}) => ({
	operation,
	options: { reuseIdentical: true, maxRetries: 0 },
	...more,
});

async function firstRun({ run }: JobTableScene) {
	return jsonOf(await run({ operation: 'generateAndWait' }, { executionId: 'first' }));
}

describe('A job of an identical request', () => {
	test('that is still being made is taken up', async () => {
		await withJobTable({ durationMs: 8_000 }, async ({ emulator, run }) => {
			const [first] = jsonOf(await run({ operation: 'generate' }, { executionId: 'first' }));
			const ran = await run(reuse('generateAndWait'), { executionId: 'second' });
			expect(jsonOf(ran)).toMatchObject([{ uuid: first?.uuid, status: 'completed' }]);
			const [again] = jsonOf(await run(reuse('generate'), { executionId: 'third' }));
			expect(again?.uuid).toBe(first?.uuid);
			expect(emulator.jobs).toHaveLength(1);
		});
	});

	test('that is finished comes with its fresh URL, and its file', async () => {
		await withJobTable({ videoUrlLifetimeMs: 60_000 }, async (scene) => {
			const [first] = await firstRun(scene);
			const ran = await scene.run(reuse('generateAndWait', { downloadVideo: true }), {
				executionId: 'second',
			});
			const [json] = jsonOf(ran);
			expect(json?.uuid).toBe(first?.uuid);
			expect(json?.videoUrl).not.toBe(first?.videoUrl);
			expect(ran.outputs[0]?.[0]?.binary?.data).toBeDefined();
			expect(scene.emulator.jobs).toHaveLength(1);
		});
	});

	test('that another user forged in the table does not give its URL', async () => {
		await withJobTable({}, async (scene) => {
			const [first] = await firstRun(scene);
			const forged = { videoUrl: 'http://attacker.invalid/a.mp4' };
			Object.assign(scene.tables.rows(TABLE)[0] ?? {}, forged);
			const [json] = jsonOf(await scene.run(reuse('generateAndWait'), { executionId: 'second' }));
			expect(json?.videoUrl).toBe(first?.videoUrl);
		});
	});

	for (const [answer, action] of [
		['code 1000', { type: 'envelope', code: 1000, msg: 'No such video' }],
		['HTTP 404 with an envelope', { type: 'json', status: 404, value: { code: 4, msg: 'Gone' } }],
		['HTTP 410 with an envelope', { type: 'json', status: 410, value: { code: 4, msg: 'Gone' } }],
	] as const) {
		test(`is made again where the API says that it is gone: ${answer}`, async () => {
			await withJobTable({}, async (scene) => {
				const [first] = await firstRun(scene);
				scene.emulator.options.faults = [
					once('status', action, { uuid: scene.emulator.jobs[0]?.uuid }),
				];
				const [json] = jsonOf(await scene.run(reuse('generateAndWait'), { executionId: 'second' }));
				expect(json?.uuid).not.toBe(first?.uuid);
				expect(scene.emulator.jobs).toHaveLength(2);
			});
		});
	}

	for (const action of [
		{ type: 'http', status: 404 },
		{ type: 'http', status: 503 },
		{ type: 'envelope', code: 1002, msg: 'Bad key' },
		{ type: 'html' },
	] as const) {
		test(`ends the item unpaid where the API does not say: ${JSON.stringify(action)}`, async () => {
			await withJobTable({}, async (scene) => {
				await firstRun(scene);
				scene.emulator.options.faults = [always('status', action)];
				const ran = await scene.run(reuse('generate'), { executionId: 'second' });
				expect(failureOf(ran).message).toContain(
					`Video ${scene.emulator.jobs[0]?.uuid} of an identical request could not be checked`,
				);
				expect(scene.emulator.jobs).toHaveLength(1);
			});
		});
	}

	test('is not one of another request', async () => {
		await withJobTable({}, async (scene) => {
			await firstRun(scene);
			const items = prompts('A cat');
			jsonOf(await scene.run(reuse('generate', { prompt: 'A cat' }), { items }));
			expect(scene.emulator.jobs).toHaveLength(2);
		});
	});
});
