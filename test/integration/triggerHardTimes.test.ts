/** What a user of the trigger sees when n8n or the API is slow or down. */
import { setTimeout as sleep } from 'node:timers/promises';
import { deliveredBy, TABLE, withJobTable } from './jobTableScene';
import { always, together, until, useN8n } from './support';

useN8n();
const scenario = together();

const busy = [always('status', { type: 'http', status: 429 })];
/** The shortest pause between two checks of a video, and a little more. */
const A_CHECK_MS = 6_000;

describe('The Veo Trigger', () => {
	for (const activation of ['init', 'leadershipChange'] as const) {
		scenario(`activates while n8n does not answer yet: ${activation}`, async () => {
			await withJobTable({}, async ({ tables, create, addJob }) => {
				tables.insert(TABLE);
				const uuid = addJob();
				tables.refuse = () => ({ status: 503 });
				const trigger = await create();
				await trigger.activate(activation);
				await sleep(500);
				tables.refuse = () => undefined;
				await until(() => trigger.executions.length > 0);
				expect(deliveredBy(trigger)).toEqual([[uuid]]);
			});
		});
	}

	for (const hasKeys of [true, false]) {
		const version = hasKeys ? 'with deduplication keys' : 'without deduplication keys';
		scenario(`delivers once when n8n crashes while the execution runs, ${version}`, async () => {
			await withJobTable({}, async ({ tables, create, addJob }) => {
				tables.insert(TABLE);
				let crashed = false;
				tables.refuse = () => (crashed ? { status: 503 } : undefined);
				const onTaken = (items: object[]) => {
					tables.running.add(tables.executions.push(items));
					crashed = true;
				};
				const trigger = await create({}, { onTaken, hasKeys });
				await trigger.activate();
				const uuid = addJob();
				await until(() => trigger.executions.length > 0);

				crashed = false;
				await trigger.restart();
				await sleep(A_CHECK_MS);
				expect(deliveredBy(trigger)).toEqual([[uuid]]);
			});
		});
	}

	scenario('recovers from each refusal of a busy API as from the first', async () => {
		await withJobTable({}, async ({ emulator, tables, create, addJob }) => {
			tables.insert(TABLE);
			const trigger = await create();
			await trigger.activate();
			const uuids: string[] = [];
			for (let time = 0; time < 3; time++) {
				emulator.options.faults = busy;
				const checks = emulator.count('status');
				uuids.push(addJob());
				await until(() => emulator.count('status') > checks);
				emulator.options.faults = [];
				await until(() => deliveredBy(trigger).length === uuids.length, 12_000);
			}
			expect(deliveredBy(trigger)).toEqual(uuids.map((uuid) => [uuid]));
		});
	});

	scenario('delivers what is ready while the files of others take long', async () => {
		const faults = [always('video', { type: 'delay', ms: 1_000 })];
		await withJobTable({ faults }, async ({ tables, create, addJob }) => {
			tables.insert(TABLE);
			const uuids = Array.from({ length: 7 }, () => addJob());
			const trigger = await create({ downloadVideo: true });
			await trigger.activate();
			await until(() => trigger.executions.length > 0);
			expect(deliveredBy(trigger).flat().length).toBeLessThan(uuids.length);
			await until(() => deliveredBy(trigger).flat().length === uuids.length);
			expect(deliveredBy(trigger).flat().sort()).toEqual(uuids.sort());
		});
	});
});

describe('The Veo Trigger with listed videos', () => {
	scenario('leaves the API alone for as long as it asks', async () => {
		await withJobTable({}, async ({ emulator, create, addJob }) => {
			const uuids = [addJob()];
			emulator.options.faults = [always('status', { type: 'http', status: 429, retryAfter: 8 })];
			const trigger = await create({ watch: 'uuids', uuids });
			await trigger.activate('init');
			await until(() => emulator.count('status') === 1);
			emulator.options.faults = [];
			await sleep(7_000);
			expect(emulator.count('status')).toBe(1);
			await until(() => trigger.executions.length > 0);
			expect(deliveredBy(trigger)).toEqual([uuids]);
		});
	});

	for (const hasKeys of [true, false]) {
		const version = hasKeys ? 'with deduplication keys' : 'without deduplication keys';
		scenario(`keeps a video that n8n refused over a restart, ${version}`, async () => {
			await withJobTable({}, async ({ create, addJob }) => {
				const uuid = addJob();
				const trigger = await create({ watch: 'uuids', uuids: uuid }, { hasKeys });
				trigger.taking = 'refuses';
				await trigger.activate();
				await sleep(A_CHECK_MS);
				trigger.taking = 'ends';
				await trigger.restart();
				await until(() => trigger.executions.length > 0);
				await sleep(A_CHECK_MS);
				expect(deliveredBy(trigger)).toEqual([[uuid]]);
			});
		});
	}
});
