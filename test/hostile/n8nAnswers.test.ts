import { jsonOf, paidFor, together, useN8n } from '../integration/support';
import { withJobTable } from '../integration/jobTableScene';
import { N8N_KEY } from '../integration/triggerTables';
import { checkSize, endsInTime, watchMemory } from './invariants';
import { n8nAnswerSchema, readLines, toText } from './lines';

useN8n();
watchMemory(700);
const test = together(6);
/** As long as 1,000 pages take on a busy machine. */
const MAX_MS = 40_000;

describe("n8n's own API pays nothing twice with", () => {
	for (const line of readLines('n8nAnswers.jsonl', n8nAnswerSchema)) {
		const { name, on, status, body, forgets } = line;
		test(name, async () => {
			await withJobTable({}, async ({ emulator, tables, run }) => {
				const answer = { status, body: toText(body, N8N_KEY, 'n8nKey') };
				const isMeant = new RegExp(on);
				tables.retryOf.set('second', 'execution');
				tables.refuse = (request) => (isMeant.test(request) ? answer : undefined);
				const first = await endsInTime(run(), MAX_MS);
				const retrying = run({}, { mode: 'retry', executionId: 'second' });
				const retried = await endsInTime(retrying, MAX_MS);
				tables.refuse = () => undefined;
				const last = await run({}, { mode: 'retry', executionId: 'second' });

				const [job] = jsonOf(last);
				for (const ran of [first, retried]) {
					checkSize(ran);
					if (ran.error === undefined && !forgets) expect(jsonOf(ran)[0]?.uuid).toBe(job?.uuid);
				}
				// A retry of an execution whose job is not in the table pays for another one.
				expect(paidFor(emulator)).toHaveLength(forgets ? 2 : 1);
			});
		});
	}
});
