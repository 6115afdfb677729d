/** Answers of the API that the reference does not describe, read as a person would read them. */
import { failedWithCode, failing, refuse } from '../../emulator';
import { always, failureOf, jsonOf, together, useN8n, withEmulator } from './support';

useN8n();
const test = together(12);

const generate = { operation: 'generate', prompt: 'A fox' };
const wait = { operation: 'generateAndWait', prompt: 'A fox' };
const POLICY_WORDS = 'rejected by the content policy';

describe('A failed video under an error code', () => {
	for (const [code, httpStatus] of [
		[5000, 200],
		[1000, 400],
		[4242, 500],
	] as const) {
		test(`ends the wait with the API's message: ${code} with HTTP ${httpStatus}`, async () => {
			const faults = [failedWithCode(code, POLICY_WORDS, httpStatus)];
			await withEmulator({ outcome: failing({}), faults }, async ({ emulator, run }) => {
				expect(failureOf(await run(wait)).message).toContain(`could not be made: ${POLICY_WORDS}`);
				expect(emulator.count('status')).toBe(1);
				const uuid = String(emulator.jobs[0]?.uuid);
				expect(jsonOf(await run({ operation: 'getStatus', uuid }))).toEqual([
					{ uuid, status: 'failed', errorMessage: POLICY_WORDS },
				]);
			});
		});
	}
});

describe('A wait that times out', () => {
	test("has the API's last message", async () => {
		const action = { type: 'envelope', code: 4242, msg: 'Maintenance until noon' } as const;
		await withEmulator({ faults: [always('status', action)] }, async ({ run }) => {
			const { message } = failureOf(await run({ ...wait, options: { maxWaitTime: 1 } }));
			expect(message).toContain('Maintenance until noon');
		});
	});
});

describe('A submission refused with an unknown code', () => {
	for (const status of [400, 402, 404, 422]) {
		test(`was not accepted: HTTP ${status}`, async () => {
			const faults = [refuse(status, { code: 4242, msg: 'No video for you' })];
			await withEmulator({ faults }, async ({ emulator, run }) => {
				const { message, context } = failureOf(await run(generate));
				expect(message).toBe(`The server answered with HTTP ${status}: No video for you`);
				expect(context.code).toBe(4242);
				expect(emulator.count('generate')).toBe(1);
			});
		});
	}

	test('is waited out: HTTP 429', async () => {
		const faults = [refuse(429, { code: 4242, msg: 'Busy' }, { occurrence: { first: 2 } })];
		await withEmulator({ faults }, async ({ emulator, run }) => {
			jsonOf(await run({ ...generate, options: { maxRetries: 0 } }));
			expect(emulator.count('generate')).toBe(3);
		});
	});

	for (const status of [200, 408, 409, 425, 499, 500]) {
		test(`is unclear and not repeated: HTTP ${status}`, async () => {
			const faults = [refuse(status, { code: 4242, msg: 'Hm' })];
			await withEmulator({ faults }, async ({ emulator, run }) => {
				expect(failureOf(await run(generate)).message).toContain('It is unclear whether');
				expect(emulator.count('generate')).toBe(1);
			});
		});
	}
});

describe('The message of a refusal', () => {
	for (const [where, value] of [
		['detail', { detail: 'prompt flagged' }],
		['a list of details', { detail: [{ loc: ['body'], msg: 'prompt flagged' }] }],
		['errors', { errors: [{ message: 'prompt flagged' }] }],
		['a nested error', { error: { message: 'prompt flagged' } }],
	] as const) {
		test(`is found in ${where}`, async () => {
			await withEmulator({ faults: [refuse(422, value)] }, async ({ run }) => {
				expect(failureOf(await run(generate))).toMatchObject({
					message: 'The server answered with HTTP 422: prompt flagged',
					description: "Check the node's fields.",
				});
			});
		});
	}
});
