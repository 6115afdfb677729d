/** What a user of the trigger sees when n8n or the API has a bad time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { deliveredBy, TABLE, withJobTable } from './jobTableScene';
import { always, together, useN8n } from './support';

useN8n();
const scenario = together();

const busy = [always('status', { type: 'http', status: 429 })];
/** The longest pause after a first refusal, and a little more. */
const FIRST_PAUSE_MS = 1_100;

async function times(count: number, act: () => Promise<unknown>): Promise<void> {
	for (let time = 0; time < count; time++) await act();
}

describe('The Veo Trigger', () => {
	for (const activation of ['init', 'leadershipChange'] as const) {
		scenario(`activates while n8n does not answer yet: ${activation}`, async () => {
			await withJobTable({}, async ({ tables, start, addJob }) => {
				tables.insert(TABLE);
				const uuid = addJob();
				tables.refuse = () => ({ status: 503 });
				const trigger = await start({}, { activation });
				await trigger.poll();
				tables.refuse = () => undefined;
				await trigger.poll();
				expect(deliveredBy(trigger)).toEqual([[uuid]]);
			});
		});
	}

	scenario('delivers once when n8n crashes while the execution runs', async () => {
		await withJobTable({}, async ({ tables, start, addJob }) => {
			tables.insert(TABLE);
			let crashed = false;
			tables.refuse = () => (crashed ? { status: 503 } : undefined);
			const onTaken = (items: object[]) => {
				tables.running.add(tables.executions.push(items));
				crashed = true;
			};
			const trigger = await start({}, { onTaken });
			await trigger.poll();
			const uuid = addJob();
			await trigger.poll();

			crashed = false;
			trigger.restart();
			await times(2, trigger.poll);
			expect(deliveredBy(trigger)).toEqual([[uuid]]);
		});
	});

	scenario('recovers from each refusal of a busy API as from the first', async () => {
		await withJobTable({}, async ({ emulator, tables, start, addJob }) => {
			tables.insert(TABLE);
			const trigger = await start();
			await trigger.poll();
			const uuids: string[] = [];
			await times(4, async () => {
				uuids.push(addJob());
				emulator.options.faults = busy;
				await trigger.poll();
				emulator.options.faults = [];
				await sleep(FIRST_PAUSE_MS);
				await trigger.poll();
				expect(deliveredBy(trigger)).toEqual(uuids.map((uuid) => [uuid]));
			});
		});
	});

	scenario('delivers what is ready when its time is up, and the rest later', async () => {
		const faults = [always('video', { type: 'delay', ms: 1_000 })];
		await withJobTable({ faults }, async ({ tables, start, addJob }) => {
			tables.insert(TABLE);
			const uuids = Array.from({ length: 4 }, addJob);
			const trigger = await start({ downloadVideo: true }, { budgetMs: 1_500 });
			await trigger.poll();
			const first = deliveredBy(trigger).flat();
			expect(first).not.toEqual([]);
			expect(first.length).toBeLessThan(uuids.length);
			await times(4, trigger.poll);
			expect(deliveredBy(trigger).flat().sort()).toEqual(uuids.sort());
		});
	});
});

describe('The Veo Trigger with listed videos', () => {
	scenario('leaves the API alone for as long as it asks', async () => {
		await withJobTable({}, async ({ emulator, start, addJob }) => {
			const uuids = [addJob()];
			const trigger = await start({ watch: 'uuids', uuids });
			await trigger.poll();
			emulator.options.faults = [always('status', { type: 'http', status: 429, retryAfter: 4 })];
			await trigger.poll();
			emulator.options.faults = [];
			const before = emulator.count('status');
			await sleep(FIRST_PAUSE_MS);
			await times(3, trigger.poll);
			expect(emulator.count('status')).toBe(before);
			await sleep(4_100 - FIRST_PAUSE_MS);
			await trigger.poll();
			expect(deliveredBy(trigger)).toEqual([uuids]);
		});
	});

	scenario('recovers from each refusal of a busy API as from the first', async () => {
		await withJobTable({ durationMs: 60_000 }, async ({ emulator, start, addJob }) => {
			const uuid = addJob();
			const trigger = await start({ watch: 'uuids', uuids: uuid });
			await trigger.poll();
			await times(4, async () => {
				emulator.options.faults = busy;
				await trigger.poll();
				emulator.options.faults = [];
				await sleep(FIRST_PAUSE_MS);
				const before = emulator.count('status');
				await trigger.poll();
				expect(emulator.count('status')).toBe(before + 1);
			});
		});
	});

	for (const refusals of [1, 3]) {
		scenario(`keeps a video that n8n refused ${refusals} times over a restart`, async () => {
			await withJobTable({}, async ({ start, addJob }) => {
				const uuid = addJob();
				const trigger = await start({ watch: 'uuids', uuids: uuid });
				await trigger.poll();
				trigger.taking = 'refuses';
				await times(refusals, trigger.poll);
				trigger.restart();
				trigger.taking = 'ends';
				await times(2, trigger.poll);
				expect(deliveredBy(trigger)).toEqual([[uuid]]);
			});
		});
	}
});
