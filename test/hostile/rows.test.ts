import { isObject } from '../../harness/json';
import { TABLE, withJobTable } from '../integration/jobTableScene';
import { jsonOf, paidFor, together, until, useN8n } from '../integration/support';
import { startWeb } from '../integration/web';
import { checkSize, endsInTime, watchMemory } from './invariants';
import { readLines, rowSchema } from './lines';

useN8n();
watchMemory(700);
const test = together(16);

/** The row with the time of now, and with the address of a host that is not the API. */
function filled(row: object, other: string): Record<string, unknown> {
	const text = JSON.stringify(row)
		.replaceAll('{now}', new Date().toISOString())
		.replaceAll('{other}', other);
	const value: unknown = JSON.parse(text);
	return isObject(value) ? value : {};
}

describe('The trigger and a new run withstand', () => {
	for (const { name, row } of readLines('rows.jsonl', rowSchema)) {
		test(name, async () => {
			const other = await startWeb({});
			await withJobTable({}, async ({ emulator, tables, publish, addJob, run }) => {
				tables.insert(TABLE);
				const trigger = await publish();
				tables.insert(TABLE, filled(row, other.url));
				const uuid = addJob();
				const delivered = () => trigger.executions.flat().map(({ json }) => json);
				await until(() => delivered().some((json) => json.uuid === uuid), 15_000);

				const options = { idempotencyKey: 'order 17', maxRetries: 0 };
				const ran = await endsInTime(run({ operation: 'generateAndWait', options }));
				checkSize(ran);
				expect(paidFor(emulator).length).toBeLessThanOrEqual(1);
				const made = ran.error === undefined ? jsonOf(ran) : [];
				for (const { videoUrl } of [...delivered(), ...made]) {
					if (typeof videoUrl === 'string') expect(videoUrl.startsWith(emulator.origin)).toBe(true);
				}
			});
			expect(other.requests).toEqual([]);
			await other.close();
		});
	}
});
