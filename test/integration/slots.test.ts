/** Refusals that prove that a video was not accepted, and pass: too many jobs at a time, too many requests. */
import { maxAcceptedJobs, maxRunningJobs, tooManyTasks, tooManyTasksForms } from '../../emulator';
import { failureOf, jsonOf, PROMPT, prompts, together, useN8n, withEmulator } from './support';

useN8n();
const test = together(12);

const generate = { operation: 'generate', prompt: PROMPT };
const wait = { operation: 'generateAndWait', prompt: PROMPT };
const four = { items: prompts('one', 'two', 'three', 'four') };

describe('A service that makes two videos at a time', () => {
	for (const form of tooManyTasksForms) {
		test(`makes all four, refused by ${form}`, async () => {
			const faults = [maxRunningJobs(2, tooManyTasks(form))];
			await withEmulator({ durationMs: 12_000, faults }, async ({ emulator, run }) => {
				const json = jsonOf(await run({ ...wait, options: { maxRetries: 0 } }, four));
				expect(json.map(({ prompt }) => prompt)).toEqual(['one', 'two', 'three', 'four']);
				expect(json.every(({ status }) => status === 'completed')).toBe(true);
				expect(emulator.jobs).toHaveLength(4);
			});
		});
	}

	test('gets the next submission soon after a video has ended', async () => {
		const faults = [maxRunningJobs(1, tooManyTasks('code1003'))];
		await withEmulator({ durationMs: 22_000, faults }, async ({ emulator, run }) => {
			jsonOf(await run(wait, { items: prompts('one', 'two') }));
			const [first, second] = emulator.jobs;
			const endedAt = Number(first?.acceptedAt) + 22_000;
			// The status check that sees the end comes within 5 s.
			expect(Number(second?.acceptedAt) - endedAt).toBeLessThan(6_500);
		});
	});

	test('gets one submission at a time while it refuses them', async () => {
		const faults = [maxRunningJobs(1, tooManyTasks('http429'))];
		await withEmulator({ durationMs: 9_000, faults }, async ({ emulator, run }) => {
			jsonOf(await run(wait, four));
			expect(emulator.jobs).toHaveLength(4);
			// Four parallel ones at first, then one after the other.
			expect(emulator.count('generate')).toBeLessThan(30);
		});
	});

	test('ends Generate with what the API said once Max Wait Time is over', async () => {
		const faults = [maxRunningJobs(0, tooManyTasks('code1003'))];
		await withEmulator({ faults }, async ({ emulator, run }) => {
			const ran = await run({ ...generate, options: { maxWaitTime: 4 } }, four);
			expect(failureOf(ran)).toMatchObject({
				message: expect.stringContaining('Too many concurrent tasks') as string,
				description: expect.stringContaining("'Max Concurrent Jobs'") as string,
			});
			expect(emulator.jobs).toEqual([]);
		});
	});

	test('is not asked again before its Retry-After', async () => {
		const faults = [maxRunningJobs(1, tooManyTasks('http429', 8))];
		await withEmulator({ durationMs: 5_000, faults }, async ({ emulator, run }) => {
			jsonOf(await run(wait, { items: prompts('one', 'two') }));
			const [first, second] = emulator.jobs;
			expect(Number(second?.acceptedAt) - Number(first?.acceptedAt)).toBeGreaterThan(7_900);
		});
	});
});

describe('A service that accepts three videos in some seconds', () => {
	for (const parameters of [generate, wait]) {
		test(`makes all eight: ${parameters.operation}`, async () => {
			const faults = [maxAcceptedJobs({ jobs: 3, perMs: 10_000 }, tooManyTasks('http429'))];
			await withEmulator({ faults }, async ({ emulator, run }) => {
				const items = prompts('1', '2', '3', '4', '5', '6', '7', '8');
				expect(jsonOf(await run(parameters, { items }))).toHaveLength(8);
				expect(emulator.jobs).toHaveLength(8);
			});
		});
	}
});
