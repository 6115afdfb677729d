/** Paid requests without a clear answer: how the other videos are returned, and when the request is sent again. */
import { lostAnswer, refuse } from '../../emulator';
import { retryRun } from '../../harness/core';
import {
	failureOf,
	jsonOf,
	paidFor,
	PROMPT,
	prompts,
	RETRY_ON_FAIL,
	together,
	useN8n,
	withEmulator,
} from './support';
import { TABLE, withJobTable } from './jobTableScene';

useN8n();
const test = together(12);

const wait = { operation: 'generateAndWait', prompt: PROMPT };
const FIVE = ['one', 'two', 'three', 'four', 'five'];
const SEND_AGAIN = { ...wait, options: { onUnclear: 'sendAgain', maxRetries: 0 } };

describe('An unclear item among five', () => {
	test('lets the others out without paying, as its message says', async () => {
		await withEmulator({ faults: [lostAnswer(3)] }, async ({ emulator, credentials, run }) => {
			const items = prompts(...FIVE);
			const failed = await run(wait, { items });
			expect(failureOf(failed).description).toContain("set 'On Error' in the node's settings to");
			const node = { onError: 'continueRegularOutput' as const };
			const json = jsonOf(await retryRun(failed, { parameters: wait, credentials, items, node }));
			expect(json.filter(({ status }) => status === 'completed')).toHaveLength(4);
			expect(json.filter(({ error }) => error !== undefined)).toHaveLength(1);
			expect(paidFor(emulator)).toHaveLength(5);
		});
	});

	test('is submitted again by a Retry where the user chose so, and comes out', async () => {
		await withEmulator({ faults: [lostAnswer(3)] }, async ({ emulator, credentials, run }) => {
			const items = prompts(...FIVE);
			const failed = await run(wait, { items });
			const ran = await retryRun(failed, { parameters: SEND_AGAIN, credentials, items });
			expect(jsonOf(ran).map(({ prompt }) => prompt)).toEqual(FIVE);
			expect(paidFor(emulator)).toHaveLength(6);
		});
	});
});

describe('Send Again', () => {
	test('sends an unclear request once more within the run', async () => {
		await withEmulator({ faults: [lostAnswer(1)] }, async ({ emulator, run }) => {
			expect(jsonOf(await run(SEND_AGAIN, { items: prompts('one') }))).toHaveLength(1);
			expect(emulator.jobs).toHaveLength(2);
		});
	});

	test('sends it only once more, for all tries together', async () => {
		const faults = [lostAnswer([1, 2, 3, 4])];
		await withEmulator({ faults }, async ({ emulator, credentials, run }) => {
			const more = { items: prompts('one'), node: RETRY_ON_FAIL };
			const failed = await run(SEND_AGAIN, more);
			expect(failureOf(failed).message).toContain('It is unclear whether');
			failureOf(await retryRun(failed, { parameters: SEND_AGAIN, credentials, ...more }));
			expect(emulator.jobs).toHaveLength(2);
		});
	});

	for (const parameters of [{}, { trackJob: true, idempotencyKey: 'k' }]) {
		test(`still reports it where the second request is refused: ${JSON.stringify(parameters)}`, async () => {
			const faults = [lostAnswer(1), refuse(422, { detail: 'prompt flagged' })];
			await withJobTable({ faults }, async ({ emulator, tables, credentials, run }) => {
				const { trackJob = false, ...key } = parameters;
				const tracked = { trackJob, jobTableName: TABLE };
				const options = { ...SEND_AGAIN.options, ...key };
				const items = prompts('one');
				const failed = await run({ ...wait, ...tracked, options }, { items });
				expect(failureOf(failed).message).toContain('It is unclear whether the API accepted');
				expect(failureOf(failed).description).toContain('HTTP 422: prompt flagged');
				if (trackJob) expect(tables.rows(TABLE)).toMatchObject([{ status: 'submitting' }]);

				emulator.options.faults = [];
				const unchosen = { ...wait, ...tracked, options: { maxRetries: 0, ...key } };
				const again = await retryRun(failed, { parameters: unchosen, credentials, items });
				expect(failureOf(again).message).toContain('It is unclear whether');
				expect(emulator.jobs).toHaveLength(1);
			});
		});
	}

	test('sends it only once more where only the job table knows of it', async () => {
		const faults = [lostAnswer([1, 2, 3, 4])];
		await withJobTable({ faults }, async ({ emulator, tables, run }) => {
			const items = prompts('one');
			// Each run starts without node memory, like one whose process crashed.
			for (let runs = 0; runs < 3; runs++) failureOf(await run(SEND_AGAIN, { items }));
			expect(emulator.jobs).toHaveLength(2);
			expect(tables.rows(TABLE)).toMatchObject([{ status: 'submitting' }]);
		});
	});
});
