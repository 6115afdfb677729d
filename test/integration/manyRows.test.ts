import type { EmulatorOptions } from '../../emulator';
import { type JobTableScene, TABLE, withJobTable } from './jobTableScene';
import { until, useN8n } from './support';
import type { Trigger } from './triggerContext';
import { setTimeout as sleep } from 'node:timers/promises';

useN8n();

type Scene = JobTableScene & { trigger: Trigger };

async function withTrigger(options: EmulatorOptions, act: (scene: Scene) => Promise<void>) {
	const durationMs: EmulatorOptions['durationMs'] = ({ prompt }) =>
		prompt === 'finished' ? 0 : 1e9;
	await withJobTable({ durationMs, ...options }, async (scene) => {
		scene.tables.insert(TABLE);
		await act({ ...scene, trigger: await scene.create() });
	});
}

const accept = ({ emulator }: Scene, prompt: string) =>
	emulator.accept({ generationType: 'text_to_video', prompt }).uuid;

const checkedIn = ({ emulator }: Scene) =>
	emulator.requests.flatMap(({ kind, uuid }) => (kind === 'status' && uuid ? [uuid] : []));

it('checks each of 1,000 rows, never one twice within 5 seconds, and finds the finished one', async () => {
	await withTrigger({}, async (scene) => {
		const { tables, trigger, emulator } = scene;
		const uuids = Array.from({ length: 1_000 }, (_, index) => {
			// The API does not know every tenth.
			if (index === 500) return accept(scene, 'finished');
			return index % 10 === 5 ? `unknown-${index}` : accept(scene, 'being made');
		});
		tables.insert(TABLE, ...uuids.map((uuid) => ({ uuid, status: 'processing' })));
		const before = tables.requests.length;
		await trigger.activate();
		await until(() => trigger.executions.length > 0, 90_000);
		expect(trigger.executions.flat().map(({ json }) => json.uuid)).toEqual([uuids[500]]);
		await until(() => new Set(checkedIn(scene)).size >= 1_000, 90_000);
		expect(tables.requests.length - before).toBeLessThan(150);
		const times = new Map<string, number>();
		for (const { kind, uuid, receivedAt } of emulator.requests) {
			if (kind !== 'status' || uuid === undefined) continue;
			expect(receivedAt - (times.get(uuid) ?? -Infinity)).toBeGreaterThanOrEqual(4_900);
			times.set(uuid, receivedAt);
		}
	});
}, 240_000);

it('reads no more of a table for what it delivered long ago', async () => {
	await withTrigger({}, async ({ tables, trigger }) => {
		const rows = Array.from({ length: 10_000 }, (_, index) => ({
			uuid: `finished-${index}`,
			status: 'completed',
			finishedAt: new Date(Date.now() - 60 * 60_000 + index).toISOString(),
		}));
		tables.insert(TABLE, ...rows);
		await trigger.activate();
		await sleep(12_000);
		expect(trigger.executions).toEqual([]);
		expect(tables.requests.length).toBeLessThanOrEqual(25);
	});
}, 60_000);

it('reads rows with long prompts in pages that n8n can answer', async () => {
	await withTrigger({}, async ({ tables, trigger }) => {
		const rows = Array.from({ length: 300 }, (_, index) => ({
			uuid: `finished-${index}`,
			status: 'completed',
			prompt: 'ایک لومڑی برف میں '.repeat(150),
			finishedAt: new Date(Date.now() - 60 * 60_000 + index).toISOString(),
		}));
		tables.insert(TABLE, ...rows, ...rows.map((row) => ({ ...row, finishedAt: null })));
		await trigger.activate();
		await sleep(8_000);
		expect(trigger.failures).toEqual([]);
	});
}, 60_000);
